//! Small-cell suppression of team tables: which cells, totals and shares may be printed.
//!
//! Owns the threshold, the dominance rule and complementary suppression (signals.md section 5; ABS DataLab rule of 10 and
//! dominance (1, 50), (2, 67)). Owns no tables: callers hand in who contributed how much, and blank what comes back hidden.

use std::fmt;

/// Fewest people of a published cell unless configured.
const DEFAULT_PEOPLE: usize = 10;
/// The floor that configuration cannot lower.
pub const FLOOR: usize = 5;
/// Largest part of a magnitude that one person, or two together, may hold.
const TOP_ONE: f64 = 0.50;
const TOP_TWO: f64 = 0.67;
/// Shares beyond these are printed as `<10 %` and `>=90 %`: nobody's behaviour may follow from "none" or "all".
const LOW_SHARE: f64 = 0.10;
const HIGH_SHARE: f64 = 0.90;

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
}

impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Hidden::TooFewPeople => "too few people",
            Hidden::Dominated => "one or two people make up most of it",
            Hidden::Complementary => "would give away a hidden team",
        })
    }
}

/// A share as it may be printed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Share {
    /// As it is.
    Exactly(f64),
    /// Below 10 %.
    Low,
    /// 90 % or more.
    High,
}

impl Share {
    /// The printable form of a share between 0 and 1.
    pub fn of(share: f64) -> Self {
        match share {
            share if share < LOW_SHARE => Share::Low,
            share if share >= HIGH_SHARE => Share::High,
            share => Share::Exactly(share),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Share::Exactly(share) => write!(f, "{:.0} %", share * 100.0),
            Share::Low => write!(f, "<{:.0} %", LOW_SHARE * 100.0),
            Share::High => write!(f, ">={:.0} %", HIGH_SHARE * 100.0),
        }
    }
}

impl Rules {
    /// A threshold of this many people, at least the floor.
    pub fn new(people: usize) -> Result<Self, RulesError> {
        if people < FLOOR { Err(RulesError { people }) } else { Ok(Self { people }) }
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

    /// Decides the cells of one total (the teams of a week): what is hidden, in the order given, and whether the total
    /// itself may be printed.
    ///
    /// What is hidden can be computed as total minus the visible cells, so the hidden cells together must be publishable:
    /// at least two, with enough people and no dominant one. Until they are, the smallest visible cell joins them.
    pub fn suppress(self, cells: &[Cell]) -> (Vec<Option<Hidden>>, bool) {
        let mut hidden: Vec<Option<Hidden>> = cells.iter().map(|cell| self.hides(&cell.parts)).collect();
        loop {
            let inside: Vec<usize> = (0..cells.len()).filter(|&at| hidden[at].is_some()).collect();
            let together: Vec<u64> = inside.iter().flat_map(|&at| cells[at].parts.iter().copied()).collect();
            if inside.is_empty() || inside.len() >= 2 && self.hides(&together).is_none() {
                let everybody: Vec<u64> = cells.iter().flat_map(|cell| cell.parts.iter().copied()).collect();
                return (hidden, self.hides(&everybody).is_none());
            }
            let size = |at: &usize| (cells[*at].parts.len(), cells[*at].name.as_str());
            match (0..cells.len()).filter(|&at| hidden[at].is_none()).min_by(|one, two| size(one).cmp(&size(two))) {
                Some(at) => hidden[at] = Some(Hidden::Complementary),
                // Everything is hidden and still not publishable together: the total would be that cell.
                None => return (hidden, false),
            }
        }
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
    fn none_and_all_are_never_printed() {
        let printed: Vec<String> = [0.0, 0.0999, 0.1, 0.42, 0.9, 1.0].map(|share| Share::of(share).to_string()).into();
        assert_eq!(printed, ["<10 %", "<10 %", "10 %", "42 %", ">=90 %", ">=90 %"]);
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
            prop_assert!(!total || !any_hidden || rules.hides(&rest).is_none());
            prop_assert!(!total || hidden.iter().filter(|hidden| hidden.is_some()).count() != 1);
        }
    }
}
