//! The organisation against its own truth, and a probe that nothing but behaviour tells theater from work.

mod held_out;

use super::{Divisions, Hiding, LOOK_ALIKES, Simulation, Strategy, World, family_names};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

fn simulation(seed: u64, people: usize, weeks: usize, world: World) -> Simulation {
    Simulation {
        seed,
        people,
        weeks,
        world,
        theater_share: 0.15,
        families: Vec::new(),
        pace: 1.05,
        strip_text: false,
        native: false,
    }
}

struct Organisation {
    directory: tempfile::TempDir,
    written: super::Written,
}

impl Organisation {
    fn of(simulation: &Simulation) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let written = simulation.write(directory.path()).unwrap();
        Self { directory, written }
    }

    fn rows(&self, table: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        for path in files(&self.directory.path().join("input")) {
            if path.contains(table) {
                let file = std::fs::File::open(self.directory.path().join("input").join(path)).unwrap();
                let mut text = String::new();
                zstd::Decoder::new(file).unwrap().read_to_string(&mut text).unwrap();
                rows.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
            }
        }
        rows
    }

    fn truth(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let mut reader = csv::Reader::from_path(self.directory.path().join("truth").join(name)).unwrap();
        reader.deserialize().map(Result::unwrap).collect()
    }
}

fn files(directory: &Path) -> BTreeSet<String> {
    std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn bytes(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for part in ["input", "truth"] {
        for name in files(&directory.join(part)) {
            let content = std::fs::read(directory.join(part).join(&name)).unwrap();
            all.push((format!("{part}/{name}"), content));
        }
    }
    all
}

fn tokens(row: &Value) -> i64 {
    ["input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"]
        .iter()
        .filter_map(|name| row[name].as_i64())
        .sum()
}

#[test]
fn the_seed_decides_every_byte() {
    let first = Organisation::of(&simulation(7, 24, 4, World::Quota));
    let second = std::thread::spawn(|| Organisation::of(&simulation(7, 24, 4, World::Quota))).join().unwrap();
    assert_eq!(bytes(first.directory.path()), bytes(second.directory.path()));
    let other = Organisation::of(&simulation(8, 24, 4, World::Quota));
    assert_ne!(first.written, other.written);
}

#[test]
fn every_family_and_look_alike_is_there_with_its_label() {
    let organisation = Organisation::of(&simulation(3, 240, 6, World::Quota));
    let truth = organisation.truth("truth.csv");
    let seen = |column: &str| -> BTreeSet<String> {
        truth.iter().map(|row| row[column].clone()).filter(|name| !name.is_empty()).collect()
    };
    assert_eq!(seen("family"), family_names().into_iter().map(str::to_owned).collect());
    assert_eq!(seen("lookalike"), LOOK_ALIKES.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(seen("dose"), ["0.05", "0.2", "0.6"].map(str::to_owned).into());
    // A label stands for injected tokens: whoever meant to play and never did is honest.
    let theater = |rows: &[BTreeMap<String, String>]| -> BTreeSet<String> {
        rows.iter().filter(|row| row["label"] == "theater").map(|row| row["actor_id"].clone()).collect()
    };
    let played = theater(&organisation.truth("truth_sessions.csv"));
    assert_eq!(theater(&truth), played);
    assert!((30..=36).contains(&played.len()), "{}", played.len());
    for row in &truth {
        assert_eq!(row["label"] == "theater", !row["family"].is_empty(), "{row:?}");
        assert!(row["lookalike"].is_empty() || row["label"] == "honest", "{row:?}");
    }
}

#[test]
fn sessions_and_targets_follow_the_pace() {
    let of = |pace: f64| {
        let organisation = Organisation::of(&Simulation { pace, ..simulation(4, 60, 4, World::Clean) });
        let config = std::fs::read_to_string(organisation.directory.path().join("input/footlight.toml")).unwrap();
        let target = config.split("metric = \"tokens\"\nthreshold = ").nth(1).unwrap();
        (organisation.written.sessions as f64, target.split('\n').next().unwrap().parse::<f64>().unwrap())
    };
    let ((few, low), (many, high)) = (of(1.0), of(3.0));
    assert!((2.5..3.5).contains(&(many / few)), "{few} and {many} sessions");
    assert!((high / low - 3.0).abs() < 1e-4, "{low} and {high} tokens");
}

#[test]
fn the_truth_is_about_the_events() {
    let organisation = Organisation::of(&simulation(5, 80, 5, World::Leaderboard));
    let (events, outcomes) = (organisation.rows(".events."), organisation.rows(".outcomes."));
    assert_eq!(events.len() as u64, organisation.written.events);
    assert_eq!(outcomes.len() as u64, organisation.written.outcomes);
    assert_eq!(events.iter().map(tokens).sum::<i64>(), organisation.written.tokens);

    let mut by_session: BTreeMap<&str, (i64, &str)> = BTreeMap::new();
    for event in &events {
        let entry =
            by_session.entry(event["session_id"].as_str().unwrap()).or_insert((0, event["actor_id"].as_str().unwrap()));
        entry.0 += tokens(event);
        assert_eq!(entry.1, event["actor_id"]);
    }
    let sessions = organisation.truth("truth_sessions.csv");
    assert_eq!(sessions.len(), by_session.len());
    let people: BTreeMap<String, String> = organisation
        .truth("truth.csv")
        .into_iter()
        .map(|row| (row["actor_id"].clone(), row["family"].clone()))
        .collect();
    for row in &sessions {
        let (spent, actor) = by_session[row["session_id"].as_str()];
        assert_eq!(row["actor_id"], actor);
        if row["label"] == "theater" {
            assert_eq!(row["injected_tokens"], spent.to_string());
            assert_eq!(row["family"], people[actor]);
        } else {
            assert_eq!((row["injected_tokens"].as_str(), row["family"].as_str()), ("0", ""));
        }
    }
    let ids: BTreeSet<&str> = outcomes.iter().map(|row| row["outcome_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), outcomes.len(), "an outcome's id comes twice");
    let attribution = organisation.truth("truth_attribution.csv");
    assert!(attribution.len() > 100);
    for row in &attribution {
        assert!(
            ids.contains(row["outcome_id"].as_str()) && by_session.contains_key(row["session_id"].as_str()),
            "{row:?}"
        );
    }
}

#[test]
fn about_half_of_what_agents_write_lands() {
    let organisation = Organisation::of(&simulation(2, 60, 5, World::Clean));
    let written: BTreeSet<String> = organisation
        .rows(".events.")
        .iter()
        .filter(|row| row["effect"] == "write")
        .flat_map(|row| {
            let args: Value = serde_json::from_str(row["tool_args"].as_str().unwrap()).unwrap();
            let text = args["content"].as_str().or(args["new_string"].as_str()).unwrap().to_owned();
            text.lines().filter(|line| line.trim().len() > 12).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let landed: BTreeSet<String> = organisation
        .rows(".outcomes.")
        .iter()
        .filter_map(|row| row["patch"].as_str())
        .flat_map(|patch| {
            patch.lines().filter_map(|line| line.strip_prefix('+')).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let share = written.intersection(&landed).count() as f64 / written.len() as f64;
    assert!((0.35..0.62).contains(&share), "{share}");
}

#[test]
fn a_clean_world_has_policy_and_nothing_else() {
    let organisation = Organisation::of(&simulation(4, 60, 5, World::Clean));
    assert_eq!(organisation.written.injected_tokens, 0);
    let honest =
        |row: &BTreeMap<String, String>| row["label"] == "honest" && matches!(row["lookalike"].as_str(), "" | "ci_bot");
    assert!(organisation.truth("truth.csv").iter().all(honest));
    let policies = |organisation: &Organisation, name: &str| {
        let text = std::fs::read_to_string(organisation.directory.path().join("input/footlight.toml")).unwrap();
        toml::from_str::<toml::Table>(&text).unwrap().get(name).map_or(0, |list| list.as_array().unwrap().len())
    };
    assert_eq!(policies(&organisation, "quota"), 2);
    let without = Organisation::of(&simulation(4, 60, 5, World::NoIncentive));
    assert!(without.written.injected_tokens > 0);
    assert_eq!((policies(&without, "quota"), policies(&without, "leaderboard")), (0, 0));
}

#[test]
fn without_text_there_is_none_and_counts_stay() {
    let with = Organisation::of(&simulation(6, 24, 3, World::Quota));
    let without = Organisation::of(&Simulation { strip_text: true, ..simulation(6, 24, 3, World::Quota) });
    assert_eq!(with.written, without.written);
    assert!(without.rows(".events.").iter().all(|row| row.get("text").is_none() && row.get("tool_args").is_none()));
    assert!(without.rows(".outcomes.").iter().all(|row| row.get("patch").is_none()));
}

#[test]
fn transcripts_are_the_same_organisation() {
    let canonical = Organisation::of(&simulation(6, 24, 3, World::Quota));
    let native = Organisation::of(&Simulation { native: true, ..simulation(6, 24, 3, World::Quota) });
    assert_eq!(canonical.written, native.written);
    assert_eq!(canonical.truth("truth_attribution.csv"), native.truth("truth_attribution.csv"));
    assert_eq!(canonical.rows(".outcomes."), native.rows(".outcomes."));
    // Those who use another client stay in the shards.
    let left = native.rows(".events.");
    assert!(!left.is_empty() && left.iter().all(|row| !row["client"].as_str().unwrap().starts_with("claude-code")));
    let both = Simulation { native: true, strip_text: true, ..simulation(6, 24, 3, World::Quota) };
    assert!(both.write(native.directory.path()).unwrap_err().to_string().contains("without text"));
}

/// The share of all tokens that is injected, by dose; people begin in one of the first weeks, so it is a little lower than its name.
fn injected_shares(organisation: &Organisation) -> BTreeMap<String, f64> {
    let mut spent: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    let actors: BTreeMap<String, String> = organisation
        .truth("truth.csv")
        .into_iter()
        .filter(|row| row["label"] == "theater" && row["evasion"] != "overshoot" && row["family"] != "rank_chaser")
        .map(|row| (row["actor_id"].clone(), row["dose"].clone()))
        .collect();
    let injected: BTreeSet<String> = organisation
        .truth("truth_sessions.csv")
        .into_iter()
        .filter(|row| row["label"] == "theater")
        .map(|row| row["session_id"].clone())
        .collect();
    for event in organisation.rows(".events.") {
        let Some(dose) = actors.get(event["actor_id"].as_str().unwrap()) else { continue };
        let entry = spent.entry(dose.clone()).or_default();
        entry.0 += tokens(&event);
        if injected.contains(event["session_id"].as_str().unwrap()) {
            entry.1 += tokens(&event);
        }
    }
    spent.into_iter().map(|(dose, (all, made))| (dose, made as f64 / all as f64)).collect()
}

/// What these shares may be.
const DOSES: [(&str, std::ops::Range<f64>); 3] = [("0.05", 0.02..0.09), ("0.2", 0.12..0.27), ("0.6", 0.4..0.66)];

#[test]
fn doses_are_about_what_they_are_called() {
    let shares = injected_shares(&Organisation::of(&simulation(9, 240, 7, World::NoIncentive)));
    for (dose, range) in DOSES {
        assert!(range.contains(&shares[dose]), "dose {dose}: {}", shares[dose]);
    }
}

#[test]
fn the_document_names_them_all() {
    let document = include_str!("../../docs/evaluation.md");
    let evasions = super::families::FAMILIES.iter().flat_map(|family| family.evasions).copied();
    for name in family_names().into_iter().chain(LOOK_ALIKES).chain(World::ALL.map(World::as_str)).chain(evasions) {
        assert!(document.contains(&format!("`{name}`")), "{name}");
    }
}

/// A group that adapts changes what it injects and nothing else: not who it is, not its honest work, not what others do.
#[test]
fn strategies_differ_in_nothing_but_themselves() {
    let world = simulation(13, 48, 5, World::Quota);
    let written = |strategy: &Strategy| {
        let directory = tempfile::tempdir().unwrap();
        let written = world.write_with(strategy, directory.path()).unwrap();
        Organisation { directory, written }
    };
    let honest = written(&Strategy::honest());
    let naive = Strategy::naive("pad_article", 0.5).unwrap();
    let hiding = Hiding { paraphrase: 1.0, junk_commits: 1.0, colleagues: 2, ..naive.hiding.clone() };
    let (plain, hidden) = (written(&naive), written(&Strategy { hiding, ..naive }));
    let work = |organisation: &Organisation| -> Vec<Value> {
        let injected: BTreeSet<String> = organisation
            .truth("truth_sessions.csv")
            .into_iter()
            .filter(|row| row["label"] == "theater")
            .map(|row| row["session_id"].clone())
            .collect();
        organisation
            .rows(".events.")
            .into_iter()
            .filter(|row| !injected.contains(row["session_id"].as_str().unwrap()))
            .collect()
    };
    let group = |organisation: &Organisation| -> Vec<BTreeMap<String, String>> {
        organisation.truth("truth.csv").into_iter().filter(|row| row["label"] == "theater").collect()
    };
    assert_eq!(honest.written.injected_tokens, 0);
    assert_eq!(work(&plain), work(&honest));
    assert_eq!(work(&hidden), work(&honest));
    assert_eq!(group(&plain).len(), 7);
    assert!(group(&hidden).iter().all(|row| row["evasion"] == "adaptive" && row["dose"] == "0.5"));
    assert!(group(&plain).iter().all(|row| row["evasion"].is_empty()));
    assert!(hidden.written.outcomes > plain.written.outcomes, "junk commits are outcomes");
    // Half of the group's tokens from the incentive on are injected.
    let members: BTreeSet<String> = group(&plain).into_iter().map(|row| row["actor_id"].clone()).collect();
    let from = "2026-01-12";
    assert_eq!(world.incentive_week(), "2026-W03");
    let spent: i64 = plain
        .rows(".events.")
        .iter()
        .filter(|row| members.contains(row["actor_id"].as_str().unwrap()) && row["ts"].as_str().unwrap() >= from)
        .map(tokens)
        .sum();
    let share = plain.written.injected_tokens as f64 / spent as f64;
    assert!((0.4..0.6).contains(&share), "{share}");
}

#[test]
fn unknown_families_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let wrong = Simulation { families: vec!["magic".to_owned()], ..simulation(1, 12, 2, World::Quota) };
    assert!(wrong.write(directory.path()).unwrap_err().to_string().contains("`magic` is no family"));
    let one =
        Organisation::of(&Simulation { families: vec!["hugger".to_owned()], ..simulation(1, 48, 4, World::Quota) });
    let families: BTreeSet<String> = one.truth("truth.csv").into_iter().map(|row| row["family"].clone()).collect();
    assert_eq!(families, BTreeSet::from([String::new(), "hugger".to_owned()]));
}

/// Area under the ROC curve by counting pairs.
fn auroc(positive: &[f64], negative: &[f64]) -> f64 {
    let mut won = 0.0;
    for a in positive {
        for b in negative {
            won += if a > b {
                1.0
            } else if a == b {
                0.5
            } else {
                0.0
            };
        }
    }
    won / (positive.len() * negative.len()) as f64
}

/// What is no behaviour: digits of ids, decimals of times, and which fields a kind of row has. Fields that say what was done (`path`,
/// `is_error` of a completion, `repo`, `parent_session_id`, `trigger`) are behaviour and not in here.
fn artifacts(rows: &[&Value]) -> Vec<f64> {
    let digit = |text: &str, place: usize| text.chars().nth(place).and_then(|c| c.to_digit(16)).map_or(-1.0, f64::from);
    let first = rows[0];
    let session = first["session_id"].as_str().unwrap();
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let decimals = |row: &&Value, modulus: i64| {
        let millis: i64 = row["ts"].as_str().unwrap()[20..23].parse().unwrap();
        (millis % modulus) as f64
    };
    let mut features = vec![digit(session, 0), digit(session, 9), digit(session, 35), session.len() as f64];
    features.push(digit(first["event_id"].as_str().unwrap(), 0));
    features.push(mean(rows.iter().map(|row| decimals(row, 1_000)).collect()));
    features.push(mean(rows.iter().map(|row| decimals(row, 10)).collect()));
    features.push(decimals(&first, 1_000));
    for (kind, field) in [
        ("prompt", "text"),
        ("prompt", "event_id"),
        ("completion", "reasoning_tokens"),
        ("completion", "duration_ms"),
        ("completion", "model"),
        ("tool_call", "tool_args"),
        ("tool_call", "approval"),
        ("tool_call", "call_id"),
        ("tool_result", "is_error"),
        ("tool_result", "duration_ms"),
    ] {
        let of_kind: Vec<f64> = rows
            .iter()
            .filter(|row| row["kind"] == kind && !(kind == "completion" && row["token_basis"] == "absent"))
            .map(|row| f64::from(row.get(field).is_some()))
            .collect();
        features.push(if of_kind.is_empty() { 1.0 } else { mean(of_kind) });
    }
    features
}

/// How well what is no behaviour tells injected sessions from honest ones: the area under the ROC curve of a Gaussian naive Bayes (a variance
/// floor keeps constant features silent), trained on half of the people and judged on the others.
fn area_of_artifacts(organisation: &Organisation) -> f64 {
    let injected: BTreeSet<String> = organisation
        .truth("truth_sessions.csv")
        .into_iter()
        .filter(|row| row["label"] == "theater")
        .map(|row| row["session_id"].clone())
        .collect();
    let events = organisation.rows(".events.");
    let mut sessions: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for event in events.iter().filter(|event| !event["actor_id"].as_str().unwrap().contains("-bot-")) {
        sessions.entry(event["session_id"].as_str().unwrap()).or_default().push(event);
    }
    let (mut train, mut test) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for (id, rows) in &sessions {
        let label = usize::from(injected.contains(*id));
        let actor = rows[0]["actor_id"].as_str().unwrap();
        let half = if actor.len() % 2 == 0 { &mut train } else { &mut test };
        half[label].push(artifacts(rows));
    }
    assert!(test[1].len() > 150 && train[1].len() > 150, "{} {}", test[1].len(), train[1].len());
    let moments = |rows: &[Vec<f64>], column: usize| {
        let mean = rows.iter().map(|row| row[column]).sum::<f64>() / rows.len() as f64;
        let variance = rows.iter().map(|row| (row[column] - mean).powi(2)).sum::<f64>() / rows.len() as f64;
        (mean, variance + 1e-3)
    };
    let width = train[0][0].len();
    let fitted: Vec<[(f64, f64); 2]> =
        (0..width).map(|column| [moments(&train[0], column), moments(&train[1], column)]).collect();
    let log_odds = |row: &Vec<f64>| -> f64 {
        let density =
            |value: f64, (mean, variance): (f64, f64)| -0.5 * (variance.ln() + (value - mean).powi(2) / variance);
        row.iter()
            .zip(&fitted)
            .map(|(value, [honest, theater])| density(*value, *theater) - density(*value, *honest))
            .sum()
    };
    let scores = test.each_ref().map(|rows| rows.iter().map(log_odds).collect::<Vec<f64>>());
    auroc(&scores[1], &scores[0])
}

#[test]
fn ids_decimals_and_fields_tell_nothing() {
    // Half of the people play, so that few people give enough sessions of both kinds.
    let half = Simulation { theater_share: 0.5, ..simulation(11, 150, 6, World::NoIncentive) };
    let area = area_of_artifacts(&Organisation::of(&half));
    assert!((0.45..=0.55).contains(&area), "{area}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn rows_are_in_order_and_complete(seed in 0u64..1_000_000, world in 0usize..5) {
        let organisation = Organisation::of(&simulation(seed, 14, 3, World::ALL[world]));
        let mut last: BTreeMap<String, jiff::Timestamp> = BTreeMap::new();
        let mut ids = BTreeSet::new();
        for event in organisation.rows(".events.") {
            let at: jiff::Timestamp = event["ts"].as_str().unwrap().parse().unwrap();
            let before = last.insert(event["session_id"].as_str().unwrap().to_owned(), at);
            prop_assert!(before.is_none_or(|before| before <= at));
            prop_assert!(ids.insert(event["event_id"].as_str().unwrap().to_owned()));
            prop_assert!(event["token_basis"].is_null() == (event["kind"] != "completion"));
        }
    }
}

/// Every file of `input` with its content.
fn inputs(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let input = directory.join("input");
    files(&input).into_iter().map(|name| (name.clone(), std::fs::read(input.join(name)).unwrap())).collect()
}

fn divided(events: u64, threads: usize, plain: bool) -> (tempfile::TempDir, super::Written) {
    let directory = tempfile::tempdir().unwrap();
    let division = simulation(7, 14, 3, World::Quota);
    let written = Divisions { division, events, plain, threads }.write(directory.path()).unwrap();
    (directory, written)
}

#[test]
fn divisions_are_the_same_whatever_the_threads() {
    let ((one, written), (many, same)) = (divided(9_000, 1, false), divided(9_000, 5, false));
    assert_eq!(written, same);
    assert!(inputs(one.path()) == inputs(many.path()), "a byte depends on the number of threads");
    assert!(!one.path().join("truth").exists());
    // The division that reaches the number is the last: one fewer does not, and what was made ahead is gone.
    let shards = files(&one.path().join("input")).iter().filter(|name| name.contains(".events.")).count();
    let (less, before) = divided(written.events - 1, 1, false);
    assert!((9_000..written.events + 1).contains(&before.events), "{before:?}");
    assert_eq!(files(&less.path().join("input")).iter().filter(|name| name.contains(".events.")).count(), shards);
}

#[test]
fn divisions_share_nobody_and_are_plain_on_request() {
    let (directory, written) = divided(6_000, 2, true);
    let (mut events, mut people, mut keys) = (0, BTreeMap::<String, usize>::new(), BTreeSet::new());
    let mut shards = 0;
    for (name, content) in inputs(directory.path()) {
        if !name.ends_with(".events.ndjson") {
            continue;
        }
        let mut seen = BTreeSet::new();
        for line in String::from_utf8(content).unwrap().lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            seen.insert(row["actor_id"].as_str().unwrap().to_owned());
            assert!(keys.insert(row["event_id"].as_str().unwrap().to_owned()), "two events have one id");
            events += 1;
        }
        seen.into_iter().for_each(|actor| *people.entry(actor).or_default() += 1);
        shards += 1;
    }
    assert!(shards > 1, "one division says nothing about two");
    assert_eq!(events, written.events);
    assert!(people.values().all(|shards| *shards == 1), "{people:?}");
    let roster = csv::Reader::from_path(directory.path().join("input/roster.csv")).unwrap().into_records().count();
    assert_eq!(roster, shards * 15, "fourteen people and a service each");
}

/// The first division is the organisation that stands alone: its people, week by week.
#[test]
fn the_first_division_is_the_organisation_of_its_size() {
    let alone = Organisation::of(&simulation(7, 14, 3, World::Quota));
    let (divided, _) = divided(1, 1, true);
    let first = std::fs::read_to_string(divided.path().join("input/part-00.events.ndjson")).unwrap();
    let mut rows: Vec<Value> = first.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut expected = alone.rows(".events.");
    let key = |row: &Value| row["event_id"].as_str().map(str::to_owned);
    rows.sort_by_key(key);
    expected.sort_by_key(key);
    assert!(rows == expected, "{} rows against {}", rows.len(), expected.len());
}
