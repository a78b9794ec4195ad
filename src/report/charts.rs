//! The pictures of the report, as SVG that stands in the page.
//!
//! Owns what is drawn and how it survives the page's rules: no style attributes and no style elements (the policy forbids them),
//! no colour of its own (classes that the style sheet colours for light, dark and paper), a title, a description and `role="img"`
//! on each. Bars are drawn by `charts-rs`. The range bars of the money split and the funnel are drawn here: `charts-rs` draws
//! error bars only on vertical charts, its funnel is a trapezoid in which lengths cannot be compared, and neither marks a range
//! from an unknown part. Data tables stand behind every picture; they are the template's.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use charts_rs::{BarChart, Box as Margin, Color, Series, svg_with_accessibility};

mod histogram;
mod quadrant;
mod waterfall;

pub(super) use histogram::{agreement, histogram};
pub(super) use quadrant::{cohorts, quadrant};
pub(super) use waterfall::{Idle, waterfall};

use super::model::views::MainReason;
use super::model::{Money, Policy, Report, Week};
use super::quantities::Tokens;

/// A finished picture. It can only be made in this module, from numbers and from text that was escaped, so the template may
/// print it as it is.
#[derive(Debug, Clone)]
pub(super) struct Svg(String);

impl fmt::Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Svg {}

/// Colours that stand in for classes until the drawing is done. `charts-rs` only takes colours, and none of these is seen.
const STAND_INS: [(Color, &str); 6] = [
    (stand_in(1), "usage"),
    (stand_in(2), "usage partial"),
    (stand_in(3), "outcomes"),
    (stand_in(4), "outcomes partial"),
    (stand_in(5), "axis-text"),
    (stand_in(6), "axis-line"),
];

const fn stand_in(number: u8) -> Color {
    Color { r: 1, g: 2, b: number, a: 255 }
}

/// Width of the weekly panels and of their left axis, in user units. Fixed, so that the policy lines can be placed.
const WIDTH: f32 = 720.0;
const AXIS: f32 = 56.0;
const EDGE: f32 = 8.0;
const TOP: f32 = 22.0;
const PANEL_HEIGHT: f32 = 176.0;
/// Where `charts-rs` puts the bottom of the plot: the x axis takes 30, the margin 4.
const PLOT_BOTTOM: f32 = PANEL_HEIGHT - 34.0;
/// Steps of the y axis.
const STEPS: usize = 4;

/// Tokens by week.
pub(super) fn weekly_usage(weeks: &[Week], policies: &[Policy]) -> Option<Svg> {
    let values: Vec<_> = weeks.iter().map(|week| week.tokens.0.map(|tokens| tokens.0)).collect();
    panel("Tokens by week", ["usage", "usage partial"], weeks, policies, (values.as_slice(), "0"))
}

/// Outcomes landed by week; `none` is how a count of none is told.
pub(super) fn weekly_outcomes(weeks: &[Week], policies: &[Policy], none: &str) -> Option<Svg> {
    let values: Vec<_> = weeks.iter().map(|week| week.outcomes.0.map(|count| count.0)).collect();
    panel("Outcomes landed by week", ["outcomes", "outcomes partial"], weeks, policies, (values.as_slice(), none))
}

fn stand_in_of(class: &str) -> Color {
    STAND_INS.iter().find(|(_, name)| *name == class).map_or(stand_in(0), |(color, _)| *color)
}

/// One panel of weekly bars with the policy dates as numbered lines; none when there is nothing to draw.
fn panel(
    title: &str,
    [whole, partial]: [&str; 2],
    weeks: &[Week],
    policies: &[Policy],
    (values, none): (&[Option<i64>], &str),
) -> Option<Svg> {
    let highest = values.iter().flatten().copied().max().filter(|highest| *highest > 0)?;
    let mut series = Series::new(title.to_owned(), vec![]);
    series.data = values.iter().map(|value| value.map(|value| value as f32)).collect();
    series.colors =
        Some(weeks.iter().map(|week| Some(stand_in_of(if week.partial { partial } else { whole }))).collect());
    let labels = weeks.iter().map(|week| week_number(&week.iso_week)).collect();
    let mut chart = BarChart::new(vec![series], labels);
    chart.width = WIDTH;
    chart.height = PANEL_HEIGHT;
    chart.margin = Margin { left: 0.0, top: TOP, right: EDGE, bottom: 4.0 };
    chart.background_color = Color::transparent();
    chart.font_family = "system-ui".to_owned();
    chart.legend.show = Some(false);
    chart.radius = Some(2.0);
    chart.series.colors = vec![stand_in_of(whole)];
    chart.x_axis.font.color = stand_in_of("axis-text");
    chart.x_axis.font.size = 12.0;
    chart.x_axis.stroke_color = stand_in_of("axis-line");
    chart.grid.stroke_color = stand_in_of("axis-line");
    let mut axis = chart.y_axis_configs.first().cloned().unwrap_or_default();
    axis.font.color = stand_in_of("axis-text");
    axis.font.size = 12.0;
    axis.stroke_color = stand_in_of("axis-line");
    axis.width = Some(AXIS);
    axis.split_number = STEPS;
    axis.min = Some(0.0);
    axis.max = Some(round_top(highest));
    chart.y_axis_configs = vec![axis];
    let drawn = chart.svg().ok()?;
    let described = svg_with_accessibility(&drawn, title, &description(weeks, (values, none), policies));
    Some(Svg(with_policies(&with_classes(&described), weeks, policies)))
}

/// `W07` of `2026-W07`, never longer: `charts-rs` leaves labels out when one is wide.
fn week_number(iso_week: &str) -> String {
    iso_week.rsplit('-').next().unwrap_or_default().chars().take(3).collect()
}

/// The smallest number at or above `highest` whose quarter is round.
fn round_top(highest: i64) -> f32 {
    let mut unit: i64 = 1;
    loop {
        for factor in [4, 8, 10, 12, 20, 24, 40] {
            let top = unit.saturating_mul(factor);
            if top >= highest {
                return top as f32;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

/// What the picture shows, for those who do not see it; the table behind it has every value.
fn description(weeks: &[Week], (values, none): (&[Option<i64>], &str), policies: &[Policy]) -> String {
    let (first, last) = (weeks.first(), weeks.last());
    let span =
        first.zip(last).map_or(String::new(), |(first, last)| format!("{} to {}", first.iso_week, last.iso_week));
    let known = values.iter().flatten();
    let low = known.clone().min().copied().unwrap_or_default();
    let high = known.max().copied().unwrap_or_default();
    let dates: Vec<String> = policies.iter().map(|policy| format!("{} {}", policy.date, policy.label)).collect();
    let dates =
        if dates.is_empty() { "No policy dates.".to_owned() } else { format!("Policy dates: {}.", dates.join("; ")) };
    let restated: Vec<&str> = weeks.iter().filter(|week| week.restated).map(|week| week.iso_week.as_str()).collect();
    let restated = if restated.is_empty() { String::new() } else { format!(" Restated: {}.", restated.join(", ")) };
    let low = if low == 0 { none.to_owned() } else { Tokens(low).to_string() };
    format!("{} bars, {span}, between {low} and {}. {dates}{restated}", weeks.len(), Tokens(high))
}

/// Puts classes where the stand-in colours are, and drops what the page must not hold: the namespace (an address, needless in
/// HTML), fixed sizes and font names (the style sheet's).
fn with_classes(svg: &str) -> String {
    let mut svg = svg
        .replacen(&format!(r#" width="{WIDTH}" height="{PANEL_HEIGHT}""#), "", 1)
        .replacen(r#" xmlns="http://www.w3.org/2000/svg""#, r#" class="chart""#, 1)
        .replace(r#" font-family="system-ui""#, "")
        // Thousand millions are B in the rest of the report.
        .replace("G\n</text>", "B\n</text>");
    for (color, class) in STAND_INS {
        svg = svg
            .replace(&format!(r#"fill="{}""#, color.hex()), &format!(r#"class="{class}""#))
            .replace(&format!(r#"stroke="{}""#, color.hex()), &format!(r#"class="{class}""#));
    }
    svg
}

/// Draws a dashed line at the week of each policy date, with the numbers that the dates have in the list below the picture.
/// `charts-rs` has no vertical mark lines.
fn with_policies(svg: &str, weeks: &[Week], policies: &[Policy]) -> String {
    let band = (WIDTH - AXIS - EDGE) / weeks.len() as f32;
    let mut numbers_of: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (index, policy) in policies.iter().enumerate() {
        if let Some(week) = weeks.iter().position(|week| week.iso_week == policy.iso_week) {
            numbers_of.entry(week).or_default().push((index + 1).to_string());
        }
    }
    let mut marks = String::new();
    for (week, numbers) in numbers_of {
        let x = AXIS + band * week as f32;
        // Writing to a string cannot fail.
        let _ = write!(
            marks,
            r#"<line class="policy" x1="{x:.1}" y1="18" x2="{x:.1}" y2="{PLOT_BOTTOM}"/><text class="policy-number" x="{x:.1}" y="13" font-size="12" text-anchor="middle">{}</text>"#,
            numbers.join(", "),
        );
    }
    // A restated week has a mark of its own shape at its foot, so that neither colour nor height has to tell.
    for (index, _) in weeks.iter().enumerate().filter(|(_, week)| week.restated) {
        let x = AXIS + band * (index as f32 + 0.5);
        let _ = write!(
            marks,
            r#"<path class="restated" d="M{:.1} {PLOT_BOTTOM} L{:.1} {} L{:.1} {PLOT_BOTTOM} Z"/>"#,
            x - 6.0,
            x,
            PLOT_BOTTOM - 10.0,
            x + 6.0
        );
    }
    svg.replacen("</svg>", &format!("{marks}</svg>"), 1)
}

/// Width of the range bars, in user units.
const BAR: i64 = 1000;

/// Where `amount` of `total` ends on a bar.
fn along(amount: i64, total: i64) -> f64 {
    if total <= 0 { 0.0 } else { BAR as f64 * amount.clamp(0, total) as f64 / total as f64 }
}

/// The bar of each main reason, against all of them; none where it is hidden.
pub(super) fn reason_bars(reasons: &[MainReason]) -> Vec<Svg> {
    let bar = |reason: &MainReason| {
        Svg(format!(
            r#"<svg class="range-bar" viewBox="0 0 {BAR} 20" preserveAspectRatio="none" role="img"><title>{}: {}</title><rect class="track" x="0" y="0" width="{BAR}" height="20"/><rect class="step" x="0" y="0" width="{:.2}" height="20"/></svg>"#,
            text(&reason.signal),
            text(&reason.share.to_string()),
            reason.share.0.map_or(0.0, |share| BAR as f64 * share.0.clamp(0.0, 1.0)),
        ))
    };
    reasons.iter().map(bar).collect()
}

/// The range bar of each part: the value as a bar, low to high as a thin line over it.
pub(super) fn money_ranges(money: &Money) -> Vec<Svg> {
    money
        .parts
        .iter()
        .map(|part| {
            let total = money.total.0.map_or(0, |total| total.0);
            let [value, low, high] = [part.cost, part.cost_low, part.cost_high]
                .map(|amount| along(amount.0.map_or(0, |amount| amount.0), total));
            let mut svg = format!(
                r#"<svg class="range-bar" viewBox="0 0 {BAR} 20" preserveAspectRatio="none" role="img"><title>{}: {}, between {} and {}</title><rect class="track" x="0" y="0" width="{BAR}" height="20"/>"#,
                part.label,
                text(&if part.withheld { "withheld".to_owned() } else { part.cost.to_string() }),
                text(&part.cost_low.to_string()),
                text(&part.cost_high.to_string()),
            );
            if part.cost_high.0.is_some_and(|high| high.0 > 0) {
                let _ = write!(
                    svg,
                    r#"<rect class="part {id}" x="0" y="3" width="{value:.2}" height="14"/><rect class="range" x="{low:.2}" y="9" width="{width:.2}" height="2"/><rect class="range" x="{low:.2}" y="4" width="2" height="12"/><rect class="range" x="{end:.2}" y="4" width="2" height="12"/>"#,
                    id = part.id,
                    width = (high - low).max(2.0),
                    end = (high - 2.0).max(low),
                );
            }
            svg.push_str("</svg>");
            Svg(svg)
        })
        .collect()
}

/// The bar of each step of the funnel, against the widest step; an empty picture where the count is not told, since an empty bar is none.
pub(super) fn funnel_bars(report: &Report) -> Vec<Svg> {
    let widest = report.funnel.iter().filter_map(|step| step.people.0).map(|count| count.0).max().unwrap_or_default();
    report
        .funnel
        .iter()
        .map(|step| {
            let (people, bars) = match step.people.0 {
                Some(people) => {
                    let width = along(people.0, widest);
                    let bars = format!(
                        r#"<rect class="track" x="0" y="0" width="{BAR}" height="20"/><rect class="step" x="0" y="0" width="{width:.2}" height="20"/>"#
                    );
                    (report.told(&people), bars)
                }
                None if step.of_previous.0.is_some() => ("withheld".to_owned(), String::new()),
                None => (report.told(&step.people), String::new()),
            };
            Svg(format!(
                r#"<svg class="range-bar" viewBox="0 0 {BAR} 20" preserveAspectRatio="none" role="img"><title>{label}: {people}</title>{bars}</svg>"#,
                label = step.label,
                people = text(&people),
            ))
        })
        .collect()
}

/// Escapes text that this module writes into markup itself: names, and numbers such as `< $0.01` and `<10 %`.
fn text(raw: &str) -> String {
    raw.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::quantities::{Count, Maybe, Share};

    fn weeks() -> Vec<Week> {
        (1..=3)
            .map(|number| Week {
                iso_week: format!("2026-W{number:02}"),
                active_actors: Maybe(Some(Count(number))),
                sessions: Maybe(Some(Count(number))),
                prompts: Maybe(Some(Count(number))),
                tokens: Maybe(Some(Tokens(number * 1_234_567))),
                cost: Maybe(None),
                outcomes: Maybe(None),
                partial: number == 3,
                not_final: false,
                restated: number == 2,
            })
            .collect()
    }

    #[test]
    fn a_panel_has_no_colour_style_or_address_of_its_own() {
        let policy =
            |date: &str| Policy { date: date.into(), iso_week: "2026-W03".into(), label: "<b>\"&quota".into() };
        let policies = [policy("2026-01-12"), policy("2026-01-14")];
        let svg = weekly_usage(&weeks(), &policies).unwrap().to_string();
        for forbidden in ["style", "http", "#0", "rgb", "<b>", "font-family"] {
            assert!(!svg.contains(forbidden), "{forbidden} in {svg}");
        }
        assert!(svg.starts_with(r#"<svg viewBox="0 0 720 176" class="chart" role="img">"#), "{svg}");
        assert_eq!(svg.matches(r#"class="usage""#).count(), 2);
        assert_eq!(svg.matches(r#"class="usage partial""#).count(), 1);
        assert_eq!(svg.matches(r#"class="policy""#).count(), 1);
        assert_eq!(svg.matches(r#"class="restated""#).count(), 1);
        assert!(svg.contains("Restated: 2026-W02."), "{svg}");
        assert!(svg.contains(">1, 2</text>"), "{svg}");
        assert!(svg.contains("&lt;b&gt;"), "{svg}");
    }

    /// The policy lines are placed by numbers that must be those of the drawing.
    #[test]
    fn the_plot_is_where_the_policy_lines_expect_it() {
        let svg = weekly_usage(&weeks(), &[]).unwrap().to_string();
        assert!(
            svg.contains(&format!(
                r#"<line x1="{AXIS}" y1="{PLOT_BOTTOM}" x2="{}" y2="{PLOT_BOTTOM}"/>"#,
                WIDTH - EDGE
            )),
            "{svg}"
        );
    }

    #[test]
    fn a_band_is_text_in_the_title_of_its_bar() {
        let reason = MainReason {
            signal: "a & b".into(),
            family: "CLOCK".into(),
            sessions: Maybe(None),
            share: Maybe(Some(Share(0.05))),
            innocent: String::new(),
        };
        let svg = reason_bars(&[reason]).remove(0).to_string();
        let title = svg.split("<title>").nth(1).unwrap().split("</title>").next().unwrap();
        assert!(title.starts_with("a &amp; b: ") && !title.contains('<'), "{svg}");
    }

    #[test]
    fn a_withheld_step_has_no_bar_and_no_number() {
        let mut report = crate::report::build(&crate::report::fixture::organisation());
        report.funnel[1].people = Maybe(None);
        report.funnel[1].of_previous = Maybe(Some(Share(0.95)));
        let bars = funnel_bars(&report);
        assert!(bars[0].to_string().contains(r#"class="step""#));
        let hidden = bars[1].to_string();
        assert!(hidden.contains("<title>Active: withheld</title>") && !hidden.contains("<rect"), "{hidden}");
    }

    #[test]
    fn nothing_is_drawn_from_nothing() {
        assert!(weekly_outcomes(&weeks(), &[], "0").is_none());
        assert!(weekly_usage(&[], &[]).is_none());
    }

    #[test]
    fn axes_end_on_round_numbers() {
        let tops: Vec<f32> = [1, 4, 9, 11, 37, 41, 1_234_567].into_iter().map(round_top).collect();
        assert_eq!(tops, [4.0, 4.0, 10.0, 12.0, 40.0, 80.0, 2_000_000.0]);
        assert_eq!(round_top(i64::MAX), i64::MAX as f32);
    }
}
