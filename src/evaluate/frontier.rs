//! The evasion frontier: how far a metric can be inflated without being found, by what, and at what cost.
//!
//! Owns the report of many climbs: which strategy stands for each inflation, and its tables as text and as Markdown.

use super::{Metric, Observed, Trial, proportion};
use serde::Serialize;
use std::fmt::{self, Display, Write as _};

/// A strategy and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attempt<S> {
    /// Strategy.
    pub strategy: S,
    /// What came of it.
    #[serde(flatten)]
    pub trial: Trial,
}

/// One family's climb at one inflation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FamilyClimb<S> {
    /// Family of theater.
    pub family: &'static str,
    /// Not hidden at all; null when the family never inflates so much.
    pub naive: Option<Attempt<S>>,
    /// Lowest mean score that was found.
    pub hidden: Option<Attempt<S>>,
    /// Strategies that were tried.
    pub tried: usize,
}

/// What a strategy takes beyond the naive one of its family, on the held-out seed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cost {
    /// Tokens more, as a share of the naive ones.
    pub tokens: f64,
    /// Outcomes more for each person-week.
    pub outcomes: f64,
    /// Tool calls more for each person-week.
    pub tool_calls: f64,
}

impl Cost {
    /// What `hidden` takes beyond `naive`.
    pub fn between(naive: &Observed, hidden: &Observed) -> Self {
        let weeks = hidden.person_weeks.max(1) as f64;
        Self {
            tokens: hidden.tokens as f64 / (naive.tokens as f64).max(1.0) - 1.0,
            outcomes: (hidden.outcomes - naive.outcomes) as f64 / weeks,
            tool_calls: (hidden.tool_calls - naive.tool_calls) as f64 / weeks,
        }
    }
}

/// The strategy that is found least at an inflation, and what becomes of it in an organisation that no step of the climb saw.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Winner<S> {
    /// As it was when the climb saw it.
    pub climbed: Attempt<S>,
    /// In the other organisation.
    pub held_out: Trial,
    /// The naive strategy of the same family, in the other organisation.
    pub naive_held_out: Attempt<S>,
    /// What hiding takes.
    pub cost: Cost,
}

/// Everything at one required inflation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Level<S> {
    /// The metric is at least so many times what it is without theater.
    pub inflation: f64,
    /// The strategy on the frontier; null when nothing inflates so much.
    pub winner: Option<Winner<S>>,
    /// Climbs, one a family.
    pub families: Vec<FamilyClimb<S>>,
}

/// The report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Frontier<S> {
    /// World of the organisation.
    pub world: &'static str,
    /// Metric that is inflated.
    pub metric: Metric,
    /// People, services left out.
    pub people: usize,
    /// Weeks.
    pub weeks: usize,
    /// Seed on which was climbed.
    pub seed: u64,
    /// Seed of the held-out organisation.
    pub held_out_seed: u64,
    /// Proposals for each family and inflation.
    pub steps: usize,
    /// Organisations that were simulated and scored.
    pub trials: usize,
    /// The group doing nothing but honest work.
    pub without_theater: Observed,
    /// Largest inflation of any strategy tried of which at most half of the group was above the threshold; null when there was none.
    pub largest_inflation_at_half: Option<f64>,
    /// Levels, lowest inflation first.
    pub levels: Vec<Level<S>>,
}

/// Of all attempts that inflate enough, the one that is found least; of equals the one with the lowest mean score.
pub fn least_found<S>(attempts: &[Attempt<S>], inflation: f64) -> Option<&Attempt<S>> {
    let rank = |attempt: &Attempt<S>| (attempt.trial.observed.caught(), attempt.trial.observed.mean_score);
    attempts.iter().filter(|attempt| attempt.trial.inflation >= inflation).min_by(|one, two| {
        let (one, two) = (rank(one), rank(two));
        one.0.total_cmp(&two.0).then(one.1.total_cmp(&two.1))
    })
}

/// Largest inflation of the attempts of which at most half of the group was found.
pub fn largest_at_half<S>(attempts: &[Attempt<S>]) -> Option<f64> {
    let unseen = attempts.iter().filter(|attempt| attempt.trial.observed.caught() <= 0.5);
    unseen.map(|attempt| attempt.trial.inflation).max_by(f64::total_cmp)
}

type Rows = Vec<Vec<String>>;

impl<S: Display> Frontier<S> {
    fn heading(&self) -> String {
        let group = self.without_theater.people;
        format!(
            "{group} of {} people, {} weeks, world {}; metric {}; climbed on seed {} ({} steps for each family, {} trials), \
             figures on seed {}, which no step saw",
            self.people,
            self.weeks,
            self.world,
            self.metric.as_str(),
            self.seed,
            self.steps,
            self.trials,
            self.held_out_seed
        )
    }

    fn frontier_rows(&self) -> Rows {
        let header =
            ["at least", "reached", "found", "found when naive", "in review", "tokens", "commits", "calls", "strategy"];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        for level in &self.levels {
            let mut row = vec![format!("{:.2}", level.inflation)];
            match &level.winner {
                Some(winner) => row.extend([
                    format!("{:.2}", winner.held_out.inflation),
                    found(&winner.held_out.observed),
                    found(&winner.naive_held_out.trial.observed),
                    format!("{}/{}", winner.held_out.observed.in_review, winner.held_out.observed.people),
                    format!("{:+.0} %", 100.0 * winner.cost.tokens),
                    format!("{:+.1}", winner.cost.outcomes),
                    format!("{:+.1}", winner.cost.tool_calls),
                    winner.climbed.strategy.to_string(),
                ]),
                None => {
                    row.extend(["-", "-", "-", "-", "-", "-", "-", "no family inflates so much"].map(str::to_owned))
                }
            }
            rows.push(row);
        }
        rows
    }

    fn family_rows(&self) -> Rows {
        let mut header = vec!["family".to_owned()];
        header.extend(self.levels.iter().map(|level| format!("{:.2}: naive, hidden", level.inflation)));
        let mut rows = vec![header];
        let families = self.levels.first().map_or(&[][..], |level| &level.families);
        for (place, family) in families.iter().enumerate() {
            let mut row = vec![family.family.to_owned()];
            for level in &self.levels {
                let climb = level.families.get(place).and_then(|climb| climb.naive.as_ref().zip(climb.hidden.as_ref()));
                row.push(climb.map_or_else(
                    || "not attained".to_owned(),
                    |(naive, hidden)| {
                        let (naive, hidden) = (&naive.trial.observed, &hidden.trial.observed);
                        format!(
                            "{}, {} of {} ({:.1}, {:.1} dB)",
                            naive.above_1_percent,
                            hidden.above_1_percent,
                            hidden.people,
                            naive.mean_score,
                            hidden.mean_score
                        )
                    },
                ));
            }
            rows.push(row);
        }
        rows
    }

    fn conclusion(&self) -> String {
        let honest = &self.without_theater;
        let half = self.largest_inflation_at_half.map_or_else(
            || "No strategy that was tried left half of the group unfound.".to_owned(),
            |inflation| format!("At most half of the group is found up to an inflation of {inflation:.2}."),
        );
        format!(
            "{half} Without theater {} of {} are above the threshold, and the mean score is {:.1} dB.",
            honest.above_1_percent, honest.people, honest.mean_score
        )
    }

    /// The report as a Markdown page.
    pub fn markdown(&self) -> String {
        let mut page = String::from("# Evasion frontier\n\n");
        let _ = writeln!(
            page,
            "{}. {}\n\n`found`: share above the score that at most 1 % of the honest people of the same organisation exceed, with its exact \
             95 % interval. Costs are against the family's naive strategy at the same inflation: tokens as a share, commits and tool calls \
             for each person-week.\n",
            self.heading(),
            self.conclusion()
        );
        markdown_table(&mut page, &self.frontier_rows());
        page.push_str(
            "\nBy family, on the seed of the climb: people found and mean score, naive and with the lowest mean score that the climb reached.\n\n",
        );
        markdown_table(&mut page, &self.family_rows());
        page
    }
}

fn found(observed: &Observed) -> String {
    let share = proportion(observed.above_1_percent, observed.people);
    let number = |value: Option<f64>| value.map_or_else(|| "n/a".to_owned(), |value| format!("{value:.2}"));
    format!("{} [{}, {}]", number(share.value), number(share.low), number(share.high))
}

fn markdown_table(page: &mut String, rows: &[Vec<String>]) {
    for (number, row) in rows.iter().enumerate() {
        let _ = writeln!(page, "| {} |", row.join(" | "));
        if number == 0 {
            let _ = writeln!(page, "|{}", "---|".repeat(row.len()));
        }
    }
}

fn text_table(f: &mut fmt::Formatter<'_>, rows: &[Vec<String>]) -> fmt::Result {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        writeln!(f, "  {}", cells.join("  ").trim_end())?;
    }
    Ok(())
}

impl<S: Display> Display for Frontier<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n\nevasion frontier: share above the threshold of 1 % false positives", self.heading())?;
        text_table(f, &self.frontier_rows())?;
        writeln!(f, "\nby family, on the seed of the climb: people found and mean score")?;
        text_table(f, &self.family_rows())?;
        writeln!(f, "\n{}", self.conclusion())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(name: &'static str, inflation: f64, above: usize, mean_score: f64) -> Attempt<&'static str> {
        let observed = Observed {
            people: 10,
            above_1_percent: above,
            mean_score,
            person_weeks: 20,
            tokens: (inflation * 1_000.0) as i64,
            outcomes: above as i64,
            tool_calls: 40,
            ..Observed::default()
        };
        Attempt { strategy: name, trial: Trial { inflation, observed } }
    }

    #[test]
    fn the_frontier_is_what_is_found_least_at_each_inflation() {
        let attempts = [
            attempt("cheap", 1.3, 1, 2.0),
            attempt("quiet", 1.6, 3, 1.0),
            attempt("quieter", 1.7, 3, 0.5),
            attempt("loud", 2.4, 9, 9.0),
        ];
        let names = [1.25, 1.5, 2.0, 3.0].map(|inflation| least_found(&attempts, inflation).map(|one| one.strategy));
        assert_eq!(names, [Some("cheap"), Some("quieter"), Some("loud"), None]);
        assert_eq!(largest_at_half(&attempts), Some(1.7));
        assert_eq!(largest_at_half(&attempts[3..]), None);
    }

    #[test]
    fn the_report_says_what_it_cost() {
        let (naive, hidden) = (attempt("repeat", 1.5, 8, 6.0), attempt("repeat hidden", 1.8, 2, 1.0));
        let cost = Cost::between(&naive.trial.observed, &hidden.trial.observed);
        let winner =
            Winner { climbed: hidden.clone(), held_out: hidden.trial.clone(), naive_held_out: naive.clone(), cost };
        let climb = FamilyClimb { family: "repeat", naive: Some(naive), hidden: Some(hidden), tried: 5 };
        let missing = FamilyClimb { family: "repeat", naive: None, hidden: None, tried: 5 };
        let frontier = Frontier {
            world: "quota",
            metric: Metric::Tokens,
            people: 100,
            weeks: 10,
            seed: 1,
            held_out_seed: 2,
            steps: 4,
            trials: 12,
            without_theater: attempt("", 1.0, 0, -1.0).trial.observed,
            largest_inflation_at_half: None,
            levels: vec![
                Level { inflation: 1.5, winner: Some(winner), families: vec![climb] },
                Level { inflation: 9.0, winner: None, families: vec![missing] },
            ],
        };
        for page in [frontier.to_string(), frontier.markdown()] {
            for part in [
                "10 of 100 people",
                "seed 2, which no step saw",
                "0.20 [0.03, 0.56]",
                "0.80 [0.44, 0.97]",
                "+20 %",
                "-0.3",
                "repeat hidden",
                "no family inflates so much",
                "8, 2 of 10 (6.0, 1.0 dB)",
                "not attained",
                "No strategy that was tried",
                "0 of 10 are above",
            ] {
                assert!(page.contains(part), "{part} is missing in\n{page}");
            }
        }
        let json = serde_json::to_value(&frontier).unwrap();
        assert_eq!(json["levels"][0]["winner"]["climbed"]["above_1_percent"], 2);
        assert_eq!(json["metric"], "tokens");
    }
}
