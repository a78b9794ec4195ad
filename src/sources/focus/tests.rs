//! Invented charges in the columns of FOCUS, one a trap, and the properties that hold for any of them.

use super::Focus;
use crate::events::CountedBy;
use crate::sources::testing::{
    Recorded, assert_aggregates, assert_distinct_aggregates, assert_recognised, read_bytes, read_fixture,
};

const FILES: &[&str] = &["cloud.csv", "export.csv"];

fn fixture(name: &str) -> Recorded {
    read_fixture(&Focus, &format!("src/sources/focus/fixtures/{name}"))
}

#[test]
fn charges_become_aggregates_and_no_event() {
    for name in FILES {
        let read = fixture(name);
        assert_aggregates(&Focus, name, &read, CountedBy::Vendor);
        assert_distinct_aggregates(&Focus, &read);
    }
    assert_recognised(&Focus, "focus");
}

#[test]
fn quantities_are_tokens_and_amounts_are_exact() {
    let read = fixture("cloud.csv");
    let sum = |of: fn(&crate::events::Aggregate) -> Option<i64>| {
        read.aggregates.iter().filter_map(|(_, aggregate)| of(aggregate)).sum::<i64>()
    };
    // 1.25 million, and 300 thousand of a model whose charge does not say which tokens.
    assert_eq!(sum(|it| it.tokens.input), 1_250_000 + 300_000);
    assert_eq!(sum(|it| it.tokens.output), 2 * 40_500, "two equal charges");
    assert_eq!(sum(|it| it.tokens.cache_read), 9_000_000);
    assert_eq!(sum(|it| it.cost_micro_usd), 3_750_000 + 2 * 607_500 + 1 + 90_000, "euro are not dollars");
    assert_eq!(read.ignored["charge_of_another_service"], 1);
    assert_eq!(read.ignored["charge_that_is_no_usage"], 2);
}

#[test]
fn a_server_with_the_name_of_a_model_is_another_service() {
    let charge = |category: &str| {
        let table = format!(
            "BilledCost,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,ServiceCategory,ResourceName,ResourceId\n\
             300,Usage,2026-06-01T00:00:00Z,2026-06-02T00:00:00Z,{category},titan-2-db,i-titan-2\n"
        );
        let read = read_bytes(&Focus, "bill.csv", table.as_bytes());
        (read.aggregates.len(), read.ignored.get("charge_of_another_service").copied())
    };
    assert_eq!(charge("Compute"), (0, Some(1)));
    assert_eq!(charge("AI and Machine Learning"), (1, None));
    assert_eq!(charge(""), (1, None), "what a bill does not say is not held against it");
}
