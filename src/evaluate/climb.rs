//! A black-box hill climb under a constraint: somebody who sees nothing but the score changes one thing at a time and keeps what helps.
//!
//! Owns which strategy is tried next and which is kept. Knows neither what a strategy is nor how it is tried: the caller asks, tries, tells.

use super::Trial;

/// Trials that a start may take to reach the required inflation.
const REPAIRS: usize = 4;

/// One climb, from one start.
#[derive(Debug, Clone)]
pub struct Climb<S> {
    start: S,
    required: f64,
    steps_left: usize,
    repairs_left: usize,
    proposed: u64,
    seen: Vec<S>,
    naive: Option<(S, Trial)>,
    current: Option<(S, Trial)>,
}

impl<S: Clone + PartialEq> Climb<S> {
    /// A climb of at most `steps` proposals, all of which must keep the metric inflated at least `required` times.
    pub fn new(start: S, required: f64, steps: usize) -> Self {
        Self {
            start,
            required,
            steps_left: steps,
            repairs_left: REPAIRS,
            proposed: 0,
            seen: Vec::new(),
            naive: None,
            current: None,
        }
    }

    /// What to try next; nothing when the steps are used up, when no neighbour is left, or when the start never inflates enough.
    /// `neighbour` gives the neighbour of a number, `raised` a strategy with more of it, from the inflation that was measured.
    pub fn ask(&mut self, neighbour: impl Fn(&S, u64) -> S, raised: impl Fn(&S, f64) -> S) -> Option<S> {
        let Some((current, trial)) = &self.current else { return Some(self.start.clone()) };
        if self.naive.is_none() {
            self.repairs_left = self.repairs_left.checked_sub(1)?;
            return Some(raised(current, trial.inflation));
        }
        self.steps_left = self.steps_left.checked_sub(1)?;
        // A neighbour that was tried before is no step.
        for _ in 0..64 {
            self.proposed += 1;
            let next = neighbour(current, self.proposed);
            if !self.seen.contains(&next) {
                return Some(next);
            }
        }
        None
    }

    /// What came of a trial. It replaces the current strategy when it inflates enough and the mean score fell; until anything inflates
    /// enough, the latest is current.
    pub fn tell(&mut self, strategy: S, trial: Trial) {
        self.seen.push(strategy.clone());
        let enough = trial.inflation >= self.required;
        let better = match (&self.naive, &self.current) {
            (Some(_), Some((_, best))) => enough && trial.observed.mean_score < best.observed.mean_score,
            _ => true,
        };
        if self.naive.is_none() && enough {
            self.naive = Some((strategy.clone(), trial.clone()));
        }
        if better {
            self.current = Some((strategy, trial));
        }
    }

    /// The start, with as much of it as the required inflation takes; nothing when it never reached that.
    pub fn naive(&self) -> Option<&(S, Trial)> {
        self.naive.as_ref()
    }

    /// The strategy with the lowest mean score that inflates enough.
    pub fn best(&self) -> Option<&(S, Trial)> {
        self.naive.as_ref().and(self.current.as_ref())
    }

    /// Strategies that were tried.
    pub fn tried(&self) -> usize {
        self.seen.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Observed;
    use super::*;

    /// A dose and a disguise, both whole numbers.
    type Point = (i64, i64);

    fn trial(inflation: f64, mean_score: f64) -> Trial {
        Trial { inflation, observed: Observed { mean_score, ..Observed::default() } }
    }

    /// The dose inflates and gives away; the disguise hides best at 3 and costs inflation.
    fn fake((dose, disguise): Point) -> Trial {
        trial(1.0 + dose as f64 / 10.0 - disguise as f64 / 100.0, dose as f64 + (disguise - 3).abs() as f64)
    }

    fn neighbour((dose, disguise): &Point, number: u64) -> Point {
        match number % 4 {
            0 => (dose - 1, *disguise),
            1 => (*dose, disguise + 1),
            2 => (*dose, disguise - 1),
            _ => (dose + 1, *disguise),
        }
    }

    fn climbed(start: Point, required: f64, steps: usize) -> Climb<Point> {
        let mut climb = Climb::new(start, required, steps);
        while let Some(point) = climb.ask(neighbour, |(dose, disguise), _| (dose + 2, *disguise)) {
            climb.tell(point, fake(point));
        }
        climb
    }

    #[test]
    fn it_falls_to_the_lowest_score_that_still_inflates_enough() {
        let climb = climbed((9, 0), 1.5, 60);
        // Dose 5 with any disguise inflates too little; dose 6 with the best disguise is the least that does.
        assert_eq!(climb.best().map(|(point, _)| *point), Some((6, 3)));
        assert_eq!(climb.naive().map(|(point, _)| *point), Some((9, 0)));
        // There every neighbour was tried before the steps were used up.
        assert!(climb.tried() < 30, "{}", climb.tried());
    }

    #[test]
    fn a_start_that_inflates_too_little_gets_more_of_it() {
        let climb = climbed((1, 0), 1.5, 0);
        assert_eq!((climb.naive().map(|(point, _)| *point), climb.tried()), (Some((5, 0)), 3));
        // Four more of two each are not enough for this one, and then nothing was attained.
        let never = climbed((1, 0), 3.0, 20);
        assert_eq!((never.naive(), never.best(), never.tried()), (None, None, 5));
    }

    #[test]
    fn nothing_is_tried_twice_and_no_worse_score_is_kept() {
        let mut climb = Climb::new((9, 0), 1.2, 12);
        let mut lowest = f64::INFINITY;
        let mut seen: Vec<Point> = Vec::new();
        while let Some(point) = climb.ask(neighbour, |point, _| *point) {
            assert!(!seen.contains(&point), "{point:?} twice");
            seen.push(point);
            climb.tell(point, fake(point));
            let best = climb.best().unwrap().1.observed.mean_score;
            assert!(best <= lowest);
            lowest = best;
        }
        assert_eq!(seen.len(), 13);
        // With no neighbour but itself there is nothing to try.
        let mut alone = Climb::new((9, 0), 1.2, 12);
        alone.tell((9, 0), fake((9, 0)));
        assert_eq!(alone.ask(|point, _| *point, |point, _| *point), None);
    }
}
