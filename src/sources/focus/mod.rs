//! Bills in the shape of FOCUS (FinOps Open Cost and Usage Specification) 1.0 to 1.2: cost and usage of AI services.
//!
//! Owns which charges are usage of a model, which column holds the amount, and which model and kind of token a charge is of. Everything in it is a
//! sum that a provider counted, so it becomes aggregates and never events. Rules and their reasons stand in `README.md`.

mod sku;
#[cfg(test)]
mod tests;

use super::exports::{Row, first_columns, read_rows};
use super::money::micro_units;
use super::{Description, Input, InputError, Probe, Reason, Sink, Source, Unit};
use crate::events::{Aggregate, CountedBy, Tokens};
use sku::TokenKind;
use std::collections::HashMap;

/// Columns that are read.
const COLUMNS: &[&str] = &[
    "BilledCost",
    "EffectiveCost",
    "ContractedCost",
    "ListCost",
    "BillingCurrency",
    "ChargeCategory",
    "ChargeDescription",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ProviderName",
    "PublisherName",
    "ResourceId",
    "ResourceName",
    "ServiceCategory",
    "ServiceName",
    "SkuId",
    "SkuMeter",
    "SubAccountId",
    "SubAccountName",
    "Tags",
    "x_CacheReadTokens",
    "x_CacheWriteTokens",
    "x_Completions",
    "x_InputTokens",
    "x_OutputTokens",
];
/// What a charge costs, the first that is there: what is billed, else what it comes to.
const AMOUNTS: &[&str] = &["BilledCost", "EffectiveCost", "ContractedCost", "ListCost"];
/// Where a model may be named, the most specific first.
const NAMES: &[&str] = &["SkuMeter", "ChargeDescription", "ResourceName", "ResourceId", "SkuId"];
/// Which of them customers choose: a server may have a model's name.
const CHOSEN: &[&str] = &["ResourceName", "ResourceId"];

/// Bills in the shape of FOCUS.
pub struct Focus;

impl Source for Focus {
    fn name(&self) -> &'static str {
        "focus"
    }

    fn description(&self) -> Description {
        Description {
            title: "FOCUS bills",
            files: "cost and usage in the columns of FOCUS 1.0 to 1.2, as CSV or JSON; also .gz, .zst; that of `footlight export focus` too",
            tells: "what was billed for models, by span, service, account and kind of token: into the table `aggregates`",
            cannot_tell: "who made a request, single requests, sessions; charges of other services are passed over",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        let columns = first_columns(probe.head, |name| COLUMNS.contains(&name));
        let has = |name: &str| columns.iter().any(|column| column == name);
        probe.unit == Unit::File && has("ChargePeriodStart") && AMOUNTS.iter().any(|name| has(name))
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        let mut seen = HashMap::new();
        read_rows(
            input,
            sink,
            |name| COLUMNS.contains(&name),
            |fields, at, sink| take(&Row { fields, at }, &mut seen, sink),
        )
    }
}

/// Charges have no ids, and a bill may hold equal ones: they are told apart by their number, so that as many count as there are, and a file that is
/// read again has the same. `seen` counts hashes of what tells charges apart.
fn take(row: &Row<'_, '_>, seen: &mut HashMap<u64, u32>, sink: &mut dyn Sink) {
    if row.text(&["ChargeCategory"]).is_some_and(|category| !category.eq_ignore_ascii_case("usage")) {
        // Purchases, taxes, credits and adjustments are no usage, and may be negative.
        return sink.ignore("charge_that_is_no_usage");
    }
    let service = row.string(&["ServiceName"]);
    let category = row.string(&["ServiceCategory"]).unwrap_or_default();
    let may_be_ai = category.is_empty() || is_ai(&category);
    let names = || NAMES.iter().filter(|name| may_be_ai || !CHOSEN.contains(name)).filter_map(|name| row.text(&[name]));
    let model = names().find_map(|name| sku::model(&name));
    // Our own export names models as the logs do, known family or not.
    let is_ours = row.get(&["x_Completions"]).is_some();
    let model = model.or_else(|| row.string(&["SkuId"]).filter(|_| is_ours));
    if model.is_none() && !is_ours && !is_ai(&category) {
        return sink.ignore("charge_of_another_service");
    }
    let (from, to) = (row.moment(&["ChargePeriodStart"], sink), row.moment(&["ChargePeriodEnd"], sink));
    let (Some(from_us), Some(to_us)) = (from, to) else {
        if row.get(&["ChargePeriodStart"]).is_none() || row.get(&["ChargePeriodEnd"]).is_none() {
            sink.reject(row.at, Reason::MissingField, "ChargePeriodStart, ChargePeriodEnd");
        }
        return;
    };
    if to_us <= from_us {
        return sink.reject(row.at, Reason::BadValue, "ChargePeriodEnd");
    }
    let mut aggregate = Aggregate::new(from_us, to_us, "focus.charges", CountedBy::Vendor);
    aggregate.provider = row.string(&["ProviderName", "PublisherName"]);
    aggregate.model = model;
    aggregate.group_id = row.string(&["SubAccountName", "SubAccountId"]);
    if row.text(&["BillingCurrency"]).is_none_or(|currency| currency.eq_ignore_ascii_case("usd")) {
        aggregate.cost_micro_usd = row.micro_usd(AMOUNTS, sink);
    } else {
        sink.ignore("cost_in_another_currency");
    }
    aggregate.requests = row.count(&["x_Completions"], sink);
    let kind = names().find_map(|name| sku::token_kind(&name));
    aggregate.tokens = if is_ours { stated(row, sink) } else { consumed(row, kind, sink) };
    let told = [
        ("service", service),
        ("tokens", kind.filter(|_| !is_ours).map(|kind| kind.as_str().to_owned())),
        ("sku", row.string(&["SkuId"])),
        ("meter", row.string(&["SkuMeter"])),
        ("resource", row.string(&["ResourceId"])),
        ("description", row.string(&["ChargeDescription"])),
        ("tags", row.string(&["Tags"])),
    ];
    let told = told.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?)));
    let told = told.collect::<Vec<_>>().join(" ");
    let same = format!("{from_us} {to_us} {:?} {:?} {told}", aggregate.provider, aggregate.group_id);
    let number = seen.entry(xxhash_rust::xxh3::xxh3_64(same.as_bytes())).or_default();
    *number += 1;
    aggregate.dimension = Some(if *number == 1 { told } else { format!("{told} #{number}") });
    sink.aggregate(row.at, aggregate);
}

fn is_ai(category: &str) -> bool {
    category.to_lowercase().starts_with("ai and ")
}

/// Tokens in the columns that `footlight export focus` adds.
fn stated(row: &Row<'_, '_>, sink: &mut dyn Sink) -> Tokens {
    Tokens {
        input: row.count(&["x_InputTokens"], sink),
        output: row.count(&["x_OutputTokens"], sink),
        cache_read: row.count(&["x_CacheReadTokens"], sink),
        cache_write: row.count(&["x_CacheWriteTokens"], sink),
        ..Tokens::default()
    }
}

/// Tokens by quantity and unit: `1.5` of `1M Tokens`. What no name calls output or cache stands as input.
fn consumed(row: &Row<'_, '_>, kind: Option<TokenKind>, sink: &mut dyn Sink) -> Tokens {
    let mut tokens = Tokens::default();
    let (Some(quantity), Some(unit)) = (row.text(&["ConsumedQuantity"]), row.text(&["ConsumedUnit"])) else {
        return tokens;
    };
    let Some(each) = sku::tokens_of_unit(&unit) else {
        sink.ignore("unit_that_is_no_token");
        return tokens;
    };
    match micro_units(quantity.trim()) {
        Ok(micro) => {
            let count = i64::try_from((i128::from(micro) * i128::from(each) + 500_000) / 1_000_000).ok();
            *match kind {
                Some(TokenKind::Output) => &mut tokens.output,
                Some(TokenKind::CacheRead) => &mut tokens.cache_read,
                Some(TokenKind::CacheWrite) => &mut tokens.cache_write,
                Some(TokenKind::Input) | None => &mut tokens.input,
            } = count;
        }
        Err(reason) => sink.reject(row.at, reason, "ConsumedQuantity"),
    }
    tokens
}
