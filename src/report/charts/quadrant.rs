//! Teams in a plane of usage and outcomes, and the heat map of who stayed.
//!
//! Owns the drawing. `charts-rs` draws whiskers in neither direction, and its heat map has no cell without a value.

use std::fmt::Write;

use super::Svg;
use crate::report::model::views::{Cohort, Quadrant};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 296.0;
/// Fewest teams: two points make no plane.
const FEWEST: usize = 3;
/// With more teams than these only those that stand in a quadrant are named in the picture: names of many would stand on each other.
const ALL_NAMED: usize = 8;

/// Width of a letter of a name, about.
const LETTER: f64 = 7.0;
/// Lines above or below its dot to which a name may move.
const LINES: u8 = 20;

/// A part of the picture: left, top, right, bottom.
type Area = [f64; 4];

fn overlap(one: Area, other: Area) -> bool {
    one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3]
}

/// Where a name stands.
struct Place {
    /// The end that is next to its dot.
    x: f64,
    /// Its base line.
    y: f64,
    /// Whether it is to the left of the dot.
    left: bool,
    /// Whether it is so far off that a line has to lead to it.
    moved: bool,
    area: Area,
}

/// The place nearest to its dot at which a name of so many letters stands on nothing that is taken; beside the dot where there is none.
fn place(letters: usize, (cx, cy): (f64, f64), taken: &[Area]) -> Place {
    let width = LETTER * letters as f64;
    let at = |line: u8, down: bool, left: bool| {
        let away = 14.0 * f64::from(line);
        let x = if left { cx - 9.0 } else { cx + 9.0 };
        let y = if down { cy + 17.0 + away } else { cy - 7.0 - away };
        let start = if left { x - width } else { x };
        Place { x, y, left, moved: line > 0, area: [start - 2.0, y - 11.0, start + width + 2.0, y + 4.0] }
    };
    let sides = [(false, false), (false, true), (true, false), (true, true)];
    (0..LINES)
        .flat_map(|line| sides.map(|(down, left)| at(line, down, left)))
        .find(|place| {
            let [from, top, to, bottom] = place.area;
            let inside = from >= LEFT && to <= WIDTH - RIGHT && top >= 4.0 && bottom <= BOTTOM;
            inside && !taken.iter().any(|other| overlap(place.area, *other))
        })
        .unwrap_or_else(|| at(0, false, false))
}

/// The quadrant; none for fewer than three teams.
pub(in crate::report) fn quadrant(found: &Quadrant) -> Option<Svg> {
    let (usage, outcome) = (found.usage_centre.0?, found.outcome_centre.0?);
    if found.teams.len() < FEWEST {
        return None;
    }
    let highest = found.teams.iter().map(|team| team.usage_high.0).chain([usage.0]).max()?;
    let top = super::round_top(highest.max(1)) as f64;
    let x = |tokens: i64| LEFT + (WIDTH - LEFT - RIGHT) * tokens as f64 / top;
    let y = |share: f64| BOTTOM - (BOTTOM - TOP) * share.clamp(0.0, 1.0);
    let apart = found.teams.iter().filter(|team| team.distinguishable).count();
    let mut svg = format!(
        r#"<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>Usage of teams against outcomes</title><desc>{} teams; {apart} of them differ from all teams together in both directions. Centre: {usage} tokens a week and active person, {outcome} of the tokens with an outcome. Not causal.</desc>"#,
        found.teams.len(),
    );
    for tick in 0..=4 {
        let share = f64::from(tick) / 4.0;
        // Writing to a string cannot fail.
        let _ = write!(
            svg,
            r#"<line class="axis-line" x1="{LEFT}" y1="{at:.1}" x2="{end}" y2="{at:.1}"/><text class="axis-text" x="{label}" y="{text:.1}" font-size="12" text-anchor="end">{percent:.0} %</text><text class="axis-text" x="{across:.1}" y="{below}" font-size="12" text-anchor="middle">{tokens}</text>"#,
            at = y(share),
            end = WIDTH - RIGHT,
            label = LEFT - 6.0,
            text = y(share) + 4.0,
            percent = share * 100.0,
            across = (LEFT + (WIDTH - LEFT - RIGHT) * share).min(WIDTH - RIGHT - 16.0),
            below = BOTTOM + 18.0,
            tokens = crate::report::quantities::Tokens((top * share) as i64),
        );
    }
    let _ = write!(
        svg,
        r#"<text class="axis-text" x="{}" y="{}" font-size="12" text-anchor="end">tokens a week and active person</text><line class="policy" x1="{cx:.1}" y1="{TOP}" x2="{cx:.1}" y2="{BOTTOM}"/><line class="policy" x1="{LEFT}" y1="{cy:.1}" x2="{}" y2="{cy:.1}"/>"#,
        WIDTH - RIGHT,
        HEIGHT - 8.0,
        WIDTH - RIGHT,
        cx = x(usage.0),
        cy = y(outcome.0),
    );
    // Names stand on no line, dot, whisker or other name.
    let mut taken: Vec<Area> = vec![
        [x(usage.0) - 1.0, TOP, x(usage.0) + 1.0, BOTTOM],
        [LEFT, y(outcome.0) - 1.0, WIDTH - RIGHT, y(outcome.0) + 1.0],
    ];
    for team in &found.teams {
        let (cx, cy) = (x(team.usage.0), y(team.outcome.0));
        taken.push([cx - 8.0, cy - 8.0, cx + 8.0, cy + 8.0]);
        taken.push([x(team.usage_low.0), cy - 2.0, x(team.usage_high.0), cy + 2.0]);
        taken.push([cx - 2.0, y(team.outcome_high.0), cx + 2.0, y(team.outcome_low.0)]);
    }
    for team in &found.teams {
        let (cx, cy) = (x(team.usage.0), y(team.outcome.0));
        let (mut leader, mut label) = (String::new(), String::new());
        let short: String = team.team_id.chars().take(24).collect();
        let letters = short.chars().count();
        let short = super::text(&short);
        if team.distinguishable || found.teams.len() <= ALL_NAMED {
            let name = place(letters, (cx, cy), &taken);
            taken.push(name.area);
            let (anchor, edge) = if name.left { ("end", name.x + 2.0) } else { ("start", name.x - 2.0) };
            if name.moved {
                leader = format!(
                    r#"<line class="leader" x1="{cx:.1}" y1="{cy:.1}" x2="{edge:.1}" y2="{:.1}"/>"#,
                    name.y - 4.0
                );
            }
            label = format!(
                r#"<text class="team-name" x="{:.1}" y="{:.1}" font-size="12" text-anchor="{anchor}">{short}</text>"#,
                name.x, name.y
            );
        }
        let class = if team.distinguishable { "apart" } else { "alike" };
        let _ = write!(
            svg,
            r#"<g class="{class}"><title>{short}</title>{leader}<line class="whisker" x1="{:.1}" y1="{cy:.1}" x2="{:.1}" y2="{cy:.1}"/><line class="whisker" x1="{cx:.1}" y1="{:.1}" x2="{cx:.1}" y2="{:.1}"/><circle class="dot" cx="{cx:.1}" cy="{cy:.1}" r="6"/>{label}</g>"#,
            x(team.usage_low.0),
            x(team.usage_high.0),
            y(team.outcome_low.0),
            y(team.outcome_high.0),
        );
    }
    svg.push_str("</svg>");
    Some(Svg(svg))
}

/// Rows of cohorts, columns of weeks since the first use; none when every cohort is hidden.
pub(in crate::report) fn cohorts(cohorts: &[Cohort]) -> Option<Svg> {
    let columns = cohorts.iter().map(|cohort| cohort.cells.len()).max().filter(|columns| *columns > 0)?;
    let (left, row_height) = (130.0, 28.0);
    let step = (WIDTH - left - RIGHT) / columns as f64;
    let height = 34.0 + row_height * cohorts.len() as f64;
    let mut svg = format!(
        r#"<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img"><title>Who still uses it, by month of first use and weeks since</title><desc>{} months of first use, up to {columns} weeks. The table behind the picture has every cell.</desc>"#,
        cohorts.len(),
    );
    for column in (0..columns).filter(|column| columns <= 14 || column % 2 == 0) {
        let _ = write!(
            svg,
            r#"<text class="axis-text" x="{:.1}" y="16" font-size="11" text-anchor="middle">{}</text>"#,
            left + step * (column as f64 + 0.5),
            column + 1
        );
    }
    for (row, cohort) in cohorts.iter().enumerate() {
        let top = 24.0 + row_height * row as f64;
        let _ = write!(
            svg,
            r#"<text class="axis-text" x="4" y="{:.1}" font-size="12">{}</text>"#,
            top + 18.0,
            super::text(&cohort.start)
        );
        if cohort.people.0.is_none() {
            let _ = write!(
                svg,
                r#"<text class="axis-text" x="{left}" y="{:.1}" font-size="12">withheld</text>"#,
                top + 18.0
            );
        }
        for (column, cell) in cohort.cells.iter().enumerate() {
            let _ = write!(
                svg,
                r#"<rect class="heat heat-{}" x="{x:.1}" y="{top:.1}" width="{:.1}" height="{:.1}"/><text class="heat-text heat-text-{}" x="{:.1}" y="{:.1}" font-size="{size}" text-anchor="middle">{}</text>"#,
                cell.shade(),
                step - 2.0,
                row_height - 2.0,
                cell.shade(),
                left + step * (column as f64 + 0.5) - 1.0,
                top + 17.0,
                super::text(cell.text().trim_end_matches('%').trim_end()),
                x = left + step * column as f64,
                size = if columns > 14 { 9 } else { 11 },
            );
        }
    }
    svg.push_str("</svg>");
    Some(Svg(svg))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::views::CohortCell;
    use crate::report::quantities::{Count, Maybe, Share};

    #[test]
    fn names_of_teams_that_lie_together_stand_on_nothing() {
        // Three teams at one place, with their whiskers.
        let dot = (300.0, 150.0);
        let mut taken = vec![[200.0, 148.0, 400.0, 152.0], [298.0, 100.0, 302.0, 200.0], [292.0, 142.0, 308.0, 158.0]];
        for letters in [13, 15, 24, 24, 24, 24] {
            let name = place(letters, dot, &taken);
            assert!(taken.iter().all(|other| !overlap(name.area, *other)), "{letters}: {:?} {taken:?}", name.area);
            taken.push(name.area);
        }
        // At the right edge a name is to the left, and where there is no room it is beside its dot.
        assert!(place(10, (WIDTH - RIGHT - 5.0, 100.0), &[]).left);
        let name = place(10, dot, &[[0.0, 0.0, WIDTH, HEIGHT]]);
        assert!(!name.moved && !name.left);
    }

    #[test]
    fn cells_of_who_stayed_are_numbers_alone() {
        let cell = |week, share| CohortCell { week, share: Maybe(share) };
        let cells = vec![cell(1, Some(Share(0.95))), cell(2, Some(Share(0.4))), cell(3, None)];
        let start = "2026-09".to_owned();
        let svg = cohorts(&[Cohort { start, people: Maybe(Some(Count(12))), cells }]).unwrap().to_string();
        for text in [">≥90</text>", ">40</text>", ">?</text>"] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
        assert!(!svg.contains('%'), "{svg}");
    }
}
