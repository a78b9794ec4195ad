//! People behind pseudonyms: nothing of a run has an account, a login or a plain hash of one; looking behind a pseudonym needs a reason and
//! leaves a line; and no command, option or example sorts or filters people by score.

use crate::sample::{OUT, demo, footlight};
use crate::secrets::files_below;
use clap::CommandFactory;
use footlight::cli::Cli;
use footlight::privacy::{Pseudonyms, ledger_members};
use md5::Digest as _;
use sha2::Digest as _;
use std::collections::BTreeSet;
use std::fs;

/// Accounts and logins of the sample's people.
fn identifiers() -> Vec<String> {
    let mut reader = csv::Reader::from_path(demo().join(OUT).join("sample/roster.csv")).unwrap();
    let headers = reader.headers().unwrap().clone();
    let cell =
        |row: &csv::StringRecord, name: &str| row[headers.iter().position(|header| header == name).unwrap()].to_owned();
    let mut ids = BTreeSet::new();
    for row in reader.records().map(Result::unwrap).filter(|row| cell(row, "kind") == "person") {
        ids.insert(cell(&row, "actor_id"));
        ids.extend(cell(&row, "aliases").split(';').filter(|alias| alias.len() >= 5).map(str::to_owned));
    }
    assert!(ids.len() >= 10, "{ids:?}");
    ids.into_iter().collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What an id must not be recognised by: itself, and what anybody can compute of it from a list of the staff.
fn traces(id: &str) -> Vec<String> {
    let xxh3 = xxhash_rust::xxh3::xxh3_64(id.as_bytes());
    let digests = [
        hex(&md5::Md5::digest(id.as_bytes())),
        hex(&sha1(id.as_bytes())),
        hex(&sha2::Sha256::digest(id.as_bytes())),
        hex(blake3::hash(id.as_bytes()).as_bytes()),
        format!("{xxh3:016x}"),
    ];
    let mut traces = vec![id.to_owned(), xxh3.to_string(), (xxh3 as i64).to_string()];
    // Shortened, as ids often are.
    traces.extend(digests.iter().map(|digest| digest[..12].to_owned()));
    traces
}

/// SHA-1 (RFC 3174), which no crate of ours brings.
fn sha1(message: &[u8]) -> [u8; 20] {
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let mut padded = message.to_vec();
    padded.push(0x80);
    padded.resize((padded.len() + 8).next_multiple_of(64), 0);
    let end = padded.len() - 8;
    padded[end..].copy_from_slice(&(message.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks(64) {
        let mut words = [0_u32; 80];
        for (word, bytes) in words.iter_mut().zip(block.chunks(4)) {
            *word = u32::from_be_bytes(bytes.try_into().unwrap());
        }
        for at in 16..80 {
            words[at] = (words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (at, word) in words.iter().enumerate() {
            let (mix, constant) = match at / 20 {
                0 => ((b & c) | (!b & d), 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6_u32),
            };
            let next = a.rotate_left(5).wrapping_add(mix).wrapping_add(e).wrapping_add(constant).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (sum, part) in state.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(part);
        }
    }
    let mut digest = [0; 20];
    digest.chunks_mut(4).zip(state).for_each(|(to, word)| to.copy_from_slice(&word.to_be_bytes()));
    digest
}

#[test]
fn nothing_that_a_run_writes_names_anybody() {
    assert_eq!(hex(&sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
    let dir = demo();
    let mut texts: Vec<(String, Vec<u8>)> = Vec::new();
    for path in files_below(&dir.join(OUT)) {
        let name = path.strip_prefix(dir.join(OUT)).unwrap().to_string_lossy().into_owned();
        // The inputs, and the lake, which keeps accounts as the logs have them: nobody gets it with a report.
        if !name.starts_with("sample/") && !name.starts_with("lake/") {
            texts.push((name, fs::read(&path).unwrap()));
        }
    }
    let tables = fs::read_dir(dir.join(OUT).join("tables")).unwrap().map(|file| file.unwrap().path());
    for path in tables {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let lake = format!("{OUT}/lake");
        let sql = format!("select * from \"{name}\"");
        let (code, stdout, stderr) =
            footlight(dir, &["query", "--format", "ndjson", "--lake", &lake, "--out", OUT, &sql]);
        assert_eq!(code, 0, "{stderr}");
        texts.push((format!("rows of {name}"), stdout.into_bytes()));
    }
    assert!(texts.len() > 15, "{}", texts.len());
    let needles: Vec<String> = identifiers().iter().flat_map(|id| traces(id)).collect();
    let finder = aho_corasick::AhoCorasick::builder().ascii_case_insensitive(true).build(&needles).unwrap();
    let mut found = BTreeSet::new();
    for (name, text) in &texts {
        found.extend(finder.find_iter(text).map(|hit| format!("{} in {name}", needles[hit.pattern().as_usize()])));
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// A copy of the demo's lake with its key and a configuration that names it: other tests look at people too.
fn own_lake(name: &str) -> std::path::PathBuf {
    let own = demo().join(name);
    for path in files_below(&demo().join(OUT).join("lake")) {
        let to = own.join(path.strip_prefix(demo().join(OUT)).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(path, to).unwrap();
    }
    fs::copy(demo().join(OUT).join("sample/pseudonym.key"), own.join("key")).unwrap();
    fs::write(own.join("footlight.toml"), "[privacy]\nkey_file = \"key\"\n").unwrap();
    own
}

#[test]
fn the_release_ledger_forgets_who_is_forgotten_and_keeps_what_was_published() {
    let own = own_lake("forgotten");
    let key = Pseudonyms::open(Some(&own.join("key")), &own).unwrap();
    let text = || fs::read_to_string(own.join("lake/releases.jsonl")).unwrap();
    let published = |text: &str| -> Vec<serde_json::Value> {
        let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines
            .map(|line| serde_json::json!([line["view"], line["cell"], line["from"], line["value"], line["hash"]]))
            .collect()
    };
    let lines_of = |text: &str, account: &str| {
        let ids = ledger_members(&key, account);
        text.lines().filter(|line| ids.iter().any(|id| line.contains(id))).count()
    };
    let before = text();
    let (she, another) = (
        "cleo.tarn@example.com",
        identifiers().into_iter().find(|id| id.contains('@') && !id.starts_with("cleo")).unwrap(),
    );
    assert!(lines_of(&before, she) > 5, "{}", lines_of(&before, she));
    let forget = ["forget", "--json", "--yes", "--id", "ctarn", "--reason", "Cleo asked for it on Monday"];
    let (code, stdout, stderr) = footlight(
        demo(),
        &[&forget[..], &["--lake", "forgotten/lake", "--config", "forgotten/footlight.toml"]].concat(),
    );
    assert_eq!(code, 0, "{stdout}{stderr}");
    let answer: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(answer["receipt"]["release_ledger_lines_changed"], lines_of(&before, she));
    let after = text();
    assert_eq!((lines_of(&after, she), lines_of(&after, &another)), (0, lines_of(&before, &another)));
    assert_eq!(published(&after), published(&before));
    for path in files_below(&own.join("lake/tombstones")).into_iter().chain(files_below(&own.join("lake/receipts"))) {
        assert_eq!(lines_of(&fs::read_to_string(&path).unwrap(), she), 0, "{}", path.display());
    }
}

#[test]
fn nobody_is_identified_without_a_reason_and_a_line() {
    let dir = demo();
    let own = own_lake("looked-at");
    let access_log = own.join("lake/access_log");
    let _ = fs::remove_file(&access_log);
    let lake = "looked-at/lake";
    let sql = "select session_id as id from sessions where actor <> '(unassigned)' order by session_id limit 1";
    let (_, stdout, _) = footlight(dir, &["query", "--json", "--lake", lake, "--out", OUT, sql]);
    let answer: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let session = answer["rows"][0]["id"].as_str().unwrap();
    let log = || fs::read_to_string(&access_log).unwrap_or_default();
    let ask = |more: &[&str]| {
        let mut args: Vec<&str> =
            vec!["explain", "--out", OUT, "--lake", lake, "--config", "looked-at/footlight.toml", "--identify"];
        args.extend(more);
        args.push(session);
        footlight(dir, &args)
    };
    let before = log();
    let ids = identifiers();
    for (refused, expected) in [(&[] as &[&str], 2), (&["--reason", "  "], 14), (&["--reason", "why not"], 14)] {
        let (code, stdout, stderr) = ask(refused);
        assert_eq!(code, expected, "{stderr}");
        assert!(!ids.iter().any(|id| stdout.contains(id) || stderr.contains(id)), "{stdout}{stderr}");
    }
    assert_eq!(log(), before, "what was refused was not looked at");
    let (code, stdout, stderr) = ask(&["--reason", "the owner of the session asked for it"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(ids.iter().any(|id| stdout.contains(id)), "{stdout}");
    let after = log();
    let line = after.strip_prefix(&before).unwrap();
    assert!(
        line.contains("the owner of the session asked for it") && line.contains(session) && line.lines().count() == 1,
        "{line}"
    );
    assert!(!ids.iter().any(|id| line.contains(id)), "{line}");
    // And where the line cannot be written nothing is shown.
    fs::remove_file(&access_log).unwrap();
    fs::create_dir(&access_log).unwrap();
    let (code, stdout, stderr) = ask(&["--reason", "the owner of the session asked for it"]);
    assert_eq!(code, 1, "{stderr}");
    assert!(!ids.iter().any(|id| stdout.contains(id) || stderr.contains(id)), "{stdout}{stderr}");
}

#[test]
fn no_command_orders_or_picks_people_by_score() {
    let mut commands = vec![Cli::command()];
    let mut seen = 0;
    while let Some(command) = commands.pop() {
        seen += 1;
        for argument in command.get_arguments() {
            let name = argument.get_id().as_str().replace('_', "-");
            for word in ["sort", "order", "rank", "top", "worst", "best", "leader", "band", "score", "min-db", "above"]
            {
                assert!(!name.split('-').any(|part| part == word), "{} has --{name}", command.get_name());
            }
        }
        for word in ["rank", "leaderboard", "top", "people", "list-actors"] {
            assert_ne!(command.get_name(), word);
        }
        commands.extend(command.get_subcommands().cloned());
    }
    assert!(seen > 15, "{seen}");
}

#[test]
fn no_query_orders_or_picks_people_by_what_was_measured() {
    let ask = |sql: &str| footlight(demo(), &["query", "--json", "--lake", &format!("{OUT}/lake"), "--out", OUT, sql]);
    for sql in [
        "select actor, score_db from actor_weeks order by score_db desc",
        "select actor, score_db from actor_weeks order by iso_week, score_db desc limit 3",
        "select actor from actor_weeks order by band",
        "select actor, sum(tokens) as n from actor_weeks group by actor order by n desc",
        "select actor, count(*) as n from sessions group by actor order by 2",
        "select who from (select actor as who, tokens as t from actor_weeks) order by -t",
        "select actor from actor_weeks where score_db > 6",
        "select distinct actor from sessions where band = 'look'",
        "select actor from actor_weeks group by actor having max(score_db) > 6",
        "select actor from sessions where session_id in (select session_id from sessions where band = 'look')",
        "select s.actor from sessions as s inner join signals as r on r.unit_id = s.session_id where r.weight_db > 3",
        "select actor, row_number() over (order by score_db desc) as place from actor_weeks",
        "select first_value(actor order by score_db desc) as worst from actor_weeks",
        "select actor from actor_weeks where tokens = (select max(tokens) from actor_weeks) order by tokens",
        "select unit_id from evidence order by decibans desc",
        "select family from evidence where part = 'unit' order by hundredths desc",
        "select e.family from evidence as e where e.part = 'unit' and e.name = 'look'",
        "select unit_id from evidence where hundredths > 900",
        "select identity, events from identities order by events desc",
        "select looks_like, events from identities order by events desc",
        "select r.aliases, count(*) as n from roster as r inner join events as e on e.actor_id = r.actor_id group by r.aliases order by n desc",
        "select max(case when band = 'look' then actor end) as one from actor_weeks",
        "select array_agg(actor) filter (where band = 'look') as them from actor_weeks",
        "select band, array_agg(actor) as them from actor_weeks group by band",
        "select case when score_db > 6 then actor end as who, iso_week from actor_weeks",
        "select max(concat(tokens, actor)) as most from actor_weeks",
        "select array_sort(array_agg(concat(tokens, actor))) as places from actor_weeks",
        "select actor from actor_weeks where tokens >= (select max(tokens) from actor_weeks)",
        "select actor from actor_weeks where tokens in (select max(tokens) from actor_weeks)",
        "select actor from (select actor, tokens, max(tokens) over () as most from actor_weeks) where tokens = most",
        "select a.actor from actor_weeks as a where not exists (select 1 from actor_weeks as b where b.tokens > a.tokens)",
        "select a.actor, count(*) as place from actor_weeks as a inner join actor_weeks as b on a.iso_week = b.iso_week and a.tokens <= b.tokens group by a.actor",
        "select actor from actor_weeks union all select actor from (select actor from sessions order by cost_usd desc limit 3)",
    ] {
        let (code, stdout, stderr) = ask(sql);
        let is_table = !stderr.contains("not found") && !stdout.contains("not found");
        assert!(code == 14 || !is_table, "{sql}: {code}: {stdout}{stderr}");
        assert!(code != 0, "{sql}: {stdout}");
    }
    for sql in [
        "select * from actor_weeks order by actor, iso_week",
        "select actor, iso_week, tokens, score_db from actor_weeks order by iso_week, actor, tokens",
        "select session_id from sessions where score_db > 6 order by score_db desc",
        "select team_id, count(distinct actor) as people from actor_weeks where band <> 'none' group by team_id order by people",
        "select iso_week, sum(tokens) as n from actor_weeks group by iso_week order by n desc",
        "select band, count(*) as weeks from actor_weeks group by band order by weeks",
        "select band, count(distinct actor) as people from actor_weeks group by band",
        "select actor, max(score_db) as most, min(iso_week) as first from actor_weeks group by actor",
        "select concat(actor, '/', iso_week) as unit, round(score_db, 1) as score from actor_weeks",
        "select actor, started_at from sessions order by started_at limit 3",
        "select actor, iso_week from actor_weeks where tokens > 1000",
        "select actor, iso_week from (select actor, iso_week, tokens, max(tokens) over (partition by actor) as most from actor_weeks) where tokens = most",
        "select a.actor, a.tokens, w.most from actor_weeks as a inner join (select iso_week, max(tokens) as most from actor_weeks group by iso_week) as w on a.iso_week = w.iso_week",
        "select session_id from sessions where input_tokens >= (select max(input_tokens) from sessions)",
        "select actor, tokens, lag(tokens) over (partition by actor order by iso_week) as before from actor_weeks",
        "select actor_id, team_id from roster order by actor_id",
        "select actor from sessions where session_id = 'one'",
        "select identity, form, confidence from identities order by identity",
        "select family, count(*) as readings from signals group by family order by readings desc",
    ] {
        let (code, _, stderr) = ask(sql);
        assert_eq!(code, 0, "{sql}: {stderr}");
    }
}

#[test]
fn no_example_and_no_model_orders_people_by_score() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("README.md"), root.join("src/cli.rs"), root.join("ARCHITECTURE.md")];
    files.extend(
        files_below(&root.join("docs")).into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "md")),
    );
    files.extend(files_below(&root.join("queries")).into_iter().filter(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("rpt_"))
            && path.extension().is_some_and(|kind| kind == "sql")
    }));
    files.extend(files_below(&demo().join(OUT)).into_iter().filter(|path| path.ends_with("views.sql")));
    assert!(files.len() > 12, "{}", files.len());
    for path in files {
        let text = fs::read_to_string(&path).unwrap().to_lowercase();
        for (at, _) in text.match_indices("order by") {
            let keys: String =
                text[at..].chars().take(120).take_while(|&end| !matches!(end, ';' | '"' | '`' | ')')).collect();
            let by_score = ["score", "band", "weight_db", "decibans"].iter().any(|column| keys.contains(column));
            assert!(!(by_score && names_people(&text[..at])), "{}: {keys}", path.display());
        }
    }
}

/// Whether the statement that ends here asks for people one by one.
fn names_people(text: &str) -> bool {
    let statement = text.rsplit(';').next().unwrap_or(text);
    let select = statement.rfind("select").map_or("", |at| &statement[at..]);
    !select.contains("group by") && ["actor", "person", "people", "pseudonym"].iter().any(|word| select.contains(word))
}
