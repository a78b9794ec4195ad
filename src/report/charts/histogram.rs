//! The bunching histogram with its counterfactual, and the two taus with their intervals.
//!
//! Owns the drawing. `charts-rs` draws neither a line at an edge between bars nor bars of which some are hidden.

use std::fmt::Write;

use super::Svg;
use crate::report::model::Quantity;
use crate::report::model::measuring::{Agreement, Bin, Kpi, Tau};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 188.0;

/// Weeks after the announcement as bars, weeks before it as hollow bars behind, the curve as a line with points. None when no bin
/// may be shown.
pub(in crate::report) fn histogram(kpi: &Kpi) -> Option<Svg> {
    let heights = |bin: &Bin| {
        [bin.after.0.map(|count| count.0 as f64), bin.before.0.map(|count| count.0 as f64), bin.expected.0.map(|e| e.0)]
    };
    let highest = kpi.bins.iter().flat_map(heights).flatten().fold(0.0, f64::max);
    if highest <= 0.0 || kpi.bins.iter().all(|bin| bin.after.0.is_none()) {
        return None;
    }
    let top = super::round_top(highest.ceil() as i64) as f64;
    let y = |value: f64| BOTTOM - (BOTTOM - TOP) * value / top;
    let step = (WIDTH - LEFT - RIGHT) / kpi.bins.len() as f64;
    let x = |index: usize| LEFT + step * index as f64;
    let mut svg = format!(
        r#"<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>Weeks of people around the target of {}</title><desc>{}</desc>"#,
        super::text(&kpi.metric),
        super::text(&description(kpi)),
    );
    for tick in 0..=2 {
        let value = top * f64::from(tick) / 2.0;
        // Writing to a string cannot fail.
        let _ = write!(
            svg,
            r#"<line class="axis-line" x1="{LEFT}" y1="{at:.1}" x2="{end}" y2="{at:.1}"/><text class="axis-text" x="{label}" y="{text:.1}" font-size="12" text-anchor="end">{value:.0}</text>"#,
            at = y(value),
            end = WIDTH - RIGHT,
            label = LEFT - 6.0,
            text = y(value) + 4.0,
        );
    }
    let mut points = Vec::new();
    for (index, bin) in kpi.bins.iter().enumerate() {
        let bar = |class: &str, value: f64, inset: f64| {
            format!(
                r#"<rect class="{class}" x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}"/>"#,
                x(index) + inset,
                y(value),
                (step - 2.0 * inset).max(1.0),
                BOTTOM - y(value)
            )
        };
        match bin.after.0 {
            Some(after) => svg.push_str(&bar("pile", after.0 as f64, 2.0)),
            None => {
                let _ = write!(
                    svg,
                    r#"<text class="axis-text" x="{:.1}" y="{:.1}" font-size="12" text-anchor="middle">?</text>"#,
                    x(index) + step / 2.0,
                    BOTTOM - 4.0
                );
            }
        }
        if let Some(before) = bin.before.0 {
            svg.push_str(&bar("hollow", before.0 as f64, step / 4.0));
        }
        if let Some(expected) = bin.expected.0 {
            points.push((x(index) + step / 2.0, y(expected.0)));
        }
        if index % 2 == 0 {
            label(&mut svg, x(index), &bin.from);
        }
    }
    if !points.is_empty() {
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(svg, r#"<polyline class="curve" points="{}"/>"#, path.join(" "));
        for (x, y) in points {
            let _ = write!(svg, r#"<circle class="curve-point" cx="{x:.1}" cy="{y:.1}" r="2.5"/>"#);
        }
    }
    if let Some(line) = kpi.bins.iter().position(|bin| bin.above) {
        let at = x(line);
        let _ = write!(
            svg,
            r#"<line class="policy" x1="{at:.1}" y1="{y1}" x2="{at:.1}" y2="{BOTTOM}"/><text class="policy-number" x="{at:.1}" y="13" font-size="12" text-anchor="middle">target</text>"#,
            y1 = TOP - 6.0
        );
    }
    svg.push_str("</svg>");
    Some(Svg(svg))
}

fn label(svg: &mut String, x: f64, at: &Quantity) {
    let _ = write!(
        svg,
        r#"<text class="axis-text" x="{x:.1}" y="{:.1}" font-size="11" text-anchor="middle">{}</text>"#,
        BOTTOM + 16.0,
        super::text(&short(at))
    );
}

/// An edge without needless decimals.
fn short(at: &Quantity) -> String {
    match at {
        Quantity::Number(number) => format!("{:.1}", number.0),
        other => other.to_string(),
    }
}

fn description(kpi: &Kpi) -> String {
    let sum = |above: bool| -> i64 {
        kpi.bins.iter().filter(|bin| bin.above == above).filter_map(|bin| bin.after.0).map(|count| count.0).sum()
    };
    format!(
        "{} bins from half the target to one and a half times; of the bins that may be shown, {} weeks lie below the target and {} \
         at it or above, after it was announced. The table behind the picture has every bin.",
        kpi.bins.len(),
        sum(false),
        sum(true)
    )
}

/// Two whiskers on one axis from -1 to 1.
pub(in crate::report) fn agreement(found: &Agreement) -> Svg {
    let x = |value: f64| 110.0 + (value.clamp(-1.0, 1.0) + 1.0) / 2.0 * 590.0;
    let mut svg = format!(
        r#"<svg class="chart" viewBox="0 0 720 96" role="img"><title>Rank agreement of use and outcomes, before and after</title><desc>Kendall's tau across people: before {} ({} to {}), after {} ({} to {}).</desc>"#,
        found.before.value, found.before.low, found.before.high, found.after.value, found.after.low, found.after.high
    );
    for tick in [-1.0, -0.5, 0.0, 0.5, 1.0] {
        let class = if tick == 0.0 { "policy" } else { "axis-line" };
        let _ = write!(
            svg,
            r#"<line class="{class}" x1="{at:.1}" y1="8" x2="{at:.1}" y2="72"/><text class="axis-text" x="{at:.1}" y="88" font-size="12" text-anchor="middle">{tick}</text>"#,
            at = x(tick)
        );
    }
    let mut whisker = |name: &str, y: f64, class: &str, tau: &Tau| {
        let _ = write!(
            svg,
            r#"<text class="axis-text" x="8" y="{text:.1}" font-size="13">{name}</text><line class="whisker" x1="{low:.1}" y1="{y}" x2="{high:.1}" y2="{y}"/><circle class="{class}" cx="{at:.1}" cy="{y}" r="6"/>"#,
            text = y + 4.0,
            low = x(tau.low.0),
            high = x(tau.high.0),
            at = x(tau.value.0)
        );
    };
    whisker("before", 24.0, "dot hollow-dot", &found.before);
    whisker("after", 54.0, "dot", &found.after);
    svg.push_str("</svg>");
    Svg(svg)
}
