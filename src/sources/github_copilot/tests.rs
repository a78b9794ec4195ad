//! Invented pages in the shapes of the vendor's documentation, and the properties that hold for any of them.

use super::GithubCopilot;
use crate::events::CountedBy;
use crate::sources::testing::{Recorded, assert_aggregates, assert_distinct_aggregates, fixture_bytes, read_fixture};
use crate::sources::{Probe, Source, SourceOptions, Unit, recognise};
use std::path::Path;

const FILES: &[&str] = &["users.ndjson", "enterprise.json", "seats.json", "bill.json", "premium_requests.csv"];

fn bytes(name: &str) -> Vec<u8> {
    fixture_bytes(&GithubCopilot, name)
}

fn fixture(name: &str) -> Recorded {
    read_fixture(&GithubCopilot, &format!("src/sources/github_copilot/fixtures/{name}"))
}

#[test]
fn every_report_becomes_aggregates_and_no_event() {
    for name in FILES {
        let read = fixture(name);
        assert_aggregates(&GithubCopilot, name, &read, CountedBy::Vendor);
        assert_distinct_aggregates(&GithubCopilot, &read);
    }
}

#[test]
fn reports_are_known_by_content() {
    let options = SourceOptions::default();
    let source = |head: &[u8]| {
        recognise(&Probe { path: Path::new("x"), unit: Unit::File, head, options: &options }).map(Source::name)
    };
    for name in FILES {
        assert_eq!(source(&bytes(name)), Some("github_copilot"), "{name}");
    }
    for stranger in [
        r#"{"day":"2026-06-01"}"#,
        r#"{"user_initiated_interaction_count":1}"#,
        r#""day" "user_initiated_interaction_count""#,
        "",
    ] {
        assert_eq!(source(stranger.as_bytes()), None, "{stranger}");
    }
}

#[test]
fn seats_without_use_appear_and_slices_are_not_added() {
    let read = fixture("users.ndjson");
    let of = |login: &str| {
        let mine = read.aggregates.iter().map(|(_, it)| it).filter(|it| it.actor_id.as_deref() == Some(login));
        mine.cloned().collect::<Vec<_>>()
    };
    assert_eq!(of("idle").iter().map(|it| it.seat_used).collect::<Vec<_>>(), [Some(false)]);
    assert_eq!(of("dev1").iter().filter_map(|it| it.prompts).collect::<Vec<_>>(), [9, 9], "two days");
    assert_eq!(of("dev2").iter().filter_map(|it| it.tokens.input).sum::<i64>(), 90_000);
}

#[test]
fn seats_say_who_holds_them_and_bills_what_they_cost() {
    let seats = fixture("seats.json");
    let used: Vec<_> = seats.aggregates.iter().map(|(_, it)| (it.actor_id.as_deref().unwrap(), it.seat_used)).collect();
    assert_eq!(used, [("dev1", Some(true)), ("idle", Some(false)), ("dev3", None)]);
    let bill = fixture("bill.json");
    let cost: Vec<_> = bill.aggregates.iter().map(|(_, it)| (it.report, it.cost_micro_usd, it.requests)).collect();
    let requests = ("github_copilot.billing", Some(3_000_000), Some(100));
    assert_eq!(cost[..2], [("github_copilot.seat_bill", Some(57_000_000), None), requests], "net, not gross");
    let premium = fixture("premium_requests.csv");
    let requests: Vec<_> = premium.aggregates.iter().map(|(_, it)| it.requests).collect();
    assert_eq!(requests, [Some(12), None], "a third of a request is none");
}

#[test]
fn any_count_of_a_day_is_use_of_the_seat() {
    let used = |counts: &str| {
        let row = format!(r#"{{"day":"2026-06-01","user_login":"a","user_initiated_interaction_count":0{counts}}}"#);
        let read = crate::sources::testing::read_bytes(&GithubCopilot, "x.json", row.as_bytes());
        read.aggregates.last().and_then(|(_, it)| it.seat_used)
    };
    for counts in [
        r#","loc_deleted_sum":2"#,
        r#","totals_by_cli":{"prompt_count":1}"#,
        r#","totals_by_cli":{"request_count":1}"#,
        r#","totals_by_cli":{"session_count":1}"#,
    ] {
        assert_eq!(used(counts), Some(true), "{counts}");
        assert_eq!(used(&counts.replace(['1', '2'], "0")), Some(false), "{counts}");
    }
}

#[test]
fn a_bill_that_is_fetched_again_counts_once_and_its_equal_rows_all_count() {
    use crate::events::ids::{aggregate_key, aggregate_version};
    use std::collections::BTreeMap;
    const HEADER: &str = "date,username,product,sku,model,quantity,unit_type,net_amount,exceeds_quota,organization\n";
    let row = |quantity: u32, exceeds: &str| {
        format!("2026-06-01,dev1,copilot,copilot_premium_request,GPT-5,{quantity},requests,0,{exceeds},acme\n")
    };
    let item = |quantity: u32| {
        format!(
            r#"{{"date":"2026-06-01","product":"Copilot","sku":"x","quantity":{quantity},"unitType":"requests","netAmount":0}}"#
        )
    };
    let kept = |files: &[String]| {
        let mut kept = BTreeMap::new();
        for text in files {
            for (_, it) in crate::sources::testing::read_bytes(&GithubCopilot, "bill", text.as_bytes()).aggregates {
                let (key, version) = (aggregate_key("github_copilot", &it), aggregate_version(&it));
                let newer = (version, it.requests.unwrap_or(0));
                kept.entry(key).and_modify(|was| *was = newer.max(*was)).or_insert(newer);
            }
        }
        kept.values().map(|(_, requests)| requests).sum::<i64>()
    };
    let csv = |rows: &[String]| format!("{HEADER}{}", rows.concat());
    let (early, late) = (csv(&[row(12, "False")]), csv(&[row(20, "False"), row(3, "True"), row(3, "True")]));
    assert_eq!(kept(&[early.clone(), late.clone()]), 20 + 3 + 3);
    assert_eq!(kept(&[late, early]), 20 + 3 + 3);
    let page = |items: &[String]| format!(r#"{{"usageItems":[{}]}}"#, items.join(","));
    assert_eq!(kept(&[page(&[item(12)]), page(&[item(20), item(2)])]), 22);
    assert_eq!(kept(&[page(&[item(12)]) + &page(&[item(20), item(2)])]), 22, "both in one file");
}

/// The documentation shows a list, the download links give lines.
#[test]
fn a_list_of_days_tells_what_lines_tell() {
    let text = String::from_utf8(bytes("users.ndjson")).unwrap();
    let whole: Vec<&str> =
        text.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).collect();
    let told = |text: &str| {
        let read = crate::sources::testing::read_bytes(&GithubCopilot, "x.json", text.as_bytes());
        read.aggregates.into_iter().map(|(_, aggregate)| aggregate).collect::<Vec<_>>()
    };
    let lines = told(&whole.join("\n"));
    assert!(lines.len() > 3);
    assert_eq!(told(&format!("[{}]", whole.join(","))), lines);
}
