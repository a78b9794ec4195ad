//! What the money bought, as a waterfall: from the total down, part by part, each with its range.
//!
//! Owns the drawing. `charts-rs` has no floating bars with ranges.

use std::fmt::Write;

use super::{Svg, text};
use crate::report::model::Money;
use crate::report::quantities::{Maybe, MicroDollars};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 230.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 186.0;

/// Six columns: the total and the five parts that take it apart. None when nothing was priced.
pub(in crate::report) fn waterfall(money: &Money) -> Option<Svg> {
    let total = money.total.0.map(|total| total.0).filter(|total| *total > 0)?;
    let amount = |amount: Maybe<MicroDollars>| amount.0.map_or(0, |amount| amount.0);
    let words: Vec<String> = money
        .parts
        .iter()
        .map(|part| {
            if part.withheld {
                return format!("{} withheld", part.label);
            }
            format!("{} {} ({}), between {} and {}", part.label, part.cost, part.share, part.cost_low, part.cost_high)
        })
        .collect();
    let y = |amount: i64| BOTTOM - (BOTTOM - TOP) * amount.clamp(0, total) as f64 / total as f64;
    let step = WIDTH / 6.0;
    let mut svg = format!(
        r#"<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>What the money bought</title><desc>{}</desc><line class="axis-line" x1="0" y1="{BOTTOM}" x2="{WIDTH}" y2="{BOTTOM}"/>"#,
        text(&words.join("; "))
    );
    let mut column = |index: usize, class: &str, label: &str, amount: &str, from: i64, to: i64| {
        let x = step * index as f64 + 12.0;
        // Writing to a string cannot fail.
        let _ = write!(
            svg,
            r#"<rect class="{class}" x="{x:.1}" y="{:.1}" width="{:.1}" height="{:.1}"/><text class="bar-text" x="{:.1}" y="{:.1}" font-size="12" text-anchor="middle">{}</text><text class="axis-text" x="{:.1}" y="{}" font-size="12" text-anchor="middle">{}</text>"#,
            y(to),
            step - 24.0,
            (y(from) - y(to)).max(1.0),
            x + (step - 24.0) / 2.0,
            y(to) - 6.0,
            text(amount),
            x + (step - 24.0) / 2.0,
            BOTTOM + 18.0,
            label
        );
    };
    column(0, "step", "Spend", &money.total.to_string(), 0, total);
    // What is withheld has no bar, and those after it begin where it did: what is left over at the end is what is not shown.
    let mut left = total;
    let mut tops = Vec::new();
    for (index, part) in money.parts.iter().enumerate() {
        let label = if part.id == "linked" { "With an outcome" } else { part.label };
        let words = if part.withheld { "withheld".to_owned() } else { part.cost.to_string() };
        column(index + 1, &format!("part {}", part.id), label, &words, left - amount(part.cost), left);
        tops.push(left);
        left -= amount(part.cost);
    }
    for (index, (part, top)) in money.parts.iter().zip(tops).enumerate() {
        // The range hangs from where the part begins, as its bar does.
        let x = step * (index as f64 + 2.0) - 6.0;
        let (low, high) = (y(top - amount(part.cost_low)), y((top - amount(part.cost_high)).max(0)));
        if part.withheld {
            continue;
        }
        let _ = write!(
            svg,
            r#"<line class="whisker" x1="{x:.1}" y1="{low:.1}" x2="{x:.1}" y2="{high:.1}"/><line class="whisker" x1="{:.1}" y1="{low:.1}" x2="{:.1}" y2="{low:.1}"/><line class="whisker" x1="{:.1}" y1="{high:.1}" x2="{:.1}" y2="{high:.1}"/><line class="axis-line" x1="{:.1}" y1="{joint:.1}" x2="{:.1}" y2="{joint:.1}"/>"#,
            x - 4.0,
            x + 4.0,
            x - 4.0,
            x + 4.0,
            step * (index as f64 + 1.0) - 12.0,
            step * (index as f64 + 1.0) + 12.0,
            joint = y(top),
        );
    }
    svg.push_str("</svg>");
    Some(Svg(svg))
}
