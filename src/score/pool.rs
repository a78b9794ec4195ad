//! Sessions pooled to a case, and the second calibration: one person's week against other people's weeks.
//!
//! Owns steps 7 and 8 of signals.md section 3. A case's T = the families over its K sessions + the week's own; it is only
//! a ranking. What it is worth says a second conformal p among cases with a similar K, under false discovery control.

use std::collections::BTreeMap;

use super::calibrate::{MINIMUM_REFERENCE, Reference};
use super::evidence::{Contribution, Evidence, Line, limit_second_key, rounded};
use super::input::Family;
use super::stats::benjamini_hochberg;

/// False discovery rate of a batch of cases (`bh.q`).
pub const FALSE_DISCOVERY_RATE: f64 = 0.05;
/// Person-weeks of other people from which a week is tested for review. Below it a case keeps its T and its band, up to `look`.
pub const LEAST_CASES: usize = 100;

/// One person's week, pooled.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Scored sessions K, 0 when only the week's own signals speak.
    pub sessions: usize,
    /// T in hundredths of a deciban; the sum of the contributions.
    pub hundredths: i64,
    /// Pooled session evidence plus the week's own, by family, before unused output is limited, decibans.
    pub families: BTreeMap<Family, f64>,
    /// What may count as a key of the gate: 10 log10 of the mean e of the sessions, plus the week's own. Chance supplies one loud session among many too
    /// easily for a second key.
    pub keys: BTreeMap<Family, f64>,
    /// What adds up to T: per session signal the mean over the sessions, then the week's own lines.
    pub contributions: Vec<Contribution>,
}

/// Pools the scored sessions of a week with the week's own evidence; `None` when nothing was looked at.
///
/// A family of the week is 10 log10(1 + sum of (e - 1) / sqrt(K)) over its K sessions with e = 10^(S_f/10), and never more than its strongest session;
/// the families add, unused output up to the strongest first key ([`limit_second_key`]). One session among K is worth what Bonferroni's K p leaves of it, since e = .5 p^-.5 (Vovk and Wang 2021) loses
/// sqrt(K) when p is multiplied by K; several sessions win that back, and a habit of one person, whose sessions are no independent
/// observations, is worth no more than the session that shows it best. A mean of decibans would dilute a few sessions made to be
/// counted among much honest work. Exculpation is a mean of decibans. A family is shared out among its signals: the mean of each
/// one's decibans, and what the family lies above their sum in proportion to their e.
pub fn pool(sessions: &[&Evidence], week: Option<&Evidence>) -> Option<Case> {
    if sessions.is_empty() && week.is_none() {
        return None;
    }
    let mut sessions = sessions.to_vec();
    // Floating sums depend on order; the evidence fixes it.
    sessions.sort_by(|one, two| (one.hundredths, &one.contributions).cmp(&(two.hundredths, &two.contributions)));
    let count = sessions.len().max(1) as f64;
    let ratio = |db: f64| 10f64.powf(db / 10.0);
    // Of each family the sum of e - 1 and the strongest session.
    let mut sums: BTreeMap<Family, (f64, f64)> = BTreeMap::new();
    // Of each line the sum of decibans and the sum of e.
    let mut lines: BTreeMap<(&'static str, &'static str, &'static str), (f64, f64)> = BTreeMap::new();
    for evidence in &sessions {
        for (family, db) in &evidence.families {
            let (excess, strongest) = sums.entry(*family).or_default();
            (*excess, *strongest) = (*excess + ratio(*db) - 1.0, strongest.max(*db));
        }
        for (name, kind, family, db) in &evidence.found {
            let sums = lines.entry((name, kind, family)).or_default();
            *sums = (sums.0 + db, sums.1 + ratio(*db));
        }
    }
    let mut keys: BTreeMap<Family, f64> =
        sums.iter().map(|(family, (excess, _))| (*family, 10.0 * (1.0 + excess / count).log10())).collect();
    let mut families: BTreeMap<Family, f64> = sums
        .into_iter()
        .map(|(family, (excess, strongest))| (family, pooled_family(excess, strongest, count)))
        .collect();
    let mut pooled: Vec<Line> = Vec::new();
    for (family, value) in &families {
        let own = |key: &(&str, &str, &str)| key.1 == "signal" && key.2 == family.as_str();
        let (decibans, ratios) = lines
            .iter()
            .filter(|(key, _)| own(key))
            .fold((0.0, 0.0), |sums, (_, line)| (sums.0 + line.0, sums.1 + line.1));
        let rest = value - decibans / count;
        for ((name, kind, family), (db, e)) in lines.iter().filter(|(key, _)| own(key)) {
            pooled.push((name, kind, family, db / count + rest * e / ratios));
        }
    }
    for ((name, kind, family), (db, _)) in lines.iter().filter(|((_, kind, _), _)| *kind != "signal") {
        pooled.push((name, kind, family, db / count));
    }
    if let Some(evidence) = week {
        pooled.extend_from_slice(&evidence.found);
        for (family, db) in &evidence.families {
            *families.entry(*family).or_default() += db;
            *keys.entry(*family).or_default() += db;
        }
    }
    limit_second_key(&families, &mut pooled);
    let (hundredths, contributions) = rounded(pooled);
    Some(Case { sessions: sessions.len(), hundredths, families, keys, contributions })
}

/// Decibans of a family over `count` sessions.
fn pooled_family(excess: f64, strongest: f64, count: f64) -> f64 {
    (10.0 * (1.0 + excess / count.sqrt()).log10()).min(strongest)
}

/// One case before the second calibration.
#[derive(Debug, Clone, Copy)]
pub struct CasePoint {
    /// Number of the actor.
    pub actor: u32,
    /// K.
    pub sessions: usize,
    /// T in hundredths of a deciban.
    pub hundredths: i64,
    /// T as weeks of others are compared with it: before the first incentive with the incentive evidence that the person shows since.
    pub as_reference: i64,
    /// True when the week ended before the first incentive.
    pub before_incentive: bool,
}

/// What the second calibration says of a case.
#[derive(Debug, Clone, PartialEq)]
pub enum Second {
    /// Too few cases of other people to test this one against, so that it cannot be in review; the reason in words. T stands.
    TooFewCases(String),
    /// Compared with its reference.
    Calibrated {
        /// Conformal p of T.
        p: f64,
        /// Reference cases of other actors.
        n_cal: usize,
        /// `5-9 sessions`.
        bin: &'static str,
        /// True when the reference lies before the first incentive and so holds none of the cases under test.
        clean_reference: bool,
        /// Survives Benjamini-Hochberg at [`FALSE_DISCOVERY_RATE`]; never for a case of the reference itself.
        rejected: bool,
        /// Cases tested together.
        batch: usize,
    },
}

/// Bins of K: how T spreads depends on K, so only like may be compared with like.
fn session_bin(sessions: usize) -> (usize, &'static str) {
    match sessions {
        0 => (0, "0 sessions"),
        1 => (1, "1 session"),
        2 => (2, "2 sessions"),
        3..=4 => (3, "3-4 sessions"),
        5..=9 => (4, "5-9 sessions"),
        10..=19 => (5, "10-19 sessions"),
        _ => (6, "20 sessions and more"),
    }
}

/// Calibrates all cases of a run, in the order given, as one batch.
///
/// With a policy date the reference is the cases before it and only later ones are tested. Without one (or with fewer than [`LEAST_CASES`]
/// before it) the reference is everybody else, which contains the cases under test: their p-values are then spread
/// evenly whatever they hide, so Benjamini-Hochberg can hardly reject any. That is stated, not repaired. A clean reference over all K, even
/// of [`LEAST_CASES`], therefore comes before any that holds the cases under test: a conformal p is valid at any size, and a small
/// reference only wants that several weeks stand out together.
///
/// No week before a policy can hold evidence that somebody followed it, so any such evidence would look extreme beside those weeks as they are, of
/// honest people too. It says the same of all weeks of a person, so each week of the reference counts with that of its own person
/// ([`CasePoint::as_reference`]): the sum of an honest week and an honest person's incentive evidence is compared with such sums. Where people do
/// follow the policy, their earlier weeks are among the highest, which costs power and not innocence.
pub fn second_calibration(cases: &[CasePoint]) -> Vec<Second> {
    const ALL: usize = 7;
    let reference = |number: usize, clean: bool| {
        Reference::new(
            cases
                .iter()
                .filter(|case| {
                    (number == ALL || session_bin(case.sessions).0 == number) && (!clean || case.before_incentive)
                })
                .map(|case| (case.actor, case.as_reference as f64)),
        )
    };
    let references: Vec<[Reference; 2]> =
        (0..=ALL).map(|number| [reference(number, true), reference(number, false)]).collect();
    let mut verdicts: Vec<Second> = cases
        .iter()
        .map(|case| {
            let (number, name) = session_bin(case.sessions);
            let ladder = [
                (number, name, true, MINIMUM_REFERENCE),
                (ALL, "any number of sessions", true, LEAST_CASES),
                (number, name, false, MINIMUM_REFERENCE),
                (ALL, "any number of sessions", false, LEAST_CASES),
            ];
            for (number, bin, clean_reference, minimum) in ladder {
                let reference = &references[number][usize::from(!clean_reference)];
                let n_cal = reference.size_without(case.actor);
                if n_cal >= minimum {
                    let p = reference.p(case.actor, case.hundredths as f64);
                    return Second::Calibrated { p, n_cal, bin, clean_reference, rejected: false, batch: 0 };
                }
            }
            let n_cal = references[ALL][1].size_without(case.actor);
            Second::TooFewCases(format!("second calibration: n_cal = {n_cal} < {LEAST_CASES} actor-weeks"))
        })
        .collect();
    discover(cases, &mut verdicts);
    verdicts
}

/// Marks the cases that survive Benjamini-Hochberg among those tested.
fn discover(cases: &[CasePoint], verdicts: &mut [Second]) {
    let tested: Vec<(usize, f64)> = verdicts
        .iter()
        .enumerate()
        .filter_map(|(index, verdict)| match verdict {
            Second::Calibrated { p, clean_reference, .. } if !(*clean_reference && cases[index].before_incentive) => {
                Some((index, *p))
            }
            _ => None,
        })
        .collect();
    let p_values: Vec<f64> = tested.iter().map(|(_, p)| *p).collect();
    for ((index, _), survives) in tested.iter().zip(benjamini_hochberg(&p_values, FALSE_DISCOVERY_RATE)) {
        if let Second::Calibrated { rejected, batch, .. } = &mut verdicts[*index] {
            (*rejected, *batch) = (survives, tested.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::evidence::{Member, add_up};
    use crate::score::stats::Seeded;

    fn evidence(weights: &[(&str, f64)]) -> Evidence {
        let members: Vec<Member> = weights
            .iter()
            .map(|(signal, weight_db)| {
                let (signal, family) = Family::of_signal(signal).unwrap();
                Member { signal, family, weight_db: *weight_db, exculpation_db: 0.0 }
            })
            .collect();
        add_up(&members)
    }

    #[test]
    fn a_case_is_its_sessions_pooled_plus_the_week() {
        let one = evidence(&[("prompt_repetition", 9.0), ("orphan_output", 6.0)]);
        let two = evidence(&[("prompt_repetition", 2.0)]);
        let three = evidence(&[("loop_no_progress", -3.0)]);
        let week = evidence(&[("timer_regularity", 5.0)]);
        let case = pool(&[&one, &two, &three], Some(&week)).unwrap();
        // Repetition 1 + (6.94 + .58) / sqrt(3), unused output 1 + 2.98 / sqrt(3); no loops say nothing; and 5 dB of the week.
        assert_eq!(case.hundredths, 1_663);
        assert_eq!(case.contributions.iter().map(|line| line.hundredths).sum::<i64>(), 1_663);
        assert_eq!(case.sessions, 3);
        assert!((case.families[&Family::Redundancy] - 7.281).abs() < 1e-3);
        assert_eq!(pool(&[&three, &one, &two], Some(&week)).unwrap(), case);
        assert_eq!(pool(&[], None), None);
    }

    #[test]
    fn one_session_among_many_loses_what_bonferroni_takes_and_a_habit_is_its_strongest_session() {
        let of = |p: f64| evidence(&[("prompt_repetition", crate::score::evidence::decibans(p))]);
        let silent = evidence(&[("loop_no_progress", -3.0)]);
        let (rare, corrected) = (of(0.002), crate::score::evidence::decibans(16.0 * 0.002));
        let mut sessions = vec![&silent; 15];
        sessions.push(&rare);
        let alone = pool(&sessions, None).unwrap().families[&Family::Redundancy];
        // 1 + (e - 1) / 4 where Bonferroni has e / 4.
        assert!(alone > corrected && alone < corrected + 1.2, "{alone} {corrected}");
        let habit = pool(&[&rare; 16], None).unwrap().families[&Family::Redundancy];
        assert!((habit - crate::score::evidence::decibans(0.002)).abs() < 1e-2, "{habit}");
    }

    fn cases(actors: u32, weeks: u32, seed: u64) -> Vec<CasePoint> {
        let mut random = Seeded::new(seed);
        (0..actors * weeks)
            .map(|index| {
                let hundredths = (random.normal() * 300.0) as i64;
                let before_incentive = index % weeks < weeks / 2;
                CasePoint { actor: index / weeks, sessions: 5, hundredths, as_reference: hundredths, before_incentive }
            })
            .collect()
    }

    #[test]
    fn planted_weeks_after_the_incentive_are_found_and_honest_ones_are_not() {
        let mut cases = cases(100, 24, 5);
        let planted: Vec<usize> =
            (0..cases.len()).filter(|&i| cases[i].actor < 3 && !cases[i].before_incentive).collect();
        planted.iter().for_each(|&i| cases[i].hundredths += 2_500);
        let found: Vec<usize> = second_calibration(&cases)
            .iter()
            .enumerate()
            .filter(|(_, verdict)| matches!(verdict, Second::Calibrated { rejected: true, .. }))
            .map(|(index, _)| index)
            .collect();
        assert!(planted.iter().all(|index| found.contains(index)), "{found:?}");
        assert!(found.len() <= planted.len() + 4, "{} for {}", found.len(), planted.len());
    }

    #[test]
    fn few_weeks_before_the_incentive_come_before_many_that_hold_the_weeks_under_test() {
        // Sixty people, four weeks before the incentive and ten after it: 240 clean cases, under the 500 of a whole reference.
        let mut cases = cases(60, 14, 5);
        for (index, case) in cases.iter_mut().enumerate() {
            case.before_incentive = index % 14 < 4;
        }
        let planted: Vec<usize> =
            (0..cases.len()).filter(|&i| cases[i].actor < 9 && !cases[i].before_incentive).collect();
        planted.iter().for_each(|&i| cases[i].hundredths += 2_500);
        let verdicts = second_calibration(&cases);
        let Second::Calibrated { p, n_cal, clean_reference, batch, .. } = verdicts[planted[0]] else { panic!() };
        assert_eq!((n_cal, clean_reference, batch), (236, true, 600));
        assert!((p - 1.0 / 237.0).abs() < 1e-12);
        let rejected = |index: &usize| matches!(verdicts[*index], Second::Calibrated { rejected: true, .. });
        assert!(planted.iter().all(rejected));
        assert!((0..cases.len()).filter(|index| !planted.contains(index)).filter(rejected).count() <= 5);
    }

    #[test]
    fn without_a_clean_reference_no_one_is_discovered_and_small_data_is_not_tested() {
        let mut many = cases(100, 24, 5);
        many.iter_mut().for_each(|case| case.before_incentive = false);
        many[0].hundredths = 9_000;
        let verdicts = second_calibration(&many);
        let Second::Calibrated { p, n_cal, clean_reference, rejected, batch, .. } = verdicts[0] else { panic!() };
        assert_eq!((n_cal, clean_reference, rejected, batch), (2_376, false, false, 2_400));
        assert!((p - 1.0 / 2_377.0).abs() < 1e-12);
        let Second::TooFewCases(reason) = &second_calibration(&cases(10, 4, 1))[0] else { panic!() };
        assert_eq!(reason, "second calibration: n_cal = 36 < 100 actor-weeks");
    }
}
