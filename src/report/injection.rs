//! No text from a log changes the shape of what it is printed in: hostile texts in every field, compared with a harmless run.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::case::tests::{case, week};
use super::fixture::{organisation, signal_rows};
use super::inputs::{Inputs, SignalEntry};
use super::readings::Readings;
use super::subject::tests::file;
use super::{build, render};
use payloads::{is_full, is_steering, payloads};
pub(super) use shapes::of_page;
use shapes::{Shape, difference, of_document, of_json, of_table};

// The integration tests have the same texts and readers.
#[path = "../../tests/it/payloads.rs"]
mod payloads;
#[path = "../../tests/it/shapes.rs"]
mod shapes;

/// Fields that [`poisoned`] fills, at least.
const FIELDS: usize = 32;

/// The organisation cut down to a few rows of each table.
fn small() -> Inputs {
    let mut inputs = organisation();
    inputs.sessions.truncate(24);
    inputs.actor_weeks.truncate(12);
    inputs.attribution.truncate(12);
    inputs.outcomes.truncate(12);
    inputs.findings.truncate(12);
    inputs.days.truncate(3);
    inputs.run.calibration_notes.push("note".into());
    inputs.run.silenced.push(("reason".into(), 100));
    inputs
}

/// The inputs with a payload before every string, each field with its own, counted on from `first`. Ids that join tables are one field.
/// Words that decide which table a row goes to are kept in half of the runs, so that both the full tables and the unknown words are tried.
fn poisoned(inputs: &Inputs, payloads: &[String], first: usize, keep_vocabulary: bool) -> Inputs {
    let mut inputs = inputs.clone();
    let mut readings = signal_rows(&inputs.sessions);
    readings.truncate(96);
    let fields = RefCell::new(Vec::<&'static str>::new());
    let poison = |name: &'static str, text: &mut String| {
        let mut fields = fields.borrow_mut();
        let known = fields.iter().position(|field| *field == name);
        let field = known.unwrap_or_else(|| {
            fields.push(name);
            fields.len() - 1
        });
        *text = format!("{}{text}", payloads[(first + field) % payloads.len()]);
    };
    // Signals are told apart by their names, of which a long payload before them would leave nothing.
    let after = |name: &'static str, text: &mut String| {
        let own = std::mem::take(text);
        poison(name, text);
        text.insert_str(0, &own);
    };
    let word = |name: &'static str, text: &mut String| {
        if !keep_vocabulary {
            // After blanks alone it would still be a known word.
            text.insert(0, 'x');
            poison(name, text);
        }
    };
    let run = &mut inputs.run;
    poison("title", &mut run.title);
    poison("version", &mut run.footlight_version);
    poison("policy hash", &mut run.policy_hash);
    poison("price table", &mut run.price_table);
    poison("queries hash", &mut run.queries_hash);
    poison("rung", &mut run.calibration_rung);
    run.reproduce.iter_mut().for_each(|text| poison("reproduce", text));
    run.unpriced_models.iter_mut().for_each(|text| poison("unpriced model", text));
    run.calibration_notes.iter_mut().for_each(|text| poison("calibration note", text));
    run.silenced.iter_mut().for_each(|(reason, _)| poison("silenced for", reason));
    run.quarantined.iter_mut().for_each(|(reason, _)| poison("quarantine reason", reason));
    run.ignored_kinds.iter_mut().for_each(|(kind, _)| poison("ignored kind", kind));
    for row in &mut inputs.sessions {
        poison("session", &mut row.session_id);
        poison("actor", &mut row.actor);
        poison("team", &mut row.team_id);
        poison("client", &mut row.client);
        poison("archetype", &mut row.archetype);
        word("trigger", &mut row.trigger);
        word("outcome link", &mut row.outcome_link);
        word("band", &mut row.band);
        word("week", &mut row.iso_week);
    }
    for row in &mut inputs.actor_weeks {
        poison("actor", &mut row.actor);
        poison("team", &mut row.team_id);
        word("week", &mut row.iso_week);
        word("band", &mut row.band);
    }
    for row in &mut readings {
        poison(if row.scope == "session" { "session" } else { "actor" }, &mut row.unit_id);
        after("signal", row.signal.to_mut());
        poison("family", row.family.to_mut());
        poison("reading evidence", &mut row.evidence);
        row.abstain_reason.iter_mut().for_each(|text| poison("abstain reason", text));
        word("scope", row.scope.to_mut());
        word("status", row.status.to_mut());
    }
    inputs.signals = Readings::of(&inputs.sessions, &readings);
    for row in &mut inputs.findings {
        poison("session", &mut row.session_id);
        poison("finding evidence", &mut row.evidence);
        word("finding", &mut row.finding);
    }
    for row in &mut inputs.teams {
        poison("team", &mut row.team_id);
        word("week", &mut row.iso_week);
    }
    for row in &mut inputs.population {
        // A payload of blanks alone would leave the scope as it is, and only then is it a target's.
        row.scope.insert(0, 'x');
        poison("test scope", &mut row.scope);
        poison("test note", &mut row.note);
        poison("test unit", &mut row.estimate_unit);
        poison("test n unit", &mut row.n_unit);
        word("test", &mut row.test);
        word("test status", &mut row.status);
    }
    for row in &mut inputs.attribution {
        poison("session", &mut row.session_id);
        poison("outcome", &mut row.outcome_id);
        word("tier", &mut row.tier);
    }
    inputs.outcomes.iter_mut().for_each(|row| poison("outcome", &mut row.outcome_id));
    inputs.models.iter_mut().for_each(|row| poison("model", &mut row.model));
    inputs.weeks.iter_mut().for_each(|row| word("week", &mut row.iso_week));
    inputs.policies.iter_mut().for_each(|row| poison("policy", &mut row.label));
    inputs.queries.iter_mut().for_each(|query| poison("sql", &mut query.sql));
    for kpi in &mut inputs.kpis {
        poison("target kind", &mut kpi.kind);
        poison("target", &mut kpi.target);
        word("metric", &mut kpi.metric);
        word("target scope", &mut kpi.scope);
    }
    inputs.archetypes.iter_mut().for_each(|row| poison("archetype", &mut row.name));
    inputs.systems.iter_mut().for_each(|row| poison("system", &mut row.system));
    for job in &mut inputs.declared {
        poison("job", &mut job.facts.job);
        job.facts.owner.iter_mut().for_each(|text| poison("job owner", text));
        job.facts.schedule.iter_mut().for_each(|text| poison("job schedule", text));
        word("job kind", &mut job.facts.kind);
    }
    for row in &mut inputs.catalogue {
        let SignalEntry { name, family, measures, suggests, innocent, reference } = row;
        after("signal", name);
        poison("family", family);
        poison("measures", measures);
        poison("suggests", suggests);
        poison("innocent", innocent);
        poison("reference", reference);
    }
    assert!(fields.borrow().len() >= FIELDS, "{} fields", fields.borrow().len());
    inputs
}

/// The four formats of a report and the pages about one unit and one person, all over one payload a field.
///
/// In one run every field has another payload; a further run moves them all by one field. So as many runs as there are payloads try each in
/// every field, and a part of them tries each in some field.
#[test]
fn no_text_changes_the_shape_of_a_report() {
    let (payloads, small) = (payloads(), small());
    assert!(payloads.len() >= 2_000, "{}", payloads.len());
    for keep_vocabulary in [true, false] {
        let harmless: Vec<String> = (0..payloads.len()).map(|number| format!("benign {number} ")).collect();
        let benign = shapes(&render(&build(&poisoned(&small, &harmless, 0, keep_vocabulary))).unwrap());
        // Unknown words leave most tables short: a part is enough there.
        let (runs, step) = match (is_full(), keep_vocabulary) {
            (true, true) => (payloads.len(), 1),
            (true, false) => (payloads.len() / 8, 8),
            // As many as it takes to try each payload once.
            (false, true) => (payloads.len().div_ceil(FIELDS), FIELDS),
            (false, false) => (4, payloads.len() / 4),
        };
        for run in 0..runs {
            let files = render(&build(&poisoned(&small, &payloads, run * step, keep_vocabulary))).unwrap();
            for (shape, (name, expected)) in shapes(&files).values().zip(&benign) {
                assert_eq!(shape, expected, "{name}, run {run}: {:?}", difference(shape, expected));
            }
        }
    }
}

fn shapes(files: &[(&'static str, String); 4]) -> BTreeMap<&'static str, Shape> {
    let shape = |(name, text): &(&'static str, String)| {
        let shape = match name.rsplit_once('.').unwrap().1 {
            "html" => of_page(text),
            "md" => of_document(text),
            "json" => of_json(text),
            _ => of_table(text),
        };
        (*name, shape)
    };
    files.iter().map(shape).collect()
}

#[test]
fn no_text_changes_the_shape_of_a_page_about_one_unit_or_one_person() {
    let of = |text: &str| {
        let (case, week, file) = (case(text), week(text), file(text));
        for text in [case.text(), week.text()] {
            assert_eq!(text.find(is_steering), None, "{text:?}");
        }
        [
            of_page(&case.html().unwrap()),
            of_page(&week.html().unwrap()),
            of_page(&file.html().unwrap()),
            of_document(&file.markdown().unwrap()),
            of_json(&file.json().unwrap()),
        ]
    };
    let benign = of("benign");
    let step = if is_full() { 1 } else { 4 };
    for payload in payloads().iter().step_by(step) {
        for (shape, expected) in of(payload).iter().zip(&benign) {
            assert_eq!(shape, expected, "{payload:?}: {:?}", difference(shape, expected));
        }
    }
}

#[test]
fn the_templates_have_no_way_around_the_escaping() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/templates");
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for way in ["|safe", "| safe", "escape(\"none\")", "escape none", "<script", "style=\"", "http:", "https:"] {
            assert!(!text.contains(way), "{} has {way}", path.display());
        }
    }
}
