//! The held-out families: made when asked for and never else, told by nothing but behaviour, doing what they are named for, and frozen.

use super::*;
use crate::simulate::{HELD_OUT, held_out, held_out_names};
use sha2::{Digest, Sha256};

fn held_out_world(seed: u64, people: usize, weeks: usize, families: &[&str]) -> Organisation {
    Organisation::of(&Simulation {
        theater_share: 0.5,
        families: families.iter().map(|name| (*name).to_owned()).collect(),
        ..simulation(seed, people, weeks, World::NoIncentive)
    })
}

fn families_of(organisation: &Organisation) -> BTreeSet<String> {
    let names = organisation.truth("truth.csv").into_iter().map(|row| row["family"].clone());
    names.filter(|name| !name.is_empty()).collect()
}

/// Whoever changes a held-out family after it was measured makes it another one: then its figures in docs/evaluation.md are void, and these
/// digests are to be renewed in the same commit.
#[test]
fn sources_are_as_they_were_frozen() {
    let frozen = [
        (
            "mod.rs",
            include_str!("../held_out/mod.rs"),
            "8996ecfa75964561dfa671c6897ea965f636fb3e9b13c9903530a193d8023a74",
        ),
        (
            "sessions.rs",
            include_str!("../held_out/sessions.rs"),
            "5079779ca828854e78034c2e7abe93e501ac32277f36476d7450a7050077f65a",
        ),
        (
            "phrases.rs",
            include_str!("../held_out/phrases.rs"),
            "bb9c38aa9551b86ef746367b8d0e8fe859aa3b3703a276c50cd0c99cd33344b4",
        ),
    ];
    let document = include_str!("../../../docs/evaluation.md");
    for (name, source, digest) in frozen {
        let found: String = Sha256::digest(source).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, digest, "{name} is not what was frozen");
        assert!(document.contains(digest), "docs/evaluation.md does not name the digest of {name}");
    }
    for name in held_out_names() {
        assert!(document.contains(&format!("`{name}`")), "docs/evaluation.md does not name {name}");
    }
}

#[test]
fn they_are_made_only_when_asked_for() {
    let all: BTreeSet<String> = held_out_names().into_iter().map(str::to_owned).collect();
    assert_eq!(all.len(), 8);
    assert!(family_names().iter().all(|name| !all.contains(*name)));
    assert_eq!(families_of(&held_out_world(3, 96, 4, &[HELD_OUT])), all);
    let two = held_out_world(3, 24, 4, &["idle_trivia", "hugger"]);
    assert_eq!(families_of(&two), ["hugger", "idle_trivia"].map(str::to_owned).into());
    assert!(families_of(&held_out_world(3, 96, 4, &[])).is_disjoint(&all));
    for name in held_out_names() {
        assert_eq!(Strategy::naive(name, 0.4), None, "{name}: nobody adapts with it");
    }
}

#[test]
fn their_labels_and_doses_are_as_of_the_others() {
    let organisation = held_out_world(9, 200, 7, &[HELD_OUT]);
    let shares = injected_shares(&organisation);
    for (dose, range) in DOSES {
        assert!(range.contains(&shares[dose]), "dose {dose}: {}", shares[dose]);
    }
    let of_sessions: BTreeSet<(String, String)> = organisation
        .truth("truth_sessions.csv")
        .into_iter()
        .filter(|row| row["label"] == "theater")
        .map(|row| (row["actor_id"].clone(), row["family"].clone()))
        .collect();
    let of_people: BTreeSet<(String, String)> = organisation
        .truth("truth.csv")
        .into_iter()
        .filter(|row| row["label"] == "theater")
        .map(|row| (row["actor_id"].clone(), row["family"].clone()))
        .collect();
    assert_eq!(of_sessions, of_people);
    let evasions: BTreeSet<&str> = held_out::FAMILIES.iter().flat_map(|family| family.evasions).copied().collect();
    for row in organisation.truth("truth.csv") {
        assert!(row["evasion"].is_empty() || evasions.contains(row["evasion"].as_str()), "{row:?}");
    }
}

#[test]
fn ids_decimals_and_fields_tell_nothing_of_them() {
    // More people than in the probe of the twelve: eight families make fewer sessions.
    let area = area_of_artifacts(&held_out_world(11, 400, 6, &[HELD_OUT]));
    assert!((0.45..=0.55).contains(&area), "{area}");
}

/// Rows of the injected sessions of each family, a session after the other.
fn sessions_by_family(organisation: &Organisation) -> BTreeMap<String, Vec<Vec<Value>>> {
    let mut sessions: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for event in organisation.rows(".events.") {
        sessions.entry(event["session_id"].as_str().unwrap().to_owned()).or_default().push(event);
    }
    let mut families: BTreeMap<String, Vec<Vec<Value>>> = BTreeMap::new();
    for row in organisation.truth("truth_sessions.csv").into_iter().filter(|row| row["label"] == "theater") {
        families.entry(row["family"].clone()).or_default().push(sessions.remove(&row["session_id"]).unwrap());
    }
    families
}

fn texts<'a>(session: &'a [Value], kind: &str) -> Vec<&'a str> {
    session.iter().filter(|row| row["kind"] == kind).filter_map(|row| row["text"].as_str()).collect()
}

fn count(session: &[Value], field: &str, value: &str) -> usize {
    session.iter().filter(|row| row[field] == value).count()
}

/// What the document says of each family, seen in the rows that it writes.
#[test]
fn each_does_what_it_is_named_for() {
    let families = sessions_by_family(&held_out_world(5, 96, 5, &[HELD_OUT]));
    let all =
        |name: &str, true_of: &dyn Fn(&[Value]) -> bool| families[name].iter().filter(|rows| true_of(rows)).count();
    let share =
        |name: &str, true_of: &dyn Fn(&[Value]) -> bool| all(name, true_of) as f64 / families[name].len() as f64;

    // A review changes nothing, and a file that is read again is as it was.
    assert_eq!(all("endless_review", &|rows| count(rows, "effect", "write") > 0), 0);
    let versions_of = |rows: &[Value]| -> BTreeMap<String, BTreeSet<String>> {
        let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for pair in rows.windows(2).filter(|pair| pair[0]["kind"] == "tool_call") {
            let versions = seen.entry(pair[0]["path"].to_string()).or_default();
            versions.insert(pair[1]["text"].to_string());
        }
        seen
    };
    assert_eq!(all("endless_review", &|rows| versions_of(rows).values().any(|versions| versions.len() > 1)), 0);

    // What goes round is pasted from the answer before.
    let pasted = |rows: &[Value]| {
        let answers = texts(rows, "completion");
        texts(rows, "prompt").iter().filter(|text| answers.iter().any(|answer| text.contains(answer))).count() > 1
    };
    assert!(share("document_shuttle", &pasted) > 0.6, "{}", share("document_shuttle", &pasted));

    assert_eq!(share("discarded_documents", &|rows| count(rows, "effect", "write") > 0), 1.0);

    // Most prompts of one assistant are the answer of the other one.
    let answers: BTreeSet<&str> =
        families["two_assistants"].iter().flat_map(|rows| texts(rows, "completion")).collect();
    let prompts: Vec<&str> = families["two_assistants"].iter().flat_map(|rows| texts(rows, "prompt")).collect();
    let carried = prompts.iter().filter(|text| answers.contains(*text)).count() as f64 / prompts.len() as f64;
    assert!((0.3..1.0).contains(&carried), "{carried}");

    // An answer that is made again shares sentences with the one before.
    let sentences = |text: &str| -> BTreeSet<String> { text.split(". ").map(str::to_owned).collect() };
    let alike = |rows: &[Value]| {
        let answers = texts(rows, "completion");
        let near = answers.windows(2).filter(|pair| !sentences(pair[0]).is_disjoint(&sentences(pair[1]))).count();
        2 * near >= answers.len().saturating_sub(1)
    };
    assert!(share("regenerated_answer", &alike) > 0.8, "{}", share("regenerated_answer", &alike));

    assert_eq!(share("one_word_answer", &|rows| texts(rows, "completion").iter().any(|text| text.len() < 14)), 1.0);

    // Few prompts, much looking around.
    let hunts = |rows: &[Value]| {
        // Those who are sent ahead have small errands.
        rows[0]["parent_session_id"].is_string()
            || count(rows, "kind", "tool_call") >= 3 * count(rows, "kind", "prompt")
    };
    assert!(share("open_ended_bug_hunt", &hunts) > 0.95, "{}", share("open_ended_bug_hunt", &hunts));

    assert_eq!(all("idle_trivia", &|rows| count(rows, "kind", "tool_call") > 0), 0);
}
