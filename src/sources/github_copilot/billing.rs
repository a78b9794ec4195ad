//! GitHub's bills for Copilot: the items of the billing usage API (JSON) and the premium request report (CSV).
//!
//! Owns the spelling of both and which items are Copilot's. An amount is what is paid (`net`), after what the plan includes.

use super::CLIENT;
use crate::events::{Aggregate, CountedBy};
use crate::fingerprint::Json;
use crate::sources::equal_sums::EqualSums;
use crate::sources::exports::{Row, read_rows};
use crate::sources::json::{reject_reason, safe_detail};
use crate::sources::spans::{Length, span};
use crate::sources::{Input, InputError, Position, Reason, Sink};
use std::borrow::Cow;

/// Columns of the premium request report.
const COLUMNS: &[&str] = &[
    "date",
    "username",
    "product",
    "sku",
    "model",
    "quantity",
    "unit_type",
    "applied_cost_per_quantity",
    "gross_amount",
    "discount_amount",
    "net_amount",
    "exceeds_quota",
    "total_monthly_quota",
    "organization",
    "cost_center_name",
];

/// Whether the first line is the header of the report.
pub(super) fn recognises(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let first = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let holds = |needle: &str| memchr::memmem::find(first, needle.as_bytes()).is_some();
    !first.trim_ascii_start().starts_with(b"{") && holds("net_amount") && holds("unit_type") && holds("product")
}

/// Reads the report.
pub(super) fn read(input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
    let mut equals = EqualSums::default();
    read_rows(
        input,
        sink,
        |name| COLUMNS.contains(&name),
        |fields, at, sink| take(&Row { fields, at }, &mut equals, sink),
    )
}

/// Reads one item of the API. `equals` are those of its report.
pub(super) fn item(text: &str, at: Position, equals: &mut EqualSums, sink: &mut dyn Sink) {
    match serde_json::from_str::<Json<'_>>(text) {
        Ok(fields) => take(&Row { fields: &fields, at }, equals, sink),
        Err(error) => sink.reject(at, reject_reason(&error), &safe_detail(&error)),
    }
}

fn take(row: &Row<'_, '_>, equals: &mut EqualSums, sink: &mut dyn Sink) {
    let product = row.text(&["product"]).unwrap_or_default();
    if !product.to_lowercase().contains("copilot") && !product.to_lowercase().contains("spark") {
        return sink.ignore("another_product");
    }
    let Some(date) = row.text(&["date"]) else { return sink.reject(row.at, Reason::MissingField, "date") };
    let unit = row.string(&["unit_type", "unitType"]).unwrap_or_default().to_lowercase();
    // A seat is billed for a month, whatever day it is told of.
    let is_seats = unit.contains("month");
    let (from_us, to_us) =
        match span(&date, Length::Day).and_then(|day| if is_seats { month_of(&date) } else { Ok(day) }) {
            Ok(span) => span,
            Err(reason) => return sink.reject(row.at, reason, "date"),
        };
    let report = if is_seats { "github_copilot.seat_bill" } else { "github_copilot.billing" };
    let mut aggregate = Aggregate::new(from_us, to_us, report, CountedBy::Vendor);
    aggregate.client = Some(CLIENT.to_owned());
    aggregate.actor_id = row.string(&["username"]);
    aggregate.group_id = row.string(&["organization", "organizationName"]);
    aggregate.model = row.string(&["model"]);
    aggregate.cost_micro_usd = row.micro_usd(&["net_amount", "netAmount"], sink);
    if unit.contains("request")
        && let Some(quantity) = row.text(&["quantity"])
    {
        // Requests to some models count as a part of one or as several: only whole sums are requests.
        aggregate.requests = whole(&quantity);
        if aggregate.requests.is_none() {
            sink.ignore("quantity_in_parts");
        }
    }
    let told = [
        ("sku", row.string(&["sku"])),
        ("unit", Some(unit).filter(|unit| !unit.is_empty())),
        ("exceeds_quota", row.string(&["exceeds_quota"]).map(|exceeds| exceeds.to_lowercase())),
        ("cost_center", row.string(&["cost_center_name"])),
        ("repository", row.string(&["repositoryName"])),
        ("day", is_seats.then(|| date.get(..10).map_or(Cow::Borrowed(""), Cow::Borrowed).into_owned())),
    ];
    let told = told.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?)));
    // What was counted is no part of what it is counted over: a bill that is fetched again has more of it.
    aggregate.dimension = Some(told.collect::<Vec<_>>().join(" "));
    equals.tell_apart(&mut aggregate);
    sink.aggregate(row.at, aggregate);
}

fn month_of(date: &str) -> Result<(i64, i64), Reason> {
    date.get(..7).ok_or(Reason::BadTimestamp).and_then(|month| span(month, Length::Month))
}

/// A quantity that is a whole number, however many zeros follow its point.
fn whole(text: &str) -> Option<i64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let count = whole.parse::<i64>().ok().filter(|count| *count >= 0)?;
    rest.bytes().all(|digit| digit == b'0').then_some(count)
}
