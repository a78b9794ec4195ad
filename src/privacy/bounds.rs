//! What can be concluded about hidden cells from published ones: exact interval bounds.
//!
//! Owns the propagation of intervals along equations `total = sum of parts` of amounts that are not negative. Along one line, and
//! along lines that form a tree, the bounds are exact: no reader can have tighter ones, and some assignment reaches each end.
//! Where lines cross they are sound and may be wider than what a linear program would find (Cox 1980; Hundepool et al. 2012,
//! section 4.3). Owns no decision on what is hidden.

/// What a reader knows about an amount: at least and at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// At least.
    pub low: f64,
    /// At most.
    pub high: f64,
}

impl Interval {
    /// Nothing but that it is no negative amount.
    pub const UNKNOWN: Self = Self { low: 0.0, high: f64::INFINITY };

    fn cut(&mut self, low: f64, high: f64) -> bool {
        let before = *self;
        self.low = self.low.max(low);
        self.high = self.high.min(high);
        self.low > before.low || self.high < before.high
    }
}

/// A published total and what it is the sum of, by their places among the intervals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The sum.
    pub total: usize,
    /// What is added up.
    pub parts: Vec<usize>,
}

/// Rounds of propagation; a line needs one, a tree of lines twice its depth.
const MOST_ROUNDS: usize = 64;

/// Tightens the intervals until no line tightens one any more.
pub fn propagate(intervals: &mut [Interval], lines: &[Line]) {
    for _ in 0..MOST_ROUNDS {
        let mut tighter = false;
        for line in lines {
            let low: f64 = line.parts.iter().map(|&part| intervals[part].low).sum();
            tighter |= {
                let high: f64 = line.parts.iter().map(|&part| intervals[part].high).sum();
                intervals[line.total].cut(low, high)
            };
            let total = intervals[line.total];
            for &part in &line.parts {
                let own = intervals[part];
                // Summed anew for each part: an endless end cannot be subtracted.
                let others_high: f64 =
                    line.parts.iter().filter(|&&other| other != part).map(|&other| intervals[other].high).sum();
                let others_low: f64 =
                    line.parts.iter().filter(|&&other| other != part).map(|&other| intervals[other].low).sum();
                let low = if others_high.is_finite() { total.low - others_high } else { own.low };
                tighter |= intervals[part].cut(low, total.high - others_low);
            }
        }
        if !tighter {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn interval(low: f64, high: f64) -> Interval {
        Interval { low, high }
    }

    #[test]
    fn one_hidden_part_is_what_is_left() {
        let mut known = [interval(100.0, 100.0), interval(40.0, 40.0), interval(35.0, 35.0), Interval::UNKNOWN];
        propagate(&mut known, &[Line { total: 0, parts: vec![1, 2, 3] }]);
        assert_eq!(known[3], interval(25.0, 25.0));
        // Two hidden parts share what is left.
        let mut known = [interval(100.0, 100.0), interval(40.0, 40.0), Interval::UNKNOWN, Interval::UNKNOWN];
        propagate(&mut known, &[Line { total: 0, parts: vec![1, 2, 3] }]);
        assert_eq!((known[2], known[3]), (interval(0.0, 60.0), interval(0.0, 60.0)));
    }

    #[test]
    fn crossing_lines_are_followed_to_the_end() {
        // Two rows and two columns with one hidden corner each: the columns give away what the rows hide.
        let exact = |value: f64| interval(value, value);
        let mut known =
            [Interval::UNKNOWN, exact(7.0), exact(4.0), Interval::UNKNOWN, exact(10.0), exact(9.0), Interval::UNKNOWN];
        let lines = [
            Line { total: 4, parts: vec![0, 1] },
            Line { total: 5, parts: vec![2, 3] },
            Line { total: 6, parts: vec![4, 5] },
        ];
        propagate(&mut known, &lines);
        assert_eq!((known[0], known[3], known[6]), (exact(3.0), exact(5.0), exact(19.0)));
    }

    proptest! {
        #[test]
        fn the_truth_is_inside_and_the_ends_are_reached(
            parts in proptest::collection::vec((0_u32..50, any::<bool>(), 0_u32..4), 1..7), slack in 0_u32..4,
        ) {
            let total: u32 = parts.iter().map(|(value, ..)| value).sum();
            let around = |value: u32, slack: u32| interval(f64::from(value.saturating_sub(slack)), f64::from(value + slack));
            let mut known = vec![around(total, slack)];
            known.extend(parts.iter().map(|(value, hidden, slack)| {
                if *hidden { Interval::UNKNOWN } else { around(*value, *slack) }
            }));
            let given = known.clone();
            propagate(&mut known, &[Line { total: 0, parts: (1..=parts.len()).collect() }]);
            for (at, (value, ..)) in parts.iter().enumerate() {
                let found = known[at + 1];
                prop_assert!(found.low <= f64::from(*value) && f64::from(*value) <= found.high);
                // Exact along one line: the ends by the formula of linear programming over a box and one equation.
                let others = |end: fn(&Interval) -> f64| -> f64 {
                    given.iter().enumerate().skip(1).filter(|(other, _)| *other != at + 1).map(|(_, own)| end(own)).sum()
                };
                let highest = given[at + 1].high.min(given[0].high - others(|own| own.low));
                let lowest = given[at + 1].low.max(given[0].low - others(|own| own.high));
                prop_assert!((found.high - highest).abs() < 1e-9 && (found.low - lowest.max(0.0)).abs() < 1e-9);
            }
        }
    }
}
