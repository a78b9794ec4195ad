//! Fixtures of invented tasks, and the properties that hold for any of them. `fixtures/Code` is laid out as the editor lays out its storage.

use super::{Cline, Form};
use crate::events::ids::{Key, event_key};
use crate::events::{Kind, Tokens};
use crate::sources::testing::{Recorded, assert_read, read_bytes, read_fixture};
use crate::sources::{Probe, Source, SourceOptions, Unit, recognise};
use std::collections::BTreeSet;
use std::path::Path;

const STORAGE: &str = "src/sources/cline/fixtures/Code/User/globalStorage";
const TASK: &str = "saoudrizwan.claude-dev/tasks/1780304400000/ui_messages.json";
const ROO: &str = "rooveterinaryinc.roo-cline/tasks/019e0000-0000-7000-8000-000000000001/ui_messages.json";

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(STORAGE).join(name)).unwrap()
}

fn fixture(name: &str) -> Recorded {
    read_fixture(&Cline, &format!("{STORAGE}/{name}"))
}

fn check(snapshot: &str, recorded: &Recorded) {
    assert_read("cline", snapshot, recorded);
}

#[test]
fn a_task_with_every_trap() {
    check("cline", &fixture(TASK));
}

#[test]
fn counts_of_the_other_protocol_contain_the_cache() {
    check("roo", &fixture(ROO));
}

#[test]
fn a_cost_counts_where_no_tokens_are_stated() {
    use crate::events::{CostBasis, TokenBasis};
    for counts in ["", r#"\"tokensIn\":0,\"tokensOut\":0,"#] {
        let rows = format!(
            r#"[{{"ts":1780304400000,"type":"say","say":"task","text":"x"}},{{"ts":1780304401000,"type":"say","say":"api_req_started","text":"{{{counts}\"cost\":0.02}}"}}]"#
        );
        let read = read_bytes(&Cline, "tasks/1780304400000/ui_messages.json", rows.as_bytes());
        let event = read.events.iter().map(|(_, event)| event).find(|event| event.kind == Kind::Completion).unwrap();
        let told = (event.token_basis, event.tokens.output, event.cost_micro_usd, event.cost_basis);
        assert_eq!(told, (Some(TokenBasis::Absent), None, Some(20_000), Some(CostBasis::Reported)), "{counts}");
    }
}

#[test]
fn what_stands_beside_the_rows_is_read_with_them() {
    for name in ["task_metadata.json", "api_conversation_history.json"] {
        let read = fixture(&TASK.replace("ui_messages.json", name));
        assert_eq!(read.snapshot(), "ignored task_neighbour 1\n");
    }
    let broken = read_bytes(&Cline, "tasks/1/ui_messages.json", &bytes(TASK));
    assert!(broken.events.iter().any(|(_, event)| event.kind == Kind::Completion && event.model.is_none()));
}

#[test]
fn totals_are_those_counted_by_hand() {
    let all = fixture(TASK);
    let sum = |count: fn(&Tokens) -> Option<i64>| -> i64 {
        all.events.iter().filter_map(|(_, event)| count(&event.tokens)).sum()
    };
    // 300 + 20 + 20 + 20 + 70 + 500 and the subagents' 900; 45 + 80 + 60 + 30 + 7 + 10 + 90 and the 4 whose input is no count.
    assert_eq!([sum(|t| t.input), sum(|t| t.output)], [1830, 326]);
    assert_eq!([sum(|t| t.cache_read), sum(|t| t.cache_write)], [4000 + 4200 + 4300 + 4400 + 100, 200]);
    let cost: i64 = all.events.iter().filter_map(|(_, event)| event.cost_micro_usd).sum();
    assert_eq!(cost, 3000 + 4000 + 2000 + 100 + 1000 + 20_000);
}

#[test]
fn tasks_are_known_by_content() {
    let options = SourceOptions::default();
    let form =
        |name: &str, head: &[u8]| Form::of(&Probe { path: Path::new(name), unit: Unit::File, head, options: &options });
    for name in [TASK, ROO] {
        assert_eq!(form("export.json", &bytes(name)), Some(Form::Rows), "{name}");
        let head = bytes(name);
        let probe = Probe { path: Path::new("x"), unit: Unit::File, head: &head, options: &options };
        assert_eq!(recognise(&probe).map(Source::name), Some("cline"), "{name}");
    }
    assert_eq!(
        form("ui_messages.json", br#"[{"ts":1,"type":"say","images":["AAAA"#),
        Some(Form::Rows),
        "cut by the probe"
    );
    assert_eq!(form("saoudrizwan.claude-dev/state/taskHistory.json", b"[]"), Some(Form::Neighbour));
    for stranger in
        [r#"[{"ts":1,"type":"say"}]"#, r#"[{"type":"say","say":"x"}]"#, r#"[{"role":"user"}]"#, "{}", "[", ""]
    {
        assert_eq!(form("x.json", stranger.as_bytes()), None, "{stranger}");
    }
}

fn keys(recorded: &Recorded) -> BTreeSet<Key> {
    recorded.events.iter().map(|(_, event)| event_key("cline", event)).collect()
}

#[test]
fn a_copied_task_is_the_same_steps_and_no_step_stands_twice() {
    let once = fixture(TASK);
    let copy = read_bytes(&Cline, "backup/tasks/1780304400000/ui_messages.json", &bytes(TASK));
    assert_eq!(keys(&copy), keys(&once));
    assert_eq!(keys(&once).len(), once.events.len());
    let nameless = read_bytes(&Cline, "export.json", &bytes(TASK));
    assert_eq!(nameless.events[0].1.session_id, "1780304400000");
}

#[test]
fn torn_and_foreign_documents_say_so() {
    let reasons = |text: &str| read_bytes(&Cline, "ui_messages.json", text.as_bytes()).reasons();
    assert_eq!(reasons(r#"[{"ts":1780304400000,"type":"say","say":"task""#), ["torn_line"]);
    assert_eq!(reasons("[]"), ["missing_field"]);
    assert_eq!(reasons("{}"), ["bad_value"]);
}

#[test]
fn every_row_is_a_record_an_ignored_kind_or_a_reject() {
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&bytes(TASK)).unwrap();
    for row in rows {
        let one = serde_json::json!([row]).to_string();
        assert!(!read_bytes(&Cline, "tasks/1/ui_messages.json", one.as_bytes()).is_silent(), "{one}");
    }
}
