//! How long something lasts, when some of it is too young to say.
//!
//! Owns the product-limit estimator for exact times (Kaplan and Meier 1958) and the estimator for work that was looked at
//! once (current-status data). Owns no reading of outcomes.

/// What happened to `weight` equal things after `time`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lifetime {
    /// Until the event or until the last look, in the unit of the caller.
    pub time: f64,
    /// How many.
    pub weight: f64,
    /// True for the event, false for still without it at the last look.
    pub ended: bool,
}

/// Share without the event at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Survival {
    /// S(t), 0 to 1.
    pub share: f64,
    /// Greenwood's (1926) standard error; takes the things for independent.
    pub error: f64,
    /// Things that were looked at for at least as long.
    pub at_risk: f64,
}

/// Kaplan and Meier's S(`at`): the young leave the risk set instead of counting as failed. Events come before censoring at
/// equal times. `None` when nothing was looked at for as long as `at`: the curve does not reach there. O(n log n).
pub fn kaplan_meier(lifetimes: &[Lifetime], at: f64) -> Option<Survival> {
    let mut sorted: Vec<Lifetime> = lifetimes.iter().copied().filter(|life| life.weight > 0.0).collect();
    sorted.sort_unstable_by(|one, two| one.time.total_cmp(&two.time));
    let mut at_risk: f64 = sorted.iter().map(|life| life.weight).sum();
    let (mut share, mut spread) = (1.0, 0.0);
    for instant in sorted.chunk_by(|one, two| one.time == two.time).take_while(|instant| instant[0].time <= at) {
        let ended: f64 = instant.iter().filter(|life| life.ended).map(|life| life.weight).sum();
        share *= 1.0 - ended / at_risk;
        if at_risk > ended {
            spread += ended / (at_risk * (at_risk - ended));
        }
        at_risk -= instant.iter().map(|life| life.weight).sum::<f64>();
    }
    let reached: f64 = sorted.iter().filter(|life| life.time >= at).map(|life| life.weight).sum();
    // Once everything has ended nothing can come back, so the curve is known to be 0 from there on.
    (reached > 0.0 || share == 0.0).then(|| Survival { share, error: share * spread.sqrt(), at_risk: reached })
}

/// Things of one age that were looked at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Age at the look.
    pub age: f64,
    /// How many there were.
    pub weight: f64,
    /// How many of them were still there.
    pub alive: f64,
}

/// S(`at`) when each thing was looked at once and the time of its end is unknown: the maximum-likelihood estimator is the
/// falling isotonic regression of the share alive on age, by pooling adjacent violators (Ayer et al. 1955; Groeneboom and
/// Wellner 1992). Kaplan and Meier would take the look for the time of the end, and so report too much alive.
///
/// (share, weight of the block it comes from); `None` when no look was at an age of `at` or more.
pub fn current_status(looks: &[Look], at: f64) -> Option<(f64, f64)> {
    let mut sorted: Vec<Look> = looks.iter().copied().filter(|look| look.weight > 0.0).collect();
    sorted.sort_unstable_by(|one, two| one.age.total_cmp(&two.age));
    sorted.last().filter(|oldest| oldest.age >= at)?;
    // Blocks of (first age, weight, alive), falling in their share.
    let mut blocks: Vec<Look> = Vec::new();
    for look in sorted {
        let mut block = look;
        while let Some(last) = blocks.last() {
            let violates = block.age == last.age || block.alive * last.weight >= last.alive * block.weight;
            if !violates {
                break;
            }
            block = Look { age: last.age, weight: last.weight + block.weight, alive: last.alive + block.alive };
            blocks.pop();
        }
        blocks.push(block);
    }
    // The share at `at` is that of the last look at or before it; before the first look, the first one's.
    let block = blocks.iter().rev().find(|block| block.age <= at).or_else(|| blocks.first())?;
    Some((block.alive / block.weight, block.weight))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::stats::Seeded;

    fn life(time: f64, ended: bool) -> Lifetime {
        Lifetime { time, weight: 1.0, ended }
    }

    /// Remission of 21 children under 6-MP in weeks (Freireich et al. 1963), the standard example: S(7) = .807, S(10) = .753 with
    /// error .0963, S(22) = .538 with error .1282, S(23) = .448. The same digits from lifelines 0.30.3,
    /// `KaplanMeierFitter().fit(T, E).predict(t)`.
    #[test]
    fn agrees_with_the_published_example() {
        let ended = [6, 6, 6, 7, 10, 13, 16, 22, 23];
        let censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35];
        let weeks = ended.map(|week| life(f64::from(week), true)).into_iter();
        let lives: Vec<Lifetime> = weeks.chain(censored.map(|week| life(f64::from(week), false))).collect();
        let of = |week| kaplan_meier(&lives, week).unwrap();
        for (week, share) in [(7.0, 0.806_722_689), (10.0, 0.752_941_176), (22.0, 0.537_815_126), (23.0, 0.448_179_272)]
        {
            assert!((of(week).share - share).abs() < 1e-9, "{week}: {:?}", of(week));
        }
        assert!((of(10.0).error - 0.0963).abs() < 5e-5 && (of(22.0).error - 0.1282).abs() < 5e-5);
        assert_eq!(kaplan_meier(&lives, 36.0), None);
        let mut twice = lives.clone();
        twice.iter_mut().for_each(|life| life.weight = 3.0);
        assert!((kaplan_meier(&twice, 22.0).unwrap().share - of(22.0).share).abs() < 1e-12);
    }

    #[test]
    fn young_work_is_censored_not_failed() {
        // Ten lines gone after 5 days of twenty; forty more that are only 3 days old.
        let mut lines = vec![Lifetime { time: 5.0, weight: 10.0, ended: true }];
        lines.push(Lifetime { time: 40.0, weight: 10.0, ended: false });
        lines.push(Lifetime { time: 3.0, weight: 40.0, ended: false });
        let survival = kaplan_meier(&lines, 30.0).unwrap();
        assert_eq!((survival.share, survival.at_risk), (0.5, 10.0));
        assert_eq!(kaplan_meier(&lines, 41.0), None);
        assert_eq!(kaplan_meier(&[], 1.0), None);
    }

    #[test]
    fn one_look_finds_the_share_that_exact_times_have() {
        // Exponential ends with mean 60 days, looked at once at ages of 0 to 90: S(30) = exp(-.5).
        let mut random = Seeded::new(12);
        let looks: Vec<Look> = (0..8_000)
            .map(|_| {
                let age = 90.0 * random.uniform();
                let alive = -60.0 * random.uniform().ln() > age;
                Look { age, weight: 1.0, alive: f64::from(u8::from(alive)) }
            })
            .collect();
        let (share, _) = current_status(&looks, 30.0).unwrap();
        assert!((share - (-0.5f64).exp()).abs() < 0.04, "{share}");
        assert_eq!(current_status(&looks, 91.0), None);
    }

    #[test]
    fn violators_are_pooled() {
        let look = |age, alive| Look { age, weight: 10.0, alive };
        let looks = [look(1.0, 9.0), look(10.0, 4.0), look(20.0, 8.0), look(40.0, 3.0)];
        assert_eq!(current_status(&looks, 30.0), Some((0.6, 20.0)));
        assert_eq!(current_status(&looks, 5.0), Some((0.9, 10.0)));
        assert_eq!(current_status(&looks, 0.5), Some((0.9, 10.0)));
    }
}
