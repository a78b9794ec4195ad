//! Why a line may be as it is. Owns the rules and their words; each is a possibility, and the first ones are the likeliest.

use super::{Line, Measure, Row};
use std::collections::BTreeMap;

/// What is known around the lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// First and last day with a model response in the logs, by scope.
    pub logged_days: BTreeMap<String, (String, String)>,
    /// Newest period of the bill, by scope.
    pub newest_billed: BTreeMap<String, String>,
    /// Whether a file of the bill says that there are more pages of it, which were not given.
    pub pages_missing: bool,
}

/// Why money in the logs may be more than was billed.
const LIST_PRICES: &str =
    "logs are priced at list prices where the tool reports none; a plan or a discount is billed lower";

/// What may have caused a line that is over the tolerance; of a line within it, only money that does not follow the tokens, or that list prices made more.
pub(super) fn why(line: &Line, row: &Row, tolerance: f64, around: &Surroundings) -> Vec<String> {
    let mut why = Vec::new();
    if line.over_tolerance && line.missing > 0 {
        missing(line, row, around, &mut why);
    }
    if line.over_tolerance && line.extra > 0 {
        extra(line, row, around, &mut why);
    }
    if !line.over_tolerance && line.extra as f64 > tolerance * line.billed.max(0) as f64 {
        why.push(LIST_PRICES.to_owned());
    }
    if !line.over_tolerance && line.measure == Measure::Tokens && money_differs(line, tolerance) {
        why.push(
            "tokens agree and money does not: a discount, batch or priority prices, or a price that changed; logs are priced at list \
             prices where the tool reports none"
                .to_owned(),
        );
    }
    why
}

fn money_differs(line: &Line, tolerance: f64) -> bool {
    match (line.billed_cost_micro_usd, line.logged_cost_micro_usd) {
        (Some(billed), Some(logged)) => (billed - logged).unsigned_abs() as f64 > tolerance * billed as f64,
        _ => false,
    }
}

fn missing(line: &Line, row: &Row, around: &Surroundings, why: &mut Vec<String>) {
    if line.model == "(no model)" {
        why.push(
            "a charge without a model: searches, storage and code execution leave no response in the logs".to_owned(),
        );
        return;
    }
    // Responses of which the logs do not say how much they are: these are not missing.
    let unknown = match line.measure {
        Measure::Tokens => row.completions_without_usage,
        Measure::MicroUsd => row.completions_without_cost,
    };
    let days = around.logged_days.get(&line.scope);
    match days {
        None => why.push("no log of this tool or maker was ingested at all".to_owned()),
        Some((first, _)) if line.period == "day" && line.period_from < *first => {
            why.push(format!("before the oldest log, {first}: older ones were deleted by the tool, or never ingested"));
        }
        Some((_, last)) if line.period == "day" && line.period_from > *last => {
            why.push(format!("after the newest log, {last}: not ingested yet"));
        }
        Some(_) if row.completions == 0 => {
            why.push("no log of this model in the period: another machine, a service with a key of its own, or deleted logs".to_owned());
        }
        Some(_) if row.completions == unknown => {}
        Some(_) => why.push(
            "a part of the use is in no log: another machine, a service with a key of its own, a tool that no source reads, or deleted logs"
                .to_owned(),
        ),
    }
    if line.measure == Measure::MicroUsd && row.completions_without_cost > 0 {
        why.push(format!(
            "{} of {} responses in the logs have no price",
            row.completions_without_cost, row.completions
        ));
    }
    if row.completions_without_usage > 0 {
        why.push(format!(
            "{} of {} responses in the logs have no token counts",
            row.completions_without_usage, row.completions
        ));
    }
    if row.lower_bound_completions > 0 {
        why.push(format!(
            "{} of {} responses in the logs have an output count that is too low",
            row.lower_bound_completions, row.completions
        ));
    }
}

fn extra(line: &Line, row: &Row, around: &Surroundings, why: &mut Vec<String>) {
    let is_newest = around.newest_billed.get(&line.scope).is_some_and(|newest| line.period_from >= *newest);
    if is_newest {
        why.push("the newest period of the bill: vendors add to it for hours or days".to_owned());
    }
    if row.reports.split(", ").any(|report| report == "requests") {
        why.push("use that did not pass through the gateway".to_owned());
    }
    if around.pages_missing {
        why.push("a file of the bill says that there are more pages of it, which were not given".to_owned());
    }
    if line.measure == Measure::MicroUsd {
        why.push(LIST_PRICES.to_owned());
    }
    let what =
        if row.reports.is_empty() { "use that this bill does not hold" } else { "more use than this bill holds" };
    why.push(format!(
        "{what}: a subscription, another key, account or host, a part of the bill that was not given, or logs of more than was used \
         (see the checks of logs)"
    ));
}
