//! What a scoring run found: in numbers for machines, in words for the terminal, and what of the population tests their table has.
//!
//! Owns how far the terminal and that table count people. Owns no score.

use crate::privacy::rounding;
use crate::report::inputs::SurvivalFact;
use crate::results;
use crate::score::rows::PopulationRow;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// What a scoring run found, for the summary.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ScoreSummary {
    /// Root sessions.
    pub sessions: usize,
    /// Weeks of people.
    pub actor_weeks: usize,
    /// Weeks of people by band.
    pub bands: BTreeMap<String, usize>,
    /// Observed facts by kind.
    pub findings: BTreeMap<String, usize>,
    /// Session-outcome pairs by tier.
    pub attribution: BTreeMap<String, usize>,
    /// How much work lands and stays.
    pub survival: Vec<SurvivalFact>,
    /// Known people with a week of use, and how many a published cell needs; for the words, not for machines.
    #[serde(skip)]
    pub people: usize,
    /// See `people`.
    #[serde(skip)]
    pub floor: usize,
}

impl ScoreSummary {
    /// Whether there are enough people that they can be protected.
    pub(super) fn is_protected(&self) -> bool {
        self.people >= self.floor.max(1)
    }
}

/// The summary for people. Where there are enough people that they can be protected its counts are rounded like those of a report, and a
/// handful is not counted out: a terminal is read over shoulders and pasted into chats.
pub fn text(summary: &ScoreSummary, out: &Path) -> String {
    let protected = summary.is_protected();
    let shown = |count: usize| match i64::try_from(count) {
        Ok(few) if protected && few > 0 && count < summary.floor => format!("fewer than {}", summary.floor),
        Ok(count) if protected => rounding::count(count).to_string(),
        _ => count.to_string(),
    };
    let list = |counts: &BTreeMap<String, usize>| {
        let parts: Vec<String> = counts.iter().map(|(name, count)| format!("{} {name}", shown(*count))).collect();
        if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
    };
    let share = |share: f64| match share {
        share if !protected => format!("{:.0} %", 100.0 * share),
        share if share < rounding::LOW_SHARE => "<10 %".to_owned(),
        share if share >= rounding::HIGH_SHARE => "≥90 %".to_owned(),
        share => format!("{:.0} %", 100.0 * rounding::share(share)),
    };
    let count = |n: i64| if protected { rounding::count(n) } else { n };
    let kept: String = summary
        .survival
        .iter()
        .map(|fact| format!("{}: {} after {} days, n {}\n", fact.of, share(fact.share), fact.days, count(fact.n)))
        .collect();
    format!(
        "scored {} sessions and {} person-weeks; bands of the weeks, which are no verdict: {}\nfacts about sessions: {}\nlinks of sessions to outcomes, by how they are known: {}\n{kept}tables: {}\n",
        shown(summary.sessions),
        shown(summary.actor_weeks),
        list(&summary.bands),
        list(&summary.findings),
        list(&summary.attribution),
        results::tables_directory(out).display()
    )
}

/// The population tests as their table has them, which is for everybody: what people did is counted to 5, as in the report.
pub(super) fn published_tests(tests: &[PopulationRow], protected: bool) -> Vec<PopulationRow> {
    let mut rows = tests.to_vec();
    for row in rows.iter_mut().filter(|row| protected && row.counts_people()) {
        row.n = rounding::count(row.n);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_bands_shares_and_rounds_counts_where_people_can_be_protected() {
        let fact = |share: f64, n| SurvivalFact { of: "lines".to_owned(), days: 30, share, n, method: String::new() };
        let summary = |people| ScoreSummary {
            survival: vec![fact(1.0, 21), fact(0.62, 43), fact(0.04, 22)],
            people,
            floor: 10,
            ..ScoreSummary::default()
        };
        let said = |people| {
            let text = text(&summary(people), Path::new("out"));
            text.lines().filter_map(|line| line.strip_prefix("lines: ").map(str::to_owned)).collect::<Vec<_>>()
        };
        assert_eq!(said(10), ["≥90 % after 30 days, n 20", "60 % after 30 days, n 45", "<10 % after 30 days, n 20"]);
        assert_eq!(said(9), ["100 % after 30 days, n 21", "62 % after 30 days, n 43", "4 % after 30 days, n 22"]);
    }

    #[test]
    fn the_table_of_population_tests_rounds_what_people_did_and_nothing_else() {
        let row = |n_unit: &str| PopulationRow { n: 37, n_unit: n_unit.to_owned(), ..PopulationRow::default() };
        let tests = ["people", "person-weeks", "steps of people", "weeks", "teams", "templates"].map(row);
        let counted = |protected| published_tests(&tests, protected).iter().map(|row| row.n).collect::<Vec<_>>();
        assert_eq!(counted(true), [35, 35, 35, 37, 37, 37]);
        assert_eq!(counted(false), [37; 6]);
    }
}
