//! Secrets: what the rules find of planted ones, what they take for one in harmless prompts, and that none of those planted in real input
//! files reaches an output, a file of the lake, a log line, the quarantine or the message of a panic.

use crate::payloads::is_full;
use crate::sample::footlight;
use footlight::privacy::Secrets;
use footlight::privacy::secrets::names;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Command;

/// A generator that gives the same numbers everywhere (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }

    fn text(&mut self, class: char, length: usize) -> String {
        let letters: &[u8] = match class {
            'U' => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
            'L' => b"abcdefghijklmnopqrstuvwxyz0123456789",
            'H' => b"0123456789abcdef",
            'X' => b"0123456789abcdefABCDEF",
            'D' => b"0123456789",
            'W' => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-",
            'B' => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
            'P' => b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789!%^_+.~-",
            _ => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        };
        let mut text: String = (1..length).map(|_| char::from(letters[self.below(letters.len())])).collect();
        // The last is a letter or digit: a secret that ends in punctuation cannot be told from the sentence that it stands in.
        let plain: Vec<u8> = letters.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
        text.push(char::from(plain[self.below(plain.len())]));
        text
    }
}

/// A planted secret: the text that it stands in and the part that must not be left.
struct Planted {
    rule: &'static str,
    text: String,
    secret: String,
}

/// One secret of every form, drawn anew with every call.
fn drawn(random: &mut Random) -> Vec<Planted> {
    let forms = include_str!("secret_forms.tsv").lines().filter(|line| !line.starts_with('#'));
    forms.map(|line| line.split_once('\t').unwrap()).map(|(rule, form)| filled(rule, form, random)).collect()
}

fn filled(rule: &'static str, form: &str, random: &mut Random) -> Planted {
    let mut text = String::new();
    let mut rest = form;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        text.push_str(before);
        let class = after[1..].chars().next().unwrap();
        let length = after.find('}').and_then(|close| after[2..close].parse::<usize>().ok());
        match length {
            Some(length) => {
                text.push_str(&random.text(class, length));
                rest = &after[after.find('}').unwrap() + 1..];
            }
            // A brace of the form itself.
            None => {
                text.push('{');
                rest = &after[1..];
            }
        }
    }
    text.push_str(rest);
    let text = text.replace("\\n", "\n");
    let secret = match text.split_once('«').and_then(|(_, rest)| rest.split_once('»')) {
        Some((secret, _)) => secret.to_owned(),
        None => text.clone(),
    };
    Planted { rule, secret, text: text.replace(['«', '»'], "") }
}

/// Prompts around a secret.
const AROUND: [(&str, &str); 10] = [
    ("", ""),
    ("why does this fail with 401? ", " is what I use"),
    ("use `", "` for now"),
    ("here is my .env:\nDEBUG=1\n", "\nPORT=8080\n"),
    ("(", ")"),
    ("set ", "."),
    ("```sh\n", "\n```"),
    ("error: \"", "\" is not valid"),
    ("Grüße, 你好: ", ", bitte prüfen"),
    ("a\tb\t", "\tc"),
];

#[test]
fn planted_secrets_are_found() {
    let mut random = Random(20_261_122);
    let rounds = if is_full() { 400 } else { 8 };
    let secrets = Secrets::unkeyed();
    let (mut planted, mut missed) = (0_u32, BTreeMap::<&str, Vec<String>>::new());
    let mut tried = BTreeSet::new();
    for round in 0..rounds {
        for one in drawn(&mut random) {
            let (before, after) = AROUND[(round + planted as usize) % AROUND.len()];
            let prompt = format!("{before}{}{after}", one.text);
            planted += 1;
            tried.insert(one.rule);
            let left = secrets.redact(&prompt, |_| {});
            if left.contains(&one.secret) {
                missed.entry(one.rule).or_default().push(prompt);
            }
        }
    }
    let lost: usize = missed.values().map(Vec::len).sum();
    let recall = 1.0 - lost as f64 / f64::from(planted);
    let told: Vec<String> = missed.iter().map(|(rule, all)| format!("{rule} {}: {:?}", all.len(), all[0])).collect();
    eprintln!("{planted} planted, {lost} missed, recall {:.3} %\n{}", recall * 100.0, told.join("\n"));
    assert!(recall >= 0.98, "{recall}: {told:#?}");
    assert_eq!(tried, names().collect::<BTreeSet<_>>(), "every rule has a form");
}

/// Every form directly behind every other one, as where two texts are put together.
#[test]
fn secrets_that_touch_are_found() {
    let mut random = Random(44);
    let secrets = Secrets::unkeyed();
    let (firsts, seconds) = (drawn(&mut random), drawn(&mut random));
    // What no rule finds by itself is the other test's figure.
    let alone = |one: &&Planted| !secrets.redact(&one.text, |_| {}).contains(&one.secret);
    let step = if is_full() { 1 } else { 5 };
    let (mut pairs, mut left) = (0_u32, Vec::new());
    let seconds: Vec<&Planted> = seconds.iter().filter(alone).filter(|one| one.text.starts_with(&one.secret)).collect();
    // Others end with a word, which the second does not touch as a secret.
    let firsts = firsts.iter().filter(alone).filter(|one| one.text.ends_with(&one.secret));
    for (index, first) in firsts.enumerate() {
        for second in seconds.iter().skip(index % step).step_by(step) {
            pairs += 1;
            let redacted = secrets.redact(&format!("{}{}", first.text, second.text), |_| {}).into_owned();
            let which = [redacted.contains(&first.secret), redacted.contains(&second.secret)];
            if which.contains(&true) {
                left.push(format!("{} {} {which:?}: {}{}", first.rule, second.rule, first.text, second.text));
            }
        }
    }
    eprintln!("{pairs} pairs that touch, {} with a secret left: {left:#?}", left.len());
    // A form of fixed length right before a harmless word (`discord: ...`) may be part of a longer word.
    assert!(left.len() as u32 * 100 <= pairs, "{left:#?}");
}

/// A text in the escapes that it is met in: in a URL, in a JSON string, in a JSON string in a JSON string, with every sign as a code.
fn escaped(text: &str) -> [String; 5] {
    let json = |text: &str| {
        let quoted = serde_json::to_string(text).unwrap();
        quoted[1..quoted.len() - 1].to_owned()
    };
    let by_sign = |write: fn(u8) -> String| {
        text.bytes()
            .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { write(byte) })
            .collect()
    };
    [
        json(text),
        json(&json(text)),
        by_sign(|byte| format!("%{byte:02X}")),
        by_sign(|byte| format!("%25{byte:02x}")),
        by_sign(|byte| format!("\\u{byte:04x}")),
    ]
}

#[test]
fn escaped_secrets_are_found() {
    let mut random = Random(45);
    let secrets = Secrets::unkeyed();
    let (mut planted, mut left) = (0_u32, Vec::new());
    for _ in 0..if is_full() { 40 } else { 1 } {
        for one in drawn(&mut random) {
            if secrets.redact(&one.text, |_| {}).contains(&one.secret) {
                continue;
            }
            for (text, secret) in escaped(&one.text).into_iter().zip(escaped(&one.secret)) {
                planted += 1;
                let redacted = secrets.redact(&text, |_| {}).into_owned();
                if redacted.contains(&secret) {
                    left.push(format!("{}: {text} -> {redacted}", one.rule));
                }
            }
        }
    }
    eprintln!("{planted} escaped, {} left", left.len());
    assert!(left.len() as u32 * 100 <= planted, "{left:#?}");
}

/// Prompts, answers and arguments of a simulated organisation, in which nobody planted anything.
#[test]
fn harmless_texts_stay_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let (people, weeks) = if is_full() { ("240", "12") } else { ("24", "4") };
    let (code, _, stderr) =
        footlight(directory.path(), &["simulate", "--out", "org", "--pace", "1.05", "--seed", "9", "--people", people, "--weeks", weeks]);
    assert_eq!(code, 0, "{stderr}");
    let secrets = Secrets::unkeyed();
    let (mut texts, mut prompts, mut hits) = (0_u32, 0_u32, Vec::new());
    for line in lines_below(&directory.path().join("org/input")) {
        let Ok(record) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
        prompts += u32::from(record["kind"] == "prompt" && record["text"].is_string());
        for field in ["text", "tool_args", "tool_result", "path", "repo", "branch", "session_id", "event_id", "patch"] {
            let Some(text) = record[field].as_str() else { continue };
            texts += 1;
            secrets.redact(text, |rule| hits.push(format!("{rule}: {text}")));
        }
    }
    eprintln!("{prompts} prompts, {texts} texts, {} false hits", hits.len());
    assert!(texts >= 10_000 && prompts >= 1_000, "{prompts} prompts, {texts} texts");
    // One in ten thousand at most.
    assert!(hits.len() as u32 <= texts / 10_000, "{hits:#?}");
}

/// The lines of all files of a simulated organisation.
pub fn lines_below(directory: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for path in files_below(directory) {
        let mut text = String::new();
        let file = fs::File::open(&path).unwrap();
        if path.extension().is_some_and(|extension| extension == "zst") {
            zstd::Decoder::new(file).unwrap().read_to_string(&mut text).unwrap();
            lines.extend(text.lines().map(str::to_owned));
        }
    }
    lines
}

pub fn files_below(directory: &Path) -> Vec<std::path::PathBuf> {
    let walk = walkdir::WalkDir::new(directory).sort_by_file_name().into_iter().map(Result::unwrap);
    walk.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

/// What the program said.
struct Heard<'a> {
    dir: &'a Path,
    all: Vec<(String, String)>,
}

impl Heard<'_> {
    /// Runs a command, keeps what it says and gives its exit code.
    fn say(&mut self, args: &[&str]) -> i32 {
        let (code, stdout, stderr) = footlight(self.dir, args);
        self.all.push((format!("stdout of {args:?}"), stdout));
        self.all.push((format!("stderr of {args:?}"), stderr));
        code
    }
}

const KINDS: [&str; 4] = ["prompt", "completion", "tool_call", "tool_result"];

/// Every field of every kind of record that keeps text, in canonical lines, transcripts of Claude Code, a roster, a repository, file names
/// and lines that cannot be read.
fn plant(input: &Path, canaries: &[Planted]) {
    let text = |index: usize| canaries[index % canaries.len()].text.clone();
    let mut events = String::new();
    for number in 0..canaries.len() {
        // Each record has another canary in each field.
        let field = |offset: usize| format!("x{number}-{}", text(number * 13 + offset));
        let record = serde_json::json!({
            "ts": format!("2026-03-{:02}T10:{:02}:00Z", 2 + number % 20, number % 60), "session_id": field(0), "event_id": field(1),
            "actor_id": field(2), "kind": KINDS[number % KINDS.len()], "trigger": "human",
            "client": field(3), "provider": field(4), "model": field(5), "text": field(6), "tool_name": field(7),
            "tool_args": field(8), "call_id": field(9), "system": field(10), "path": field(11), "repo": field(12),
            "branch": field(13), "command": field(14), "parent_session_id": field(15), "unheard_of": field(16),
            text(number): 1,
        });
        events.push_str(&format!("{record}\n"));
        // And one that no reader can read, with a secret wherever its parser stops.
        events.push_str(&format!("{{\"ts\": \"{}\", \"kind\": {}\n", text(number), text(number + 1)));
        let wrong =
            serde_json::json!({ "ts": text(number), "session_id": text(number), "kind": text(number), "client": "c" });
        events.push_str(&format!("{wrong}\n"));
    }
    fs::write(input.join("a.events.ndjson"), events).unwrap();
    let mut outcomes = String::new();
    for number in 0..canaries.len() {
        let field = |offset: usize| text(number * 7 + offset);
        let record = serde_json::json!({
            "ts": "2026-03-20T10:00:00Z", "outcome_id": field(0), "kind": "commit", "status": "landed", "actor_id": field(1),
            "session_id": field(2), "repo": field(3), "branch": field(4), "paths": [field(5), field(6)], "refs": [field(7)],
        });
        outcomes.push_str(&format!("{record}\n"));
    }
    fs::write(input.join("a.outcomes.ndjson"), outcomes).unwrap();
    let mut roster = csv::Writer::from_path(input.join("roster.csv")).unwrap();
    roster
        .write_record(["actor_id", "aliases", "team_id", "role", "kind", "time_zone", "active_from", "active_to"])
        .unwrap();
    for number in 0..canaries.len() {
        let field = |offset: usize| text(number * 5 + offset).replace('\n', " ");
        let person = "person".to_owned();
        roster
            .write_record([
                field(0),
                field(1),
                field(2),
                field(3),
                person,
                field(4),
                "2026-01-01".to_owned(),
                String::new(),
            ])
            .unwrap();
    }
    roster.flush().unwrap();
    let transcripts = input.join(".claude/projects/shop");
    fs::create_dir_all(&transcripts).unwrap();
    for number in 0..canaries.len() {
        let field = |offset: usize| text(number * 11 + offset);
        let stamp = |second: usize| format!("2026-03-{:02}T11:00:{second:02}.000Z", 2 + number % 20);
        let common = |uuid: &str, second: usize| {
            serde_json::json!({
                "uuid": format!("{uuid}{number}"), "sessionId": format!("{:08}-{}", number, field(0)), "version": field(1), "cwd": field(2),
                "gitBranch": field(3), "timestamp": stamp(second), "userType": "external", "isSidechain": false, "parentUuid": null,
            })
        };
        let with = |mut base: serde_json::Value, more: serde_json::Value| {
            base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            base
        };
        // The two become one id.
        let (message, request) = (format!("m{number}-{}", field(6)), field(5));
        let lines = [
            with(
                common("u", 1),
                serde_json::json!({ "type": "user", "message": { "role": "user", "content": field(4) } }),
            ),
            with(
                common("a", 2),
                serde_json::json!({ "type": "assistant", "requestId": request, "message": {
                    "id": message, "role": "assistant", "model": field(7), "usage": { "input_tokens": 5, "output_tokens": 7 },
                    "content": [
                        { "type": "text", "text": field(8) },
                        { "type": "tool_use", "id": format!("t{number}"), "name": field(9), "input": { "file_path": field(10), "command": field(11) } },
                    ] } }),
            ),
            with(
                common("b", 3),
                serde_json::json!({ "type": "user", "message": { "role": "user", "content": [
                    { "type": "tool_result", "tool_use_id": format!("t{number}"), "content": field(12), "is_error": true },
                ] } }),
            ),
            with(common("c", 4), serde_json::json!({ "type": field(13), "subtype": field(14) })),
        ];
        // A name of a file holds no slash and no line end; a secret that has one cannot stand there.
        let name =
            if field(15).contains(['/', '\n', '\\']) || field(15).len() > 200 { String::new() } else { field(15) };
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(transcripts.join(format!("{number} {name}.jsonl")), text).unwrap();
    }
    let strange = canaries[0].text.replace('/', "_");
    fs::write(input.join(format!("{strange}.json")), format!("{{\"what\": \"{}\"}}", text(1))).unwrap();
}

#[test]
fn canaries_reach_no_output() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    let mut random = Random(7);
    // What no rule finds is the other test's figure.
    let known = |one: &Planted| !Secrets::unkeyed().redact(&one.text, |_| {}).contains(&one.secret);
    let drawn = drawn(&mut random);
    let count = drawn.len();
    let mut canaries: Vec<Planted> = drawn.into_iter().filter(known).collect();
    assert!(canaries.len() * 5 > count * 4, "{} of {count}", canaries.len());
    if !is_full() {
        canaries = canaries.into_iter().step_by(2).collect();
    }
    fs::create_dir_all(dir.join("input")).unwrap();
    plant(&dir.join("input"), &canaries);
    fs::write(dir.join("footlight.toml"), "title = \"canaries\"\n").unwrap();

    let mut heard = Heard { dir, all: Vec::new() };
    let base = ["--config", "footlight.toml", "-vv"];
    assert_eq!(
        heard.say(&[
            "run",
            "--dry-run",
            "--input",
            "input",
            "--lake",
            "lake",
            "--out",
            "out",
            base[0],
            base[1],
            base[2]
        ]),
        0
    );
    let code = heard.say(&["run", "--input", "input", "--lake", "lake", "--out", "out", base[0], base[1], base[2]]);
    assert_eq!(code, 3, "some of it cannot be read: {:#?}", heard.all.last());
    // Again, now that the lake knows the files, and as JSON.
    assert!(
        [0, 3].contains(
            &heard.say(&["ingest", "--json", "--input", "input", "--lake", "lake", base[0], base[1], base[2]])
        )
    );
    for table in ["events", "outcomes", "facts", "aggregates", "roster", "quarantine", "ingested"] {
        for format in ["json", "table"] {
            let sql = format!("select * from {table}");
            assert_eq!(
                heard.say(&["query", "--lake", "lake", "--format", format, &sql]),
                0,
                "{table}: {:#?}",
                heard.all.last()
            );
        }
    }
    for table in fs::read_dir(dir.join("out/tables")).unwrap().map(Result::unwrap) {
        let name = table.path().file_stem().unwrap().to_string_lossy().into_owned();
        assert_eq!(
            heard.say(&[
                "query",
                "--lake",
                "lake",
                "--out",
                "out",
                "--format",
                "json",
                &format!("select * from \"{name}\"")
            ]),
            0
        );
    }
    let units = footlight(
        dir,
        &["query", "--lake", "lake", "--out", "out", "--json", "select session_id from sessions limit 6"],
    )
    .1;
    let units: serde_json::Value = serde_json::from_str(&units).unwrap();
    for (index, unit) in units["rows"].as_array().unwrap().iter().enumerate() {
        let (unit, page) = (unit["session_id"].as_str().unwrap(), format!("case-{index}.html"));
        assert_eq!(heard.say(&["explain", "--out", "out", "--html", &page, unit]), 0);
    }
    assert_eq!(heard.say(&["export", "focus", "--lake", "lake", "--out", "focus.csv"]), 0, "{:#?}", heard.all.last());
    for file in files_below(&dir.join("input")) {
        // The name is the caller's own word here, and is said back.
        let name = file.to_string_lossy().into_owned();
        if ["a.events.ndjson", "a.outcomes.ndjson", "roster.csv"].iter().any(|known| name.ends_with(known)) {
            assert!([0, 3].contains(&heard.say(&["sources", "try", "--records", "500", &name])));
            assert!([0, 3].contains(&heard.say(&["sources", "try", "--json", "--records", "500", &name])));
        }
    }

    let mut found = Vec::new();
    let needles: Vec<&str> = canaries.iter().map(|one| one.secret.as_str()).collect();
    let finder = aho_corasick::AhoCorasick::new(&needles).unwrap();
    let mut look = |place: &str, bytes: &[u8]| {
        for hit in finder.find_iter(bytes) {
            found.push(format!("{} in {place}", canaries[hit.pattern().as_usize()].rule));
        }
    };
    for (place, text) in &heard.all {
        look(place, text.as_bytes());
        // In JSON a secret with quotes or line ends is written with escapes.
        look(place, text.replace("\\n", "\n").replace("\\\"", "\"").as_bytes());
    }
    for path in files_below(dir).iter().filter(|path| !path.starts_with(dir.join("input"))) {
        look(&path.display().to_string(), &fs::read(path).unwrap());
    }
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "{found:#?}");
    let told = heard.all.iter().map(|(_, text)| text.matches("[SECRET:").count()).sum::<usize>();
    assert!(told > canaries.len() * 20, "what was planted was read: {told}");
}

#[test]
fn a_panic_says_a_place_and_no_text() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "secrets::panics_with_a_secret"])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success());
    assert!(stderr.contains("a defect at ") && stderr.contains("secrets.rs:"), "{stderr}");
    assert!(!stderr.contains("hunter2"), "{stderr}");
}

/// Run by the test above, in a process of its own.
#[test]
#[ignore = "panics on purpose"]
fn panics_with_a_secret() {
    footlight::output::say_where_it_panicked();
    let text = String::from("password=hunter2");
    panic!("{text}");
}
