//! For people, not about them: a person's own file, and objections that scoring honours and counts.

use crate::sample::{OUT, demo, footlight};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The sample's configuration with its key, in a directory of its own, so that a file of objections can lie beside it.
fn configuration(name: &str) -> String {
    let directory = demo().join(name);
    fs::create_dir_all(&directory).unwrap();
    let key = demo().join(OUT).join("sample/pseudonym.key");
    let text = fs::read_to_string(demo().join(OUT).join("sample/footlight.toml")).unwrap();
    let path = directory.join("footlight.toml");
    fs::write(&path, text.replace("\"pseudonym.key\"", &format!("{:?}", key.to_str().unwrap()))).unwrap();
    path.to_str().unwrap().to_owned()
}

fn rows(out: &str, sql: &str) -> Vec<Value> {
    let lake = format!("{OUT}/lake");
    let (code, stdout, stderr) = footlight(demo(), &["query", "--json", "--lake", &lake, "--out", out, sql]);
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str::<Value>(&stdout).unwrap()["rows"].as_array().unwrap().clone()
}

#[test]
fn a_person_gets_their_own_file_and_nobody_elses() {
    let dir = demo();
    let (lake, config) = (format!("{OUT}/lake"), configuration("subject"));
    let ask = |id: &str, reason: &str| {
        footlight(
            dir,
            &[
                "subject", "--json", "--id", id, "--lake", &lake, "--out", OUT, "--reason", reason, "--to", "own",
                "--config", &config,
            ],
        )
    };
    assert_eq!(ask("cleo.tarn@example.com", "because").0, 14, "a reason that says nothing");
    let (code, _, stderr) = ask("nobody.here@example.com", "asked for on 1 July");
    assert_eq!(code, 2);
    assert!(!stderr.contains("nobody.here"), "messages end in logs: {stderr}");
    // By alias: the roster knows who that is.
    let (code, stdout, stderr) = ask("ctarn", "Cleo asked for her own file");
    assert_eq!(code, 0, "{stderr}");
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    let pseudonym = answer["pseudonym"].as_str().unwrap();
    let file: Value = serde_json::from_str(&fs::read_to_string(dir.join("own/subject.json")).unwrap()).unwrap();
    assert_eq!(file["person"]["account"], "cleo.tarn@example.com");
    let of_hers = rows(OUT, &format!("select count(*) as n from sessions where actor = '{pseudonym}'"));
    let sessions = file["sessions"].as_array().unwrap();
    assert_eq!(of_hers[0]["n"], sessions.len());
    assert!(sessions.iter().all(|one| one["session"]["actor"] == pseudonym));
    // The same evidence as whoever asks about her: each reading with its numbers, and of whom it is.
    let of_hers = format!(
        "select count(*) as n from signals where unit_id in (select session_id from sessions where actor = '{pseudonym}')"
    );
    let readings: Vec<&Value> = sessions.iter().flat_map(|one| one["readings"].as_array().unwrap()).collect();
    assert_eq!(rows(OUT, &of_hers)[0]["n"], readings.len());
    assert!(!readings.is_empty());
    assert!(sessions.iter().all(|one| {
        one["readings"].as_array().unwrap().iter().all(|reading| reading["unit_id"] == one["session"]["session_id"])
    }));
    assert!(file["held"].as_array().unwrap().iter().any(|held| held["table"] == "events"));
    let roster = fs::read_to_string(dir.join(OUT).join("sample/roster.csv")).unwrap();
    let pseudonyms = rows(OUT, &format!("select distinct actor from sessions where actor <> '{pseudonym}'"));
    for name in ["subject.html", "subject.md", "subject.json"] {
        let text = fs::read_to_string(dir.join("own").join(name)).unwrap();
        for id in roster.lines().skip(1).filter_map(|line| line.split(',').next()).filter(|id| !id.starts_with("cleo"))
        {
            assert!(!text.contains(id), "{name} names {id}");
        }
        for other in &pseudonyms {
            assert!(!text.contains(other["actor"].as_str().unwrap()), "{name} has somebody else's pseudonym");
        }
    }
    only_the_owner_can_read(&dir.join("own/subject.html"));
    let log = fs::read_to_string(dir.join(&lake).join("access_log")).unwrap();
    let line = log.lines().find(|line| line.contains("Cleo asked for her own file")).unwrap();
    assert!(line.contains(pseudonym) && line.contains("\"command\":\"subject\""), "{line}");
    assert!(!line.contains("cleo.tarn"), "the log has no names: {line}");
}

#[cfg(unix)]
fn only_the_owner_can_read(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o077, 0);
}

#[cfg(not(unix))]
fn only_the_owner_can_read(_: &Path) {}

#[test]
fn objections_are_honoured_shown_and_counted() {
    let dir = demo();
    let (lake, config) = (format!("{OUT}/lake"), configuration("objections"));
    let flagged = rows(OUT, "select session_id from sessions where band = 'look' order by session_id limit 2");
    let session = |index: usize| flagged[index]["session_id"].as_str().unwrap();
    let weeks = rows(OUT, "select actor || '/' || iso_week as unit, band from actor_weeks order by 1");
    let week = weeks.iter().find(|week| week["band"] == "none").unwrap()["unit"].as_str().unwrap();
    let text = format!(
        "unit,reason,date,decision\n\
         {},\"a load test, announced to the team\",2026-07-20,accepted\n\
         {},<b>mine</b>,2026-07-20,open\n\
         {week},wrong account,2026-07-21,rejected\n\
         gone,nothing,2026-07-21,open\n",
        session(0),
        session(1)
    );
    fs::write(dir.join("objections/objections.csv"), text).unwrap();
    let (code, _, stderr) = footlight(dir, &["score", "--lake", &lake, "--out", "objected", "--config", &config]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("1 objections are about units that are not in this run"), "{stderr}");
    let (code, _, stderr) = footlight(dir, &["report", "--out", "objected"]);
    assert_eq!(code, 0, "{stderr}");
    let run: Value = serde_json::from_str(&fs::read_to_string(dir.join("objected/run.json")).unwrap()).unwrap();
    assert_eq!(
        run["run"]["objections"],
        serde_json::json!({ "open": 1, "accepted": 1, "rejected": 1, "unmatched": 1 })
    );
    let report = fs::read_to_string(dir.join("objected/report.md")).unwrap();
    for line in [
        "| Objections: open, the unit is contested | 1 |",
        "| Objections: accepted, the unit is out of the scores | 1 |",
    ] {
        assert!(report.contains(line), "{line}");
    }
    let marked =
        rows("objected", "select band, score_db, objection from sessions where objection <> '' order by objection");
    assert_eq!(marked[0], serde_json::json!({ "band": "none", "score_db": 0.0, "objection": "accepted" }));
    assert_eq!((&marked[1]["band"], &marked[1]["objection"]), (&"look".into(), &"open".into()));
    let (_, stdout, _) = footlight(dir, &["explain", "--out", "objected", session(0)]);
    assert!(stdout.contains("an objection was accepted on 2026-07-20: a load test, announced to the team"), "{stdout}");
    let page = dir.join("case.html");
    let (code, stdout, stderr) =
        footlight(dir, &["explain", "--out", "objected", "--html", page.to_str().unwrap(), session(1)]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("contested: an objection of 2026-07-20 is open"), "{stdout}");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("Contested.") && page.contains("&#60;b&#62;mine") && !page.contains("<b>mine"), "{page}");
    // A typing mistake must not lose an objection.
    fs::write(dir.join("objections/objections.csv"), "unit,reason,date,decision\ns,r,2026-07-20,maybe\n").unwrap();
    let (code, _, stderr) = footlight(dir, &["score", "--lake", &lake, "--out", "objected", "--config", &config]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("objections.csv:2:"), "{stderr}");
}

#[test]
fn a_week_is_shown_with_the_evidence_of_its_sessions() {
    let dir = demo();
    let sql = "select distinct concat(s.actor, '/', s.iso_week) as unit
        from sessions as s inner join findings as f on s.session_id = f.session_id
        order by unit limit 5";
    let weeks = rows(OUT, sql);
    assert!(!weeks.is_empty());
    for week in weeks {
        let unit = week["unit"].as_str().unwrap();
        let own = rows(
            OUT,
            &format!(
                "select session_id from sessions where concat(actor, '/', iso_week) = '{unit}' order by started_at, session_id"
            ),
        );
        let ids: Vec<&str> = own.iter().map(|row| row["session_id"].as_str().unwrap()).collect();
        let page = dir.join("week.html");
        let (code, stdout, stderr) =
            footlight(dir, &["explain", "--json", "--out", OUT, "--html", page.to_str().unwrap(), unit]);
        assert_eq!(code, 0, "{stderr}");
        let case: Value = serde_json::from_str(&stdout).unwrap();
        let exhibits = case["exhibits"].as_array().unwrap();
        let shown: Vec<&str> = exhibits.iter().map(|one| one["session"]["session_id"].as_str().unwrap()).collect();
        assert_eq!(shown, ids);
        let of_week = format!("in ('{}')", ids.join("', '"));
        for (table, column, member) in [
            ("findings", "session_id", "findings"),
            ("attribution", "session_id", "attribution"),
            ("signals", "unit_id", "readings"),
        ] {
            let or_own = if table == "signals" { format!(" or unit_id = '{unit}'") } else { String::new() };
            let count = rows(OUT, &format!("select count(*) as n from {table} where {column} {of_week}{or_own}"));
            assert_eq!(count[0]["n"], case[member].as_array().unwrap().len(), "{table} of {unit}");
        }
        let page = fs::read_to_string(page).unwrap();
        assert!(ids.iter().all(|id| page.contains(&format!("<code>{id}</code>"))), "{unit}");
        assert!(page.contains("exhibit 1") || page.contains("Exhibit 1"), "{unit}");
    }
}

#[test]
fn ids_are_listed_under_pseudonyms_and_by_name_for_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let roster = "actor_id,aliases,team_id,role,kind\n\
        ada@example.com,adal;shared,red,engineer,person\n\
        bob@example.com,shared,red,engineer,person\n\
        cy@example.com,cy,red,engineer,person\n\
        cy@example.com,cyc,blue,engineer,person\n";
    let event = |number: u32, actor: &str| {
        format!(
            "{{\"ts\":\"2026-06-01T09:00:0{number}Z\",\"session_id\":\"s{number}\",\"kind\":\"prompt\",\"actor_id\":\"{actor}\",\"text\":\"go\"}}\n"
        )
    };
    let accounts =
        ["Ada+ci@example.com", "7+AdaL@users.noreply.github.com", "shared", "cyc", "Ada", "noreply@github.com"];
    let events: String = accounts.iter().enumerate().map(|(number, actor)| event(number as u32, actor)).collect();
    fs::create_dir_all(dir.join("in")).unwrap();
    fs::write(dir.join("in/roster.csv"), roster).unwrap();
    fs::write(dir.join("in/week.events.ndjson"), events).unwrap();
    let (code, _, stderr) = footlight(dir, &["run", "--input", "in", "--lake", "lake", "--out", "out"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("2 ids contradict themselves"), "{stderr}");

    let (code, stdout, stderr) = footlight(dir, &["identities", "--lake", "lake"]);
    assert_eq!(code, 0, "{stderr}");
    for name in ["example.com", "adal", "shared", "cyc"] {
        assert!(!stdout.contains(name), "{name}: {stdout}");
    }
    assert!(stdout.contains("conflict: claimed by two entries of the roster"), "{stdout}");
    // Nor does the order, which is that of the pseudonyms.
    let pseudonyms: Vec<&str> =
        stdout.lines().filter_map(|line| line.split_once(" -> ")?.1.split_once("  ")).map(|(actor, _)| actor).collect();
    assert!(pseudonyms.len() > 5 && pseudonyms.is_sorted(), "{stdout}");
    assert_eq!(footlight(dir, &["identities", "--lake", "lake", "--identify"]).0, 14, "no reason");
    let reason = "the roster has one alias for two people";
    let named = ["identities", "--json", "--lake", "lake", "--identify", "--reason", reason];
    let (code, stdout, stderr) = footlight(dir, &named);
    assert_eq!(code, 0, "{stderr}");
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    let told: Vec<String> = answer["identities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
            format!(
                "{} -> {} {} {} {}",
                text("identity"),
                text("actor"),
                text("confidence"),
                row["conflict"],
                text("looks_like")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "7+AdaL@users.noreply.github.com -> ada@example.com login false -",
            "Ada+ci@example.com -> ada@example.com email false -",
            "cy@example.com -> cy@example.com unknown true -",
            "noreply@github.com -> (unassigned) unknown false -",
            "Ada -> ada itself false ada@example.com",
            "cyc -> cy@example.com roster false -",
            "shared -> (unassigned) unknown true -",
        ]
    );
    let log = fs::read_to_string(dir.join("lake/access_log")).unwrap();
    assert!(log.contains(reason) && log.contains("identities --identify"), "{log}");
    // Of Cy the roster says two teams: the later row decides. What two people claim is nobody's.
    let (_, stdout, _) = footlight(
        dir,
        &[
            "query",
            "--json",
            "--lake",
            "lake",
            "--out",
            "out",
            "select session_id, team_id, actor = '(unassigned)' as nobody from sessions order by session_id",
        ],
    );
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    let teams: Vec<String> = answer["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {}", row["team_id"].as_str().unwrap(), row["nobody"]))
        .collect();
    let nobody = "(unassigned) true";
    assert_eq!(teams, ["red false", "red false", nobody, "blue false", "(unassigned) false", nobody]);
}

/// Of the rows about one person those of the newest run hold: a line that is added to the roster must not hide the lines before it.
#[test]
fn a_line_added_to_the_roster_leaves_the_earlier_ones_in_force() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let header = "actor_id,aliases,team_id,role,kind,time_zone,active_from,active_to\n";
    let then = "ada@example.com,ada@x.test;adal,red,eng,person,Europe/Berlin,2025-01-01,2026-03-31\n";
    let now = "ada@example.com,,blue,eng,person,Europe/Berlin,2026-04-01,\n";
    let event = "{\"ts\":\"2026-06-01T09:00:00Z\",\"session_id\":\"s\",\"kind\":\"prompt\",\"actor_id\":\"adal\",\"text\":\"go\"}\n";
    fs::create_dir_all(dir.join("in")).unwrap();
    fs::write(dir.join("in/week.events.ndjson"), event).unwrap();
    let ingest = |lake: &str, roster: &[&str]| {
        fs::write(dir.join("in/roster.csv"), roster.concat()).unwrap();
        let (code, _, stderr) = footlight(dir, &["ingest", "--input", "in", "--lake", lake]);
        assert_eq!(code, 0, "{stderr}");
    };
    let identities = |lake: &str| {
        let reason = "holding two lakes against each other";
        let (code, stdout, stderr) =
            footlight(dir, &["identities", "--json", "--lake", lake, "--identify", "--reason", reason]);
        assert_eq!(code, 0, "{stderr}");
        serde_json::from_str::<Value>(&stdout).unwrap()["identities"].clone()
    };
    ingest("grown", &[header, then]);
    ingest("grown", &[header, then, now]);
    ingest("clean", &[header, then, now]);
    let clean = identities("clean");
    assert_eq!((&clean[0]["identity"], &clean[0]["actor"]), (&"adal".into(), &"ada@example.com".into()), "{clean}");
    assert_eq!(identities("grown"), clean);
    // The file is read whole, so what was read of it before is not counted again.
    let counted = |lake: &str| {
        let sql = "select records, rejects from ingested order by source_file";
        footlight(dir, &["query", "--json", "--lake", lake, sql]).1
    };
    assert_eq!(counted("grown"), counted("clean"));
}
