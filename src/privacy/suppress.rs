//! Small-cell suppression of team tables: which cells, totals and shares may be printed.
//!
//! Owns the threshold and the dominance rule (signals.md section 5; ABS DataLab rule of 10 and dominance (1, 50), (2, 67); faults.md
//! has 75 for the second, which is laxer and has no source, so the verified one holds). What a table needs beyond its cells is
//! `panel`'s. Owns no tables: callers hand in who contributed how much, and blank what comes back hidden.

use std::fmt;

use super::ledger::History;
use super::panel::{self, Contribution, Panel, Verdict};

/// Fewest people of a published cell unless configured.
const DEFAULT_PEOPLE: usize = 10;
/// The floor that configuration cannot lower.
pub const FLOOR: usize = 5;
/// Largest part of a magnitude that one person, or two together, may hold.
const TOP_ONE: f64 = 0.50;
const TOP_TWO: f64 = 0.67;
/// How many people a published cell needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    people: usize,
}

/// A threshold below the floor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cells of {people} people cannot be published: the floor is {FLOOR}")]
pub struct RulesError {
    /// What was asked for.
    pub people: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self { people: DEFAULT_PEOPLE }
    }
}

/// A cell of a table: a team, or a team in a week.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    /// Decides between cells of one size; the team's name.
    pub name: String,
    /// Each active person's part of the magnitude (tokens, cost); the length is the number of people.
    pub parts: Vec<u64>,
}

/// Why a cell is not printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// Fewer people than the threshold.
    TooFewPeople,
    /// One or two people hold most of the magnitude.
    Dominated,
    /// Printing it would give away a hidden neighbour by subtraction from the total.
    Complementary,
    /// Its difference to an earlier report would be about a few people.
    Differenced,
    /// People who belong to no cell: counted in the total, never published by themselves.
    Remainder,
    /// A sum over the period of which the published weeks leave a few people's part.
    BesideItsWeeks,
    /// A way of working of fewer teams than make it a trait of teams.
    TooFewTeams,
}

impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Hidden::TooFewPeople => "too few people",
            Hidden::Dominated => "one or two people make up most of it",
            Hidden::Complementary => "would give away a hidden neighbour",
            Hidden::Differenced => "would give away a few people by its difference to an earlier report",
            Hidden::Remainder => "people who belong to no cell",
            Hidden::BesideItsWeeks => "a sum over the period that would give away a few people beside its weeks",
            Hidden::TooFewTeams => "people of too few teams",
        })
    }
}

impl Rules {
    /// A threshold of this many people, at least the floor.
    pub fn new(people: usize) -> Result<Self, RulesError> {
        if people < FLOOR { Err(RulesError { people }) } else { Ok(Self { people }) }
    }

    /// Fewest people of a published cell.
    pub fn people(self) -> usize {
        self.people
    }

    /// Why a cell may not stand by itself; `None` when it may.
    pub fn hides(self, parts: &[u64]) -> Option<Hidden> {
        if parts.len() < self.people {
            return Some(Hidden::TooFewPeople);
        }
        let total: u128 = parts.iter().map(|part| u128::from(*part)).sum();
        let mut sorted = parts.to_vec();
        sorted.sort_unstable_by_key(|part| std::cmp::Reverse(*part));
        let top_one = u128::from(sorted[0]) as f64;
        let top_two = top_one + u128::from(sorted[1]) as f64;
        let dominated = top_one > TOP_ONE * total as f64 || top_two > TOP_TWO * total as f64;
        dominated.then_some(Hidden::Dominated)
    }

    /// Decides the cells of one total without looking at earlier reports: what is hidden, in the order given, and whether the total
    /// itself may be printed. Everybody is in one cell; for cells that share people, and for reports that follow each other, see
    /// [`Rules::decide`].
    pub fn suppress(self, cells: &[Cell]) -> (Vec<Option<Hidden>>, bool) {
        let cells = cells.iter().enumerate().map(|(number, cell)| {
            let part = |(at, tokens): (usize, &u64)| {
                (format!("{number}/{at}"), Contribution { tokens: *tokens, ..Contribution::COUNTED })
            };
            panel::Cell {
                name: cell.name.clone(),
                members: cell.parts.iter().enumerate().map(part).collect(),
                ..panel::Cell::default()
            }
        });
        let total = Some(serde_json::Value::Null);
        let decision = self.decide(&Panel { cells: cells.collect(), total, ..Panel::default() }, &History::default());
        let hidden = decision.cells.iter().map(|verdict| match verdict {
            Verdict::Hidden(reason) => Some(*reason),
            Verdict::Fresh | Verdict::Kept(_) => None,
        });
        (hidden.collect(), decision.total.is_fresh())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cell(name: &str, people: usize) -> Cell {
        Cell { name: name.into(), parts: vec![100; people] }
    }

    #[test]
    fn the_floor_cannot_be_lowered() {
        assert_eq!(Rules::new(4).unwrap_err().to_string(), "cells of 4 people cannot be published: the floor is 5");
        assert_eq!(Rules::new(5).unwrap().hides(&[1; 5]), None);
        assert_eq!(Rules::default().hides(&[1; 9]), Some(Hidden::TooFewPeople));
        assert_eq!(Rules::default().hides(&[1; 10]), None);
    }

    #[test]
    fn one_or_two_people_may_not_be_the_team() {
        let mut parts = vec![1; 20];
        parts[7] = 20;
        assert_eq!(Rules::default().hides(&parts), Some(Hidden::Dominated));
        parts[7] = 19;
        assert_eq!(Rules::default().hides(&parts), None);
        // 15 + 22 of 55 is 67.3 %.
        (parts[7], parts[3]) = (15, 22);
        assert_eq!(Rules::default().hides(&parts), Some(Hidden::Dominated));
        assert_eq!(Rules::default().hides(&[0; 12]), None);
        assert_eq!(Rules::default().hides(&[u64::MAX; 12]), None);
    }

    #[test]
    fn a_single_hidden_team_takes_the_next_smallest_with_it() {
        let cells = [cell("a", 30), cell("b", 3), cell("c", 12), cell("d", 12)];
        let (hidden, total) = Rules::default().suppress(&cells);
        assert_eq!(hidden, [None, Some(Hidden::TooFewPeople), Some(Hidden::Complementary), None]);
        assert!(total);
        // Two hidden teams of together five people are one small cell.
        let cells = [cell("a", 30), cell("b", 3), cell("c", 2)];
        let (hidden, total) = Rules::default().suppress(&cells);
        assert_eq!(hidden[0], Some(Hidden::Complementary));
        assert!(total);
        assert_eq!(Rules::default().suppress(&[cell("b", 3)]), (vec![Some(Hidden::TooFewPeople)], false));
        assert_eq!(Rules::default().suppress(&[]), (vec![], false));
    }

    #[test]
    fn a_headline_gives_way_last_and_people_who_stand_in_several_cells_are_not_added_up() {
        // Everybody is in the two large cells, three of them in a small one too: as people of the parts of the money are.
        let members = |count: usize, part: u64| {
            (0..count).map(|at| (format!("p{at:02}"), Contribution { tokens: part, cost: part, rest: 1 })).collect()
        };
        let cell = |name: &str, members, headline| panel::Cell {
            name: name.into(),
            members,
            headline,
            ..panel::Cell::default()
        };
        let decided = |headline: bool| {
            let cells = vec![
                cell("read", members(18, 40), headline),
                cell("other", members(20, 30), false),
                cell("few", members(3, 1), false),
            ];
            let panel = Panel { cells, total: Some(serde_json::Value::Null), ..Panel::default() };
            let decision = Rules::default().decide(&panel, &History::default());
            (decision.cells.iter().map(Verdict::is_fresh).collect::<Vec<_>>(), decision.total.is_fresh())
        };
        assert_eq!(decided(true), (vec![true, false, false], true));
        assert_eq!(decided(false), (vec![false, true, false], true));
    }

    proptest! {
        #[test]
        fn nothing_small_can_be_computed_by_subtraction(
            teams in proptest::collection::vec(proptest::collection::vec(0u64..1_000, 0..25), 0..9),
        ) {
            let cells: Vec<Cell> = teams
                .into_iter()
                .enumerate()
                .map(|(number, parts)| Cell { name: number.to_string(), parts })
                .collect();
            let rules = Rules::default();
            let (hidden, total) = rules.suppress(&cells);
            for (cell, hidden) in cells.iter().zip(&hidden) {
                prop_assert!(hidden.is_some() || rules.hides(&cell.parts).is_none());
            }
            let rest: Vec<u64> = cells
                .iter()
                .zip(&hidden)
                .filter(|(_, hidden)| hidden.is_some())
                .flat_map(|(cell, _)| cell.parts.iter().copied())
                .collect();
            let any_hidden = hidden.iter().any(Option::is_some);
            // An empty cell is hidden, and nobody can be computed from it.
            prop_assert!(!total || !any_hidden || rest.is_empty() || rules.hides(&rest).is_none());
            let with_people = cells.iter().zip(&hidden).filter(|(cell, hidden)| hidden.is_some() && !cell.parts.is_empty());
            prop_assert!(!total || with_people.count() != 1);
        }
    }
}
