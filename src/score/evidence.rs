//! From p-values to evidence: decibans, discounts, families, and a score that is exactly the sum of its listed parts.
//!
//! Owns steps 2 to 4 of signals.md section 3. Owns no p-values and no bands.

use std::collections::BTreeMap;

use serde::Serialize;

use super::input::Family;

/// No single signal may exonerate by more than this.
pub(super) const FLOOR_DB: f64 = -3.0;

/// One calibrated signal of a unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Snake-case name.
    pub signal: &'static str,
    /// Its family.
    pub family: Family,
    /// Evidence after discounts and the off-rhythm gate, decibans.
    pub weight_db: f64,
    /// Innocent facts, decibans, 0 or negative.
    pub exculpation_db: f64,
}

/// One line of the sum that makes a score.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Contribution {
    /// Signal, or `rounding`.
    pub name: &'static str,
    /// `signal`, `exculpation`, `rounding`.
    pub kind: &'static str,
    /// Family, empty for rounding.
    pub family: &'static str,
    /// Hundredths of a deciban: integers, so that the lines add up exactly.
    pub hundredths: i64,
}

/// The evidence of one unit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// Hundredths of a deciban; the sum of the contributions.
    pub hundredths: i64,
    /// Capped evidence of each speaking family, decibans.
    pub families: BTreeMap<Family, f64>,
    /// What was found, line by line, before [`limit_second_key`]: a case pools this, since one session may show the first key and another the second.
    pub(super) found: Vec<Line>,
    /// What adds up to the score, by name.
    pub contributions: Vec<Contribution>,
}

/// Decibans of a conformal p: 10 log10(e) with e = .5 p^-.5 (Good 1950; Vovk and Wang 2021), at least [`FLOOR_DB`].
pub fn decibans(p: f64) -> f64 {
    (10.0 * (0.5 / p.sqrt()).log10()).max(FLOOR_DB)
}

/// A discount explains suspicion away; it must not weaken what already speaks for the person.
pub fn discounted(weight_db: f64, discount: f64) -> f64 {
    if weight_db > 0.0 { weight_db * discount.clamp(0.0, 1.0) } else { weight_db }
}

/// S = sum over families of min(evidence of the family's strongest member, cap), plus exculpation. Members of a family look at one
/// thing, so they are not added. Nor are they averaged, which signals.md section 3 step 4 has: a signal that speaks and finds little would
/// take away half of what another found, and evidence would shrink with every signal that the catalogue gains. The score is a ranking
/// that the second calibration gives its meaning, so that a family of three members gets no advantage by it.
///
/// A family in which nothing was found adds nothing: theater is of one kind or another, and that an agent ran in no circles does not make pasted
/// filler likelier to be honest. What does speak for a person is exculpation.
///
/// Exculpation counts once a family, the strongest, because several signals may report the same innocent fact.
pub fn add_up(members: &[Member]) -> Evidence {
    let mut by_family: BTreeMap<Family, Vec<&Member>> = BTreeMap::new();
    for member in members {
        by_family.entry(member.family).or_default().push(member);
    }
    let mut evidence = Evidence::default();
    let mut lines = Vec::new();
    for (family, mut members) in by_family {
        // Of equals the first by name counts.
        members.sort_by(|one, two| one.signal.cmp(two.signal));
        let Some(strongest) = members.iter().copied().rev().max_by(|one, two| one.weight_db.total_cmp(&two.weight_db))
        else {
            continue;
        };
        let value = strongest.weight_db.clamp(0.0, family.cap_db());
        if value > 0.0 {
            lines.push((strongest.signal, "signal", family.as_str(), value));
        }
        let innocent = members.iter().copied().min_by(|one, two| one.exculpation_db.total_cmp(&two.exculpation_db));
        if let Some(member) = innocent.filter(|member| member.exculpation_db < 0.0) {
            lines.push((member.signal, "exculpation", family.as_str(), member.exculpation_db));
        }
        evidence.families.insert(family, value);
    }
    evidence.found.clone_from(&lines);
    limit_second_key(&evidence.families, &mut lines);
    (evidence.hundredths, evidence.contributions) = rounded(lines);
    evidence
}

/// Families that can be the first key of the gate; the incentive can be either.
pub(super) const FIRST_KEYS: [Family; 4] = [Family::Redundancy, Family::AgentWaste, Family::Clock, Family::Incentive];

/// Unused output adds no more than the strongest first key found. That nothing came of something is how a quarter of honest sessions end (signals.md section 0, 2) and by
/// itself the mark of an explorer (section 4): it says what repetition, loops, clocks and incentives are worth, not that there are any. The gate (section 3, step 5) asks
/// for both; here the ranking does.
pub(super) fn limit_second_key(families: &BTreeMap<Family, f64>, lines: &mut Vec<Line>) {
    let of = |family: &Family| families.get(family).copied().unwrap_or(0.0).max(0.0);
    let (unused, first) = (of(&Family::NoConsumption), FIRST_KEYS.iter().map(of).fold(0.0, f64::max));
    if unused <= first {
        return;
    }
    for (_, kind, family, db) in lines.iter_mut() {
        if *kind == "signal" && *family == Family::NoConsumption.as_str() {
            *db *= first / unused;
        }
    }
    lines.retain(|(.., db)| *db != 0.0);
}

/// Name, kind, family and decibans of a line before rounding.
pub(super) type Line = (&'static str, &'static str, &'static str, f64);

/// Rounds a sum and its lines to hundredths; what rounding moved stands on a line of its own.
pub(super) fn rounded(lines: Vec<Line>) -> (i64, Vec<Contribution>) {
    let total = hundredths(lines.iter().map(|(.., db)| db).sum());
    let mut contributions: Vec<Contribution> = lines
        .into_iter()
        // Rounding of what was pooled goes into the remainder of the pool.
        .filter(|(_, kind, ..)| *kind != "rounding")
        .map(|(name, kind, family, db)| Contribution { name, kind, family, hundredths: hundredths(db) })
        .collect();
    let remainder = total - contributions.iter().map(|line| line.hundredths).sum::<i64>();
    if remainder != 0 {
        contributions.push(Contribution { name: "rounding", kind: "rounding", family: "", hundredths: remainder });
    }
    (total, contributions)
}

fn hundredths(db: f64) -> i64 {
    (db * 100.0).round() as i64
}

/// Hundredths as the decibans that tables carry.
pub fn as_decibans(hundredths: i64) -> f64 {
    hundredths as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn member(signal: &str, weight_db: f64) -> Member {
        let (signal, family) = Family::of_signal(signal).unwrap();
        Member { signal, family, weight_db, exculpation_db: 0.0 }
    }

    #[test]
    fn decibans_of_signals_md_section_3() {
        // Table of step 2: p = .05, .01, .001.
        for (p, expected) in [(0.05, 3.5), (0.01, 7.0), (0.001, 12.0)] {
            assert!((decibans(p) - expected).abs() < 0.05, "{p}: {}", decibans(p));
        }
        assert_eq!(decibans(1.0), -3.0);
    }

    #[test]
    fn families_count_their_strongest_member_and_are_capped() {
        let evidence = add_up(&[member("prompt_repetition", 10.0), member("context_padding", -2.0)]);
        assert_eq!(evidence.hundredths, 1_000);
        assert_eq!(evidence.contributions.len(), 1);
        let evidence =
            add_up(&[member("loop_no_progress", 30.0), member("orphan_output", 30.0), member("model_overkill", 30.0)]);
        assert_eq!(evidence.hundredths, 2_500);
    }

    #[test]
    fn unused_output_adds_no_more_than_the_first_key() {
        let explorer = add_up(&[member("orphan_output", 9.0), member("model_overkill", 2.0)]);
        assert_eq!((explorer.hundredths, explorer.contributions.len()), (200, 1));
        assert_eq!(explorer.families[&Family::NoConsumption], 9.0);
        let repeated = add_up(&[member("orphan_output", 9.0), member("prompt_repetition", 4.0)]);
        assert_eq!(repeated.hundredths, 800);
        let both = add_up(&[member("orphan_output", 4.0), member("prompt_repetition", 9.0)]);
        assert_eq!(both.hundredths, 1_300);
    }

    #[test]
    fn a_family_in_which_nothing_was_found_adds_nothing() {
        let evidence = add_up(&[member("loop_no_progress", -3.0), member("prompt_repetition", 4.0)]);
        assert_eq!((evidence.hundredths, evidence.contributions.len()), (400, 1));
        assert_eq!(evidence.families[&Family::AgentWaste], 0.0);
    }

    #[test]
    fn discounts_touch_only_suspicion() {
        assert_eq!(discounted(8.0, 0.25), 2.0);
        assert_eq!(discounted(-2.0, 0.25), -2.0);
        assert_eq!(discounted(8.0, 7.0), 8.0);
    }

    #[test]
    fn one_innocent_fact_reported_twice_counts_once() {
        let mut one = member("loop_no_progress", 4.0);
        let mut two = member("unattended_burn", 4.0);
        one.exculpation_db = -3.0;
        two.exculpation_db = -5.0;
        assert_eq!(add_up(&[one, two]).hundredths, -100);
    }

    proptest! {
        #[test]
        fn contributions_add_up_exactly_in_any_order(
            weights in proptest::collection::vec((0usize..12, -3.0f64..25.0, -10.0f64..0.0), 0..12),
            turn in 0usize..12,
        ) {
            let signals = [
                "prompt_repetition", "context_padding", "low_output_novelty", "loop_no_progress", "unattended_burn",
                "orphan_output", "timer_regularity", "off_rhythm", "threshold_hugging", "deadline_burst", "rank_chasing",
                "model_overkill",
            ];
            let mut members: Vec<Member> = Vec::new();
            for (index, weight, exculpation_db) in weights {
                let mut member = member(signals[index], weight);
                member.exculpation_db = exculpation_db;
                if members.iter().all(|other| other.signal != member.signal) {
                    members.push(member);
                }
            }
            let evidence = add_up(&members);
            let sum: i64 = evidence.contributions.iter().map(|line| line.hundredths).sum();
            prop_assert_eq!(sum, evidence.hundredths);
            for (family, value) in &evidence.families {
                prop_assert!(*value <= family.cap_db());
            }
            let length = members.len().max(1);
            members.rotate_left(turn % length);
            prop_assert_eq!(add_up(&members), evidence);
        }
    }
}
