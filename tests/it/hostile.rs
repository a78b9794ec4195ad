//! Hostile text from end to end: a simulated organisation whose every name, id, path and label carries a payload goes through the real
//! program to every output, and each output has the shape that it has when the same fields carry harmless words.

use crate::payloads::{is_full, is_steering, payloads};
use crate::sample::footlight;
use crate::secrets::{files_below, lines_below};
use crate::shapes::{Shape, difference, of_document, of_json, of_page, of_table};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::Path;

/// Gives every value of every field an ending of its own: the same value in the same field always the same one, so that what belonged
/// together still does.
struct Endings {
    texts: Vec<String>,
    first: usize,
    given: HashMap<(&'static str, String), usize>,
}

impl Endings {
    fn new(texts: Vec<String>, first: usize) -> Self {
        Self { texts, first, given: HashMap::new() }
    }

    fn next(&mut self, field: &'static str, value: &str) -> String {
        let number = self.given.len();
        let given = *self.given.entry((field, value.to_owned())).or_insert(number);
        format!("{value}{}", self.texts[(self.first + given) % self.texts.len()])
    }

    /// The same where commas, semicolons and line ends mean something to the reader of the file.
    fn in_list(&mut self, field: &'static str, value: &str) -> String {
        self.next(field, value).replace([';', ',', '\n', '\r'], "_")
    }

    fn change(&mut self, record: &mut Map<String, Value>, name: &str, field: &'static str) {
        match record.get_mut(name) {
            Some(Value::String(text)) => *text = self.next(field, text),
            Some(Value::Array(items)) => {
                for item in items {
                    if let Value::String(text) = item {
                        *text = self.next(field, text);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The organisation of `from` with an ending on every text, written to `to`.
fn write(from: &Path, to: &Path, endings: &mut Endings) {
    fs::create_dir_all(to).unwrap();
    let (mut events, mut outcomes) = (String::new(), String::new());
    for line in lines_below(from) {
        let mut record: Map<String, Value> = serde_json::from_str(&line).unwrap();
        for (name, field) in [
            ("session_id", "session"),
            ("parent_session_id", "session"),
            ("event_id", "event"),
            ("call_id", "call"),
            ("client", "client"),
            ("tool_name", "tool"),
            ("repo", "repository"),
            ("branch", "branch"),
            ("path", "path"),
            ("paths", "path"),
            ("refs", "outcome"),
            ("outcome_id", "outcome"),
            ("command", "command"),
        ] {
            endings.change(&mut record, name, field);
        }
        // A place may end with a slash or a colon, before which its name would be looked for in vain.
        if let Some(Value::String(repository)) = record.get_mut("repo") {
            repository.push('x');
        }
        // Other models keep their price, so that there is money to show.
        if record.get("model").is_some_and(|model| model == "claude-haiku-4-5") {
            endings.change(&mut record, "model", "model");
        }
        let is_outcome = record.contains_key("outcome_id");
        // A text is a list with semicolons between its parts; a list of one is one, whatever it holds.
        if let Some(session) = record.get_mut("session_id").filter(|session| is_outcome && session.is_string()) {
            *session = Value::from(vec![session.take()]);
        }
        let file = if is_outcome { &mut outcomes } else { &mut events };
        file.push_str(&Value::Object(record).to_string());
        file.push('\n');
    }
    // File names hold neither slashes nor NUL, and 255 bytes.
    let name = |ending: String| -> String {
        let mut name = String::new();
        for character in ending.chars().filter(|character| !matches!(character, '/' | '\0')) {
            if name.len() + character.len_utf8() > 200 {
                break;
            }
            name.push(character);
        }
        name
    };
    fs::write(to.join(format!("{}.events.ndjson", name(endings.next("file", "one ")))), events).unwrap();
    fs::write(to.join(format!("{}.outcomes.ndjson", name(endings.next("file", "two ")))), outcomes).unwrap();

    let mut reader = csv::Reader::from_path(from.join("roster.csv")).unwrap();
    let headers = reader.headers().unwrap().clone();
    let mut roster = csv::Writer::from_path(to.join("roster.csv")).unwrap();
    roster.write_record(&headers).unwrap();
    for row in reader.records().map(Result::unwrap) {
        let cells = headers.iter().zip(&row).map(|(name, cell)| match name {
            "aliases" => endings.in_list("alias", cell),
            "team_id" => endings.next("team", cell),
            "role" => endings.next("role", cell),
            _ => cell.to_owned(),
        });
        roster.write_record(cells).unwrap();
    }
    roster.flush().unwrap();

    // A transcript of a client's own format, whose prompts and arguments are nothing but payloads.
    let transcripts = to.join(".claude/projects/p");
    fs::create_dir_all(&transcripts).unwrap();
    let mut lines = String::new();
    for number in 0..60 {
        let text = |endings: &mut Endings, field: &'static str| endings.next(field, &format!("{number} "));
        // Each in a session of its own: prompts in one session are compared with each other, and payloads are alike.
        let session = format!("5b0e0a4e-0000-4000-8000-0000000000{number:02}");
        let line = serde_json::json!({
            "type": "user", "uuid": format!("u{number}"), "parentUuid": null, "isSidechain": false, "userType": "external",
            "sessionId": session, "version": text(endings, "version"), "cwd": text(endings, "directory"),
            "gitBranch": text(endings, "branch"), "timestamp": format!("2026-01-07T10:{number:02}:00.000Z"),
            "message": { "role": "user", "content": text(endings, "prompt") },
        });
        let answer = serde_json::json!({
            "type": "assistant", "uuid": format!("a{number}"), "requestId": format!("r{number}"), "isSidechain": false, "userType": "external",
            "sessionId": session, "cwd": "/home/ada/x", "version": "2.1.0",
            "timestamp": format!("2026-01-07T10:{number:02}:20.000Z"),
            "message": { "id": format!("m{number}"), "role": "assistant", "model": text(endings, "model"), "usage": { "input_tokens": 3, "output_tokens": 9 },
                "content": [
                    { "type": "text", "text": text(endings, "answer") },
                    { "type": "tool_use", "id": format!("t{number}"), "name": text(endings, "tool"), "input": { "file_path": text(endings, "argument") } },
                ] },
        });
        // The next line can be read by nobody.
        lines.push_str(&format!("{line}\n{answer}\n{{\"type\": {}\n", text(endings, "garbage").replace('\n', " ")));
    }
    fs::write(transcripts.join(format!("{}.jsonl", name(endings.next("file", "three ")))), lines).unwrap();

    let config = fs::read_to_string(from.join("footlight.toml")).unwrap();
    let quoted = |text: String| toml::Value::String(text).to_string();
    let mut lines: Vec<String> = Vec::new();
    for line in config.lines() {
        lines.push(match line.split_once(" = ") {
            Some(("title", _)) => format!("title = {}", quoted(endings.next("title", "Organisation "))),
            Some(("owner", owner)) => format!("owner = {}", quoted(endings.next("owner", owner.trim_matches('"')))),
            _ => line.to_owned(),
        });
    }
    let owner = quoted(endings.next("owner", "nobody"));
    lines.push(format!("[[automation]]\nmatch = {}\nowner = {owner}", quoted(endings.in_list("match", "repo:none"))));
    fs::write(to.join("footlight.toml"), lines.join("\n")).unwrap();
}

/// Everything that the program says and writes about one organisation, by a name that does not depend on its texts.
fn outputs(dir: &Path) -> BTreeMap<String, Shape> {
    let mut shapes = BTreeMap::new();
    let config = "input/footlight.toml";
    // What is said must be harmless to a terminal; its lines are counted.
    let told = |name: &str, args: &[&str], expected: &[i32], shapes: &mut BTreeMap<String, Shape>| -> String {
        let (code, stdout, stderr) = footlight(dir, args);
        assert!(expected.contains(&code), "{args:?}: {code}: {stderr}");
        for (stream, text) in [("stdout", &stdout), ("stderr", &stderr)] {
            let place = text.find(is_steering).map(|at| text[at..].chars().take(40).collect::<String>());
            assert_eq!(place, None, "{stream} of {args:?}");
            // Times that a log line names differ, what it says does not; and the order of files is that of their names.
            shapes.insert(format!("{name} {stream}"), Shape::from([("lines".to_owned(), text.lines().count())]));
        }
        stdout
    };
    told(
        "plan",
        &["run", "--dry-run", "--input", "input", "--lake", "lake", "--out", "out", "--config", config],
        &[0, 3],
        &mut shapes,
    );
    told("run", &["run", "--input", "input", "--lake", "lake", "--out", "out", "--config", config], &[3], &mut shapes);
    let again = ["ingest", "--json", "--input", "input", "--lake", "lake", "--config", config, "-vv"];
    let json = told("again", &again, &[0, 3], &mut shapes);
    shapes.insert("again".into(), of_json(&json));
    told("config", &["config", "show", "--origin", "--config", config], &[0], &mut shapes);
    told("check", &["check", "--out", "out"], &[0], &mut shapes);
    let json = told("check json", &["check", "--json", "--out", "out"], &[0], &mut shapes);
    shapes.insert("check".into(), of_json(&json));

    let tables: Vec<String> = {
        let results = fs::read_dir(dir.join("out/tables")).unwrap().map(|file| file.unwrap().path());
        let mut names: Vec<String> =
            results.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
        names.extend(["events", "outcomes", "facts", "roster", "quarantine", "ingested"].map(str::to_owned));
        names.sort();
        names
    };
    for (index, table) in tables.iter().enumerate() {
        // The steps of two days stand for all. Sketches are of the text itself, which is another in both runs.
        let sql = match table.as_str() {
            "events" => "select * exclude (shingles, bands, spans, repeated_permille, packed_permille, identifiers) from events \
                         where ts < timestamp '2026-01-08 00:00:00'"
                .to_owned(),
            table => format!("select * from \"{table}\""),
        };
        let mut query = |format: &str| {
            let args = ["query", "--lake", "lake", "--out", "out", "--format", format, &sql];
            // A table cell has no line ends of its own, CSV and JSON are counted by their readers.
            let mut ignored = BTreeMap::new();
            told(table, &args, &[0], if format == "table" { &mut shapes } else { &mut ignored })
        };
        let csv = of_table(&query("csv"));
        // Every format of every table would take minutes: the others go round.
        let other = match index % 3 {
            0 => of_json(&query("json")),
            1 => query("ndjson").lines().map(of_json).fold(Shape::new(), |mut all, one| {
                one.into_iter().for_each(|(name, count)| *all.entry(name).or_default() += count);
                all
            }),
            _ => {
                query("table");
                Shape::new()
            }
        };
        shapes.insert(format!("{table} csv"), csv);
        shapes.insert(format!("{table} other"), other);
    }

    // By what the payloads do not touch: the moment, and the pseudonym of an account.
    let ids = |sql: &str| -> Vec<String> {
        let (code, stdout, stderr) = footlight(dir, &["query", "--json", "--lake", "lake", "--out", "out", sql]);
        assert_eq!(code, 0, "{stderr}");
        let answer: Value = serde_json::from_str(&stdout).unwrap();
        answer["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let mut units = ids("select session_id as id from sessions order by started_at limit 3");
    let (code, stdout, stderr) =
        footlight(dir, &["query", "--json", "--lake", "lake", "--out", "out", "select * from actor_weeks"]);
    assert_eq!(code, 0, "{stderr}");
    let weeks: Value = serde_json::from_str(&stdout).unwrap();
    let weeks = weeks["rows"].as_array().unwrap().iter();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let number = |row: &Value, name: &str| row[name].as_i64().unwrap();
    // A pseudonym is another in every lake.
    let measured = |row: &Value| format!("{} {} {}", row["tokens"], row["cost_usd"], row["outcomes"]);
    let first =
        weeks.min_by_key(|row| (text(row, "iso_week"), number(row, "prompts"), number(row, "sessions"), measured(row)));
    units.extend(first.map(|row| format!("{}/{}", text(row, "actor"), text(row, "iso_week"))));
    for (index, unit) in units.iter().enumerate() {
        let page = format!("case-{index}.html");
        told(&format!("case {index}"), &["explain", "--out", "out", "--html", &page, unit], &[0], &mut shapes);
        let json = told(&format!("case {index} json"), &["explain", "--json", "--out", "out", unit], &[0], &mut shapes);
        shapes.insert(format!("case {index} json"), of_json(&json));
        shapes.insert(page.clone(), of_page(&fs::read_to_string(dir.join(&page)).unwrap()));
    }
    let account = ids("select actor_id as id from roster order by actor_id limit 1").remove(0);
    let subject = [
        "subject",
        "--id",
        &account,
        "--lake",
        "lake",
        "--out",
        "out",
        "--reason",
        "a test of hostile text",
        "--to",
        "own",
        "--config",
        config,
    ];
    told("subject", &subject, &[0], &mut shapes);
    told("focus", &["export", "focus", "--lake", "lake", "--out", "focus.csv", "--config", config], &[0], &mut shapes);
    for (index, file) in files_below(&dir.join("input"))
        .iter()
        .filter(|path| path.extension().is_some_and(|is| is != "toml"))
        .enumerate()
    {
        // On the command line a name is said as it is; what is read of the file is what must be harmless.
        let plain = dir.join(format!(
            "tried-{index}{}",
            if file.to_string_lossy().contains(".claude") { ".jsonl" } else { ".ndjson" }
        ));
        fs::copy(file, &plain).unwrap();
        told(&format!("try {index}"), &["sources", "try", plain.to_str().unwrap()], &[0, 3], &mut BTreeMap::new());
        fs::remove_file(plain).unwrap();
    }

    for path in files_below(dir) {
        let name = path.strip_prefix(dir).unwrap().to_string_lossy().into_owned();
        if name.starts_with("input")
            || name.starts_with("lake")
            || name.starts_with("out/tables")
            || name.starts_with("plain")
        {
            continue;
        }
        let text = || fs::read_to_string(&path).unwrap();
        let shape = match path.extension().and_then(|extension| extension.to_str()) {
            Some("html") => of_page(&text()),
            Some("md") => of_document(&text()),
            Some("csv") => of_table(&text()),
            Some("json") => of_json(&text()),
            _ => Shape::new(),
        };
        // Names of records of a run hold their moment.
        let name = if name.starts_with("out/runs") { "out/runs".to_owned() } else { name };
        shapes.insert(name, shape);
    }
    shapes
}

#[test]
fn hostile_text_in_real_input_changes_no_output() {
    let directory = tempfile::tempdir().unwrap();
    let plain = directory.path().join("plain");
    let simulate = ["simulate", "--out", plain.to_str().unwrap(), "--pace", "1.05", "--seed", "3", "--people", "24", "--weeks", "4"];
    let (code, _, stderr) = footlight(directory.path(), &simulate);
    assert_eq!(code, 0, "{stderr}");
    let run = |name: &str, texts: Vec<String>, first: usize| {
        let dir = directory.path().join(name);
        let mut endings = Endings::new(texts, first);
        write(&plain.join("input"), &dir.join("input"), &mut endings);
        (outputs(&dir), endings)
    };
    let payloads = payloads();
    let harmless = (0..payloads.len()).map(|number| format!(" benign {number}")).collect();
    let (benign, _) = run("benign", harmless, 0);
    assert!(benign.len() > 60, "{}", benign.len());
    let rounds = if is_full() { 24 } else { 1 };
    // One that failed can be looked at alone.
    let first = std::env::var("FOOTLIGHT_HOSTILE_FIRST").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    for round in first..rounds {
        let (hostile, endings) = run("hostile", payloads.clone(), round * payloads.len() / rounds);
        let used: HashSet<usize> = endings.given.values().map(|given| given % payloads.len()).collect();
        assert!(used.len() >= 2_000, "{} payloads", used.len());
        let names = |shapes: &BTreeMap<String, Shape>| shapes.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&hostile), names(&benign), "the files of round {round}");
        let changed: Vec<String> = hostile
            .iter()
            .filter(|(name, shape)| benign[*name] != **shape)
            .map(|(name, shape)| format!("{name}: {:?}", difference(shape, &benign[name])))
            .collect();
        if !changed.is_empty() {
            panic!("round {round}: {changed:#?}\nboth are in {}", directory.keep().display());
        }
        fs::remove_dir_all(directory.path().join("hostile")).unwrap();
        eprintln!("organisation {round}: {} payloads, {} outputs as without them", used.len(), hostile.len());
    }
}
