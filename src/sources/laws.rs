//! What holds for any input of any source, however damaged: the laws that the property tests ([`super::mutations`]) and the fuzz targets (`fuzz/`)
//! hold every source of the registry against. Owns the laws and the tree of fixtures that they are tried on; owns no mutation.
//!
//! Only tests and fuzzing have this module.

use super::mapping::Mapping;
pub use super::recorded::Recorded;
use super::{Input, InputError, Limits, Source, SourceOptions, Unit, by_name};
use crate::events::{Event, Tokens};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::{fs, io};

/// Texts of one input, added up over all that was told, may be this many times as long as the input: session, model and directory stand on every step.
const TEXT_PER_BYTE: usize = 64;
/// Things told for each byte of an input, at most: the shortest record has more bytes than it tells things.
const TOLD_PER_BYTE: usize = 1;
/// What may be told whatever the length: the facts of a session that is only named.
const TOLD_AT_LEAST: usize = 64;

/// A file that mutations begin with.
#[derive(Debug, Clone)]
pub struct Seed {
    /// Path below the fixtures.
    pub name: String,
    /// Content.
    pub bytes: Vec<u8>,
}

/// What became of one file.
#[derive(Debug)]
pub struct Read {
    /// Everything told.
    pub told: Recorded,
    /// Where the committed part ends, or why the file went into quarantine whole.
    pub end: Result<u64, InputError>,
}

impl Read {
    /// Records: steps, outcomes, facts, sums and people.
    pub fn records(&self) -> usize {
        let told = &self.told;
        told.events.len() + told.outcomes.len() + told.facts.len() + told.aggregates.len() + told.roster.len()
    }

    /// What was said to be left out: rejects, ignored kinds, and the file itself where it could not be read.
    pub fn left_out(&self) -> u64 {
        let ignored: u64 = self.told.ignored.values().sum();
        self.told.rejects.len() as u64 + ignored + u64::from(self.end.is_err())
    }

    /// What was told, a line each, without the places, the columns of syntax errors, the fields that a format does not know, and estimates, which count the
    /// characters of whatever was said.
    pub fn without_places(&self) -> Vec<String> {
        let snapshot = self.told.snapshot();
        let lines = snapshot.lines().filter(|line| !line.starts_with("unknown field "));
        let bare = lines.map(|line| {
            let is_reject = line.starts_with("reject ");
            let is_place =
                |word: &str| word.starts_with('@') || is_reject && word.bytes().all(|byte| byte.is_ascii_digit());
            let is_estimate = |word: &str| word.starts_with("output_estimate=");
            line.split(' ').filter(|word| !is_place(word) && !is_estimate(word)).collect::<Vec<_>>().join(" ")
        });
        bare.collect()
    }

    /// Rejects at or before a byte, with their places.
    pub fn rejects_until(&self, byte: u64) -> Vec<String> {
        let until = self.told.rejects.iter().filter(|(at, ..)| at.offset <= byte);
        until.map(|(at, reason, _)| format!("{}:{} {}", at.line, at.offset, reason.as_str())).collect()
    }

    /// Of [`Read::without_places`] what speaks of something left out.
    pub fn losses(&self) -> Vec<String> {
        let file = self.end.as_ref().err().map(|error| format!("file {}", error.reason().as_str()));
        let lines = self
            .without_places()
            .into_iter()
            .filter(|line| line.starts_with("reject ") || line.starts_with("ignored "));
        lines.chain(file).collect()
    }
}

/// The lines of one list that another lacks, each as often as it does.
pub fn beyond(lines: &[String], others: &[String]) -> Vec<String> {
    let mut left: Vec<&String> = others.iter().collect();
    let is_new = |line: &&String| match left.iter().position(|other| other == line) {
        Some(index) => {
            left.swap_remove(index);
            false
        }
        None => true,
    };
    lines.iter().filter(is_new).cloned().collect()
}

/// A source with a copy of its fixtures, in which one file after another is replaced.
pub struct Tree {
    source: &'static dyn Source,
    root: tempfile::TempDir,
    options: Arc<SourceOptions>,
    /// The files, sorted by name.
    pub seeds: Vec<Seed>,
}

/// The part of footlight.toml that sources read.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Configuration {
    sources: SourceOptions,
    mapping: Vec<Mapping>,
}

impl Tree {
    /// Copies the fixtures of a source. A `footlight.toml` among them is its configuration; a history in git's fast-import format (`.fi`) becomes a bundle.
    pub fn of(source: &'static dyn Source) -> io::Result<Self> {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sources").join(source.name()).join("fixtures");
        let root = tempfile::tempdir()?;
        let mut tree = Self { source, root, options: Arc::default(), seeds: Vec::new() };
        for file in walkdir::WalkDir::new(&fixtures).sort_by_file_name() {
            let file = file?;
            if !file.file_type().is_file() {
                continue;
            }
            let bytes = fs::read(file.path())?;
            let name = file.path().strip_prefix(&fixtures).unwrap_or(file.path()).display().to_string();
            if name == "footlight.toml" {
                let text = String::from_utf8_lossy(&bytes);
                let Configuration { sources, mapping } = toml::from_str(&text).map_err(io::Error::other)?;
                tree.options = Arc::new(SourceOptions { mappings: mapping, ..sources });
                continue;
            }
            let seed = match name.strip_suffix(".fi") {
                Some(history) => Seed { name: format!("{history}.bundle"), bytes: bundle(&bytes)? },
                None => Seed { name, bytes },
            };
            tree.put(&seed.name, &seed.bytes)?;
            tree.seeds.push(seed);
        }
        Ok(tree)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a file of the tree.
    pub fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(name);
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::write(path, bytes)
    }

    /// Reads a file of the tree.
    pub fn read(&self, name: &str) -> Read {
        let input = Input {
            path: self.path(name),
            name: name.to_owned(),
            unit: Unit::File,
            start: 0,
            limits: Limits::default(),
            as_of_us: None,
            options: Arc::clone(&self.options),
            unpacked: None,
        };
        let mut told = Recorded::default();
        let end = self.source.read(&input, &mut told);
        Read { told, end }
    }

    fn write_corpus(&self) -> io::Result<()> {
        let Some(directory) = std::env::var_os("FOOTLIGHT_FUZZ_CORPUS") else { return Ok(()) };
        for (choice, seed) in self.seeds.iter().enumerate() {
            let choice = u8::try_from(choice).map_err(io::Error::other)?;
            fs::write(
                Path::new(&directory).join(format!("fixture-{choice}")),
                [&[choice], seed.bytes.as_slice()].concat(),
            )?;
        }
        Ok(())
    }

    /// Reads these bytes under a name of the tree, and says which law they break. The file is as it was afterwards.
    pub fn broken_law(&self, seed: &Seed, bytes: &[u8]) -> io::Result<Result<Read, String>> {
        self.put(&seed.name, bytes)?;
        let read = self.read(&seed.name);
        self.put(&seed.name, &seed.bytes)?;
        Ok(match broken_law(&read, bytes) {
            Some(law) => Err(law),
            None => Ok(read),
        })
    }
}

/// The history of a fast-import stream as a bundle, which is one file.
fn bundle(stream: &[u8]) -> io::Result<Vec<u8>> {
    let directory = tempfile::tempdir()?;
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(directory.path()).stdout(Stdio::null()).stderr(Stdio::null());
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        command
    };
    git(&["init", "--quiet", "--bare", "--initial-branch=main"]).status()?;
    let mut import = git(&["fast-import", "--quiet", "--force"]).stdin(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = import.stdin.take() {
        io::Write::write_all(&mut stdin, stream)?;
    }
    import.wait()?;
    git(&["bundle", "create", "history.bundle", "--all"]).status()?;
    fs::read(directory.path().join("history.bundle"))
}

/// The law that what was read of these bytes breaks; null when it breaks none. A panic is not caught: it fails by itself.
pub fn broken_law(read: &Read, bytes: &[u8]) -> Option<String> {
    let told = &read.told;
    let is_plain = super::packing(bytes).is_none() && super::byte_order(bytes).is_none();
    let records = read.records();
    let all = records as u64 + read.left_out();
    if let Ok(end) = &read.end
        && is_plain
    {
        let Some(rest) = usize::try_from(*end).ok().and_then(|end| bytes.get(end..)) else {
            return Some(format!("{end} bytes are committed of {}", bytes.len()));
        };
        // What is not committed is read again: it must have been told of, as torn, as a record that may go on, or as nothing that is needed.
        let placed = told.events.iter().map(|(at, _)| at).chain(told.aggregates.iter().map(|(at, _)| at));
        let mut placed = placed.chain(told.roster.iter().map(|(at, _)| at));
        let is_told = read.left_out() > 0 || !told.outcomes.is_empty() || placed.any(|at| at.offset >= *end);
        if !is_blank(rest) && !is_told {
            return Some(format!("{} bytes at the end are neither committed nor told of", rest.len()));
        }
        if !told.content.is_empty() && !bytes.starts_with(&told.content) {
            return Some("the sink was told other bytes than the file has".to_owned());
        }
        if !told.content.is_empty() && (told.content.len() as u64) < *end {
            return Some("the sink was told fewer bytes than are committed".to_owned());
        }
        if !is_blank(bytes) && all == 0 && !is_empty_of_records(bytes) {
            return Some("nothing at all was told of a file that is not empty".to_owned());
        }
    }
    if is_plain && records > TOLD_AT_LEAST + bytes.len() * TOLD_PER_BYTE {
        return Some(format!("{records} records of {} bytes", bytes.len()));
    }
    let texts: usize = told.events.iter().map(|(_, event)| length_of_texts(event)).sum();
    if is_plain && texts > (1 << 16) + bytes.len() * TEXT_PER_BYTE {
        return Some(format!("{texts} bytes of text of {} bytes", bytes.len()));
    }
    let places = told.events.iter().map(|(at, _)| at).chain(told.rejects.iter().map(|(at, ..)| at));
    if is_plain && places.clone().any(|at| at.offset > bytes.len() as u64) {
        return Some("a place beyond the file".to_owned());
    }
    for (_, event) in &told.events {
        if !counts(&event.tokens).all(|count| count >= 0) || event.cost_micro_usd.is_some_and(|cost| cost < 0) {
            return Some(format!("a negative count: {:?} {:?}", event.tokens, event.cost_micro_usd));
        }
        if super::json::plausible(event.ts_us).is_err() {
            return Some(format!("an implausible time: {}", event.ts_us));
        }
        if event.session_id.is_empty() {
            return Some("a step without a session".to_owned());
        }
    }
    let negative = told.aggregates.iter().find(|(_, sum)| counts(&sum.tokens).any(|count| count < 0));
    negative.map(|(_, sum)| format!("a negative count: {:?}", sum.tokens))
}

fn counts(tokens: &Tokens) -> impl Iterator<Item = i64> {
    let all =
        [tokens.input, tokens.output, tokens.reasoning, tokens.cache_read, tokens.cache_write, tokens.cache_write_1h];
    all.into_iter().flatten()
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii().is_empty()
}

/// Whether there is no record that anything could be told of: a table's header alone, or a document whose lists are all empty.
fn is_empty_of_records(bytes: &[u8]) -> bool {
    let is_one_line = bytes.trim_ascii().iter().all(|&byte| byte != b'\n');
    is_one_line || serde_json::from_slice::<serde_json::Value>(bytes).is_ok_and(|document| !holds_an_object(&document))
}

/// Whether a list of the document has an object.
fn holds_an_object(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Array(items) => items.iter().any(|item| item.is_object() || holds_an_object(item)),
        serde_json::Value::Object(fields) => fields.values().any(holds_an_object),
        _ => false,
    }
}

/// Bytes of all texts that a step keeps.
fn length_of_texts(event: &Event) -> usize {
    let optional = [
        &event.parent_session_id,
        &event.event_id,
        &event.request_id,
        &event.response_id,
        &event.actor_id,
        &event.os_user,
        &event.provider,
        &event.model,
        &event.command,
        &event.tool_name,
        &event.call_id,
        &event.system,
        &event.path,
        &event.repo,
        &event.branch,
    ];
    event.session_id.len() + event.client.len() + optional.into_iter().flatten().map(String::len).sum::<usize>()
}

/// One execution of a fuzz target: the first byte chooses a name among the source's fixtures, the rest is the file.
///
/// The first execution writes the fixtures, each behind the byte that chooses its name, into the directory that `FOOTLIGHT_FUZZ_CORPUS` names: what fuzzing
/// begins with need not be committed a second time.
///
/// # Panics
/// When the source panics, and when what it told breaks a law: that is what a fuzzer looks for.
#[allow(clippy::panic)]
pub fn fuzz(source: &str, data: &[u8]) {
    static TREE: OnceLock<Tree> = OnceLock::new();
    let tree = TREE.get_or_init(|| {
        let found = by_name(source).ok_or_else(|| io::Error::other("no such source")).and_then(Tree::of);
        let written = found.and_then(|tree| tree.write_corpus().map(|()| tree));
        written.unwrap_or_else(|error| panic!("fixtures of {source}: {error}"))
    });
    let Some((choice, bytes)) = data.split_first() else { return };
    let seed = &tree.seeds[usize::from(*choice) % tree.seeds.len()];
    match tree.broken_law(seed, bytes) {
        Ok(Ok(_)) => {}
        Ok(Err(law)) => panic!("{source}, as {}: {law}", seed.name),
        Err(error) => panic!("{source}: {error}"),
    }
}
