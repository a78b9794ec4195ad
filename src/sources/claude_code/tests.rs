//! Fixtures, hostile input, properties, and totals of a directory for comparison with other readers.

use super::ClaudeCode;
use crate::events::ids::{Key, event_key, event_version};
use crate::events::{Event, Kind};
use crate::sources::Source;
use crate::sources::testing::{Recorded, file_input};
use std::collections::BTreeMap;
use std::path::Path;

/// What the lake keeps of several files: one row a key, the larger version, then the smaller session id.
fn kept(files: &[Recorded]) -> BTreeMap<Key, Event> {
    let mut kept: BTreeMap<Key, Event> = BTreeMap::new();
    for event in files.iter().flat_map(|file| &file.events).map(|(_, event)| event) {
        let better = |old: &Event| (event_version(event), &old.session_id) > (event_version(old), &event.session_id);
        let key = event_key("claude_code", event);
        if kept.get(&key).is_none_or(better) {
            kept.insert(key, event.clone());
        }
    }
    kept
}

fn jsonl_files(directory: &Path) -> Vec<std::path::PathBuf> {
    walkdir::WalkDir::new(directory)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.is_file() && path.to_string_lossy().contains(".jsonl"))
        .collect()
}

/// Prints what a directory holds per day (UTC) and model, to be compared with other readers:
/// `FOOTLIGHT_TOTALS_DIR=... cargo test --no-default-features --lib -- --ignored --nocapture claude_code::tests::totals`.
#[test]
#[ignore = "reads a directory named by the environment"]
fn totals() {
    let directory = std::env::var("FOOTLIGHT_TOTALS_DIR").unwrap();
    let files: Vec<Recorded> = jsonl_files(Path::new(&directory))
        .iter()
        .map(|path| {
            let mut sink = Recorded::default();
            ClaudeCode.read(&file_input(path, &path.to_string_lossy()), &mut sink).unwrap();
            sink
        })
        .collect();
    let mut days: BTreeMap<(String, String), [i64; 5]> = BTreeMap::new();
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for event in kept(&files).values() {
        *kinds
            .entry(format!("{} {} {}", event.kind, event.trigger, event.trigger_evidence.unwrap_or("")))
            .or_default() += 1;
        if event.kind != Kind::Completion {
            continue;
        }
        let day = jiff::Timestamp::from_microsecond(event.ts_us).unwrap().strftime("%Y-%m-%d").to_string();
        let row = days.entry((day, event.model.clone().unwrap_or_default())).or_default();
        let tokens = &event.tokens;
        for (sum, count) in
            row.iter_mut().zip([tokens.input, tokens.output, tokens.cache_write, tokens.cache_read, Some(1)])
        {
            *sum += count.unwrap_or(0);
        }
    }
    println!("day\tmodel\tinput\toutput\tcache_write\tcache_read\tresponses");
    for ((day, model), [input, output, cache_write, cache_read, responses]) in days {
        println!("{day}\t{model}\t{input}\t{output}\t{cache_write}\t{cache_read}\t{responses}");
    }
    let mut rejects: BTreeMap<&str, u64> = BTreeMap::new();
    let mut ignored: BTreeMap<&str, u64> = BTreeMap::new();
    for file in &files {
        file.reasons().into_iter().for_each(|reason| *rejects.entry(reason).or_default() += 1);
        file.ignored.iter().for_each(|(kind, count)| *ignored.entry(kind).or_default() += count);
    }
    println!("{kinds:#?}\n{rejects:#?}\n{ignored:#?}");
}
