//! The file of an invented person, whole, in its three formats, and hostile text in it.

use super::*;
use crate::report::case::tests::case;

pub(in crate::report) fn file(text: &str) -> SubjectFile {
    let one = case(text);
    let actor = "k3qk3qk3qk3qk3qk";
    let mut session = one.session.clone().unwrap();
    session.started_at = 1_772_445_600_000_000;
    SubjectFile {
        schema_version: SubjectFile::SCHEMA_VERSION,
        person: Person {
            account: format!("ada@example.com{text}"),
            pseudonym: actor.into(),
            aliases: vec![format!("alovelace{text}")],
            team_id: format!("platform{text}"),
            role: Some("engineer".into()),
            time_zone: None,
            active_from: Some("2026-01-01".into()),
            active_to: None,
        },
        held: vec![Held {
            table: "events".into(),
            source: "claude_code".into(),
            files: 1,
            records: 124,
            first: "2026-03-02T10:00:00Z".into(),
            last: "2026-03-02T11:30:00Z".into(),
        }],
        weeks: vec![SubjectWeek {
            week: ActorWeekRow {
                actor: actor.into(),
                team_id: "platform".into(),
                iso_week: "2026-W10".into(),
                sessions: 1,
                prompts: 16,
                tokens: None,
                cost_micro_usd: None,
                outcomes: None,
                score_db: None,
                band: "insufficient".into(),
                objection: String::new(),
            },
            explanation: None,
            readings: Vec::new(),
        }],
        sessions: vec![SubjectSession {
            session,
            explanation: Some(one.explanation.clone()),
            readings: one.readings.clone(),
        }],
        findings: one.findings.clone(),
        attribution: one.attribution.clone(),
        signals: vec![SignalEntry {
            name: "prompt_repetition".into(),
            family: "REDUNDANCY".into(),
            measures: format!("Share of prompt effort spent on near-identical prompts.{text}"),
            suggests: "Prompts issued to be counted.".into(),
            innocent: "hand-off templates, evaluations".into(),
            reference: String::new(),
        }],
        origin: one.origin,
    }
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn a_person_as_page_markdown_and_json() {
    let file = file("");
    snapshot("subject.html", &file.html().unwrap());
    snapshot("subject.md", &file.markdown().unwrap());
    snapshot("subject.json", &file.json().unwrap());
}

#[test]
fn hostile_text_changes_no_shape() {
    let benign = file("x");
    for payload in ["<script>alert(1)</script>", "![x](http://evil.example)", "\u{202e}\u{1b}[2J", "\n\n# h | a | b |"]
    {
        let file = file(payload);
        let (page, markdown) = (file.html().unwrap(), file.markdown().unwrap());
        assert_eq!(page.matches('<').count(), benign.html().unwrap().matches('<').count(), "{payload}");
        assert_eq!(markdown.lines().count(), benign.markdown().unwrap().lines().count(), "{payload}");
        assert!(!markdown.contains("](http") && !markdown.contains("<script"), "{payload}");
        assert!(!page.contains(['\u{202e}', '\u{1b}']) && !markdown.contains(['\u{202e}', '\u{1b}']), "{payload}");
    }
}
