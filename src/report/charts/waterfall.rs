//! What the money bought, as a waterfall: from the total down, part by part, each with its range, and the idle seats beside it.
//!
//! Owns the drawing. `charts-rs` has no floating bars with ranges.

use std::fmt::Write;

use super::{Svg, text};
use crate::report::model::Money;
use crate::report::model::coverage::IdleSeats;
use crate::report::quantities::{Maybe, MicroDollars};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 230.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 186.0;
/// The total, the five parts that take it apart, and the idle seats.
const COLUMNS: usize = 7;
const GAP: f64 = 9.0;

/// What is known of seats that nobody uses.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) enum Idle {
    /// Nobody says who holds a seat.
    SeatsUnknown,
    /// Seats are known, and no bill for them may be shown.
    NoBill,
    /// What they cost a month.
    Cost(IdleSeats),
}

impl Idle {
    fn words(self) -> String {
        match self {
            Idle::SeatsUnknown => "seats not known".to_owned(),
            Idle::NoBill => "no bill known".to_owned(),
            Idle::Cost(idle) if idle.cost_low == idle.cost_high => format!("{} a month", idle.cost_high),
            Idle::Cost(idle) => format!("{}–{} a month", idle.cost_low, idle.cost_high),
        }
    }
}

/// A column for the total, each part and the idle seats, which are in no log and so in no part. None when nothing was priced.
pub(in crate::report) fn waterfall(money: &Money, idle: Idle) -> Option<Svg> {
    let total = money.total.0.map(|total| total.0).filter(|total| *total > 0)?;
    let amount = |amount: Maybe<MicroDollars>| amount.0.map_or(0, |amount| amount.0);
    let mut words: Vec<String> = money
        .parts
        .iter()
        .map(|part| match (part.withheld, part.cost_high.0) {
            (false, _) => {
                format!(
                    "{} {} ({}), between {} and {}",
                    part.label, part.cost, part.share, part.cost_low, part.cost_high
                )
            }
            (true, Some(_)) => format!("{} withheld, between {} and {}", part.label, part.cost_low, part.cost_high),
            (true, None) => format!("{} withheld", part.label),
        })
        .collect();
    words.push(format!("beside the spend, idle seats: {}", idle.words()));
    let y = |amount: i64| BOTTOM - (BOTTOM - TOP) * amount.clamp(0, total) as f64 / total as f64;
    let step = WIDTH / COLUMNS as f64;
    let mut svg = format!(
        r#"<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>What the money bought</title><desc>{}</desc><line class="axis-line" x1="0" y1="{BOTTOM}" x2="{WIDTH}" y2="{BOTTOM}"/>"#,
        text(&words.join("; "))
    );
    let mut column = |index: usize, class: &str, [label, amount]: [&str; 2], from: i64, to: i64| {
        let x = step * index as f64 + GAP;
        let middle = x + (step - 2.0 * GAP) / 2.0;
        // Writing to a string cannot fail.
        let _ = write!(
            svg,
            r#"<rect class="{class}" x="{x:.1}" y="{:.1}" width="{:.1}" height="{:.1}"/><text class="bar-text" x="{middle:.1}" y="{:.1}" font-size="11.5" text-anchor="middle">{}</text><text class="axis-text" x="{middle:.1}" y="{}" font-size="11.5" text-anchor="middle">{}</text>"#,
            y(to),
            step - 2.0 * GAP,
            (y(from) - y(to)).max(1.0),
            y(to) - 6.0,
            text(amount),
            BOTTOM + 18.0,
            label
        );
    };
    column(0, "step", ["Spend", &money.total.to_string()], 0, total);
    // What is withheld has an outline of what it may be at most, and those after it begin where it did.
    let mut left = total;
    let mut tops = Vec::new();
    for (index, part) in money.parts.iter().enumerate() {
        let label = if part.id == "linked" { "With an outcome" } else { part.label };
        if part.withheld {
            let most = amount(part.cost_high).min(left);
            let words = match (part.cost_low.0, part.cost_high.0) {
                (Some(MicroDollars(0)), Some(high)) => format!("≤ {high}"),
                (Some(low), Some(high)) => format!("{low}–{high}"),
                _ => "withheld".to_owned(),
            };
            column(index + 1, "possible", [label, &words], left - most, left);
        } else {
            column(
                index + 1,
                &format!("part {}", part.id),
                [label, &part.cost.to_string()],
                left - amount(part.cost),
                left,
            );
        }
        tops.push(left);
        left -= amount(part.cost);
    }
    let idle_cost = match idle {
        Idle::Cost(idle) => idle.cost_high.0,
        Idle::NoBill | Idle::SeatsUnknown => 0,
    };
    let class = if idle_cost > 0 { "possible" } else { "absent" };
    column(COLUMNS - 1, class, ["Idle seats", &idle.words()], 0, idle_cost);
    for (index, (part, top)) in money.parts.iter().zip(tops).enumerate() {
        // The range hangs from where the part begins, as its bar does.
        let x = step * (index as f64 + 2.0) - GAP / 2.0;
        let (low, high) = (y(top - amount(part.cost_low)), y((top - amount(part.cost_high)).max(0)));
        let joint = y(top);
        let (from, to) = (step * (index as f64 + 1.0) - GAP, step * (index as f64 + 1.0) + GAP);
        let _ = write!(svg, r#"<line class="axis-line" x1="{from:.1}" y1="{joint:.1}" x2="{to:.1}" y2="{joint:.1}"/>"#);
        if part.withheld {
            continue;
        }
        let (left, right) = (x - 4.0, x + 4.0);
        let _ = write!(
            svg,
            r#"<line class="whisker" x1="{x:.1}" y1="{low:.1}" x2="{x:.1}" y2="{high:.1}"/><line class="whisker" x1="{left:.1}" y1="{low:.1}" x2="{right:.1}" y2="{low:.1}"/><line class="whisker" x1="{left:.1}" y1="{high:.1}" x2="{right:.1}" y2="{high:.1}"/>"#,
        );
    }
    svg.push_str("</svg>");
    Some(Svg(svg))
}
