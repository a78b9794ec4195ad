//! Names of archetypes, by rule from what sets a cluster apart.
//!
//! Owns the lexicon (signals.md section 4) and the effect size. No name is generated.

use super::ClusterUnit;

/// Cliff's delta from which a difference is large (Romano et al. 2006).
const LARGE: f64 = 0.474;

/// The fixed lexicon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArchetypeName {
    /// The same prompts on a machine clock.
    ScriptedRepeater,
    /// An agent that runs on without progress or attention.
    RunawayAgent,
    /// Just enough for the quota.
    WeeklyCheckIn,
    /// Needless input to a needlessly expensive model.
    TokenStuffer,
    /// Nothing landed, and nothing else stands out. Benign.
    Explorer,
    /// Anything else.
    Mixed,
}

impl ArchetypeName {
    /// As printed.
    pub fn as_str(self) -> &'static str {
        match self {
            ArchetypeName::ScriptedRepeater => "scripted repeater",
            ArchetypeName::RunawayAgent => "runaway agent",
            ArchetypeName::WeeklyCheckIn => "weekly check-in",
            ArchetypeName::TokenStuffer => "token stuffer",
            ArchetypeName::Explorer => "explorer",
            ArchetypeName::Mixed => "mixed",
        }
    }

    /// True for what is good practice rather than a concern.
    pub fn is_benign(self) -> bool {
        self == ArchetypeName::Explorer
    }
}

/// Name of the units `inside`, with the at most two signals that set them apart from the rest, strongest first.
pub(super) fn name(sample: &[&ClusterUnit], inside: &[bool]) -> (ArchetypeName, Vec<(String, f64)>) {
    let signals: std::collections::BTreeSet<&String> = sample.iter().flat_map(|unit| unit.weights.keys()).collect();
    let mut deltas: Vec<(String, f64)> = signals
        .into_iter()
        .map(|signal| {
            let delta = cliffs_delta(sample, inside, |unit| unit.weights.get(signal).copied().unwrap_or(0.0));
            (signal.clone(), delta)
        })
        .filter(|(_, delta)| *delta >= LARGE)
        .collect();
    deltas.sort_by(|one, two| two.1.total_cmp(&one.1).then_with(|| one.0.cmp(&two.0)));
    let only_one = deltas.len() == 1;
    deltas.truncate(2);
    let has = |signal: &str| deltas.iter().any(|(name, _)| name == signal);
    let low_effort =
        || cliffs_delta(sample, inside, |unit| unit.amounts.get("tokens").copied().unwrap_or(0.0)) <= -LARGE;
    let name = if has("prompt_repetition") && has("timer_regularity") {
        ArchetypeName::ScriptedRepeater
    } else if has("loop_no_progress") && has("unattended_burn") {
        ArchetypeName::RunawayAgent
    } else if has("threshold_hugging") && low_effort() {
        ArchetypeName::WeeklyCheckIn
    } else if has("context_padding") && has("model_overkill") {
        ArchetypeName::TokenStuffer
    } else if has("orphan_output") && only_one {
        ArchetypeName::Explorer
    } else {
        ArchetypeName::Mixed
    };
    (name, deltas)
}

/// P(inside > outside) - P(inside < outside) (Cliff 1993), in O(n log n) by ranking the outside; 0 when a side is empty.
fn cliffs_delta(sample: &[&ClusterUnit], inside: &[bool], value: impl Fn(&ClusterUnit) -> f64) -> f64 {
    let side = |wanted: bool| {
        let values = sample.iter().zip(inside).filter(move |(_, inside)| **inside == wanted);
        values.map(|(unit, _)| value(unit)).collect::<Vec<f64>>()
    };
    let (members, mut others) = (side(true), side(false));
    if members.is_empty() || others.is_empty() {
        return 0.0;
    }
    others.sort_unstable_by(f64::total_cmp);
    let score: i64 = members
        .iter()
        .map(|member| {
            let below = others.partition_point(|other| other < member);
            let above = others.len() - others.partition_point(|other| other <= member);
            below as i64 - above as i64
        })
        .sum();
    score as f64 / (members.len() * others.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(weights: &[(&str, f64)], tokens: f64) -> ClusterUnit {
        ClusterUnit {
            weights: weights.iter().map(|(signal, weight)| ((*signal).to_owned(), *weight)).collect(),
            amounts: [("tokens".to_owned(), tokens)].into(),
            ..ClusterUnit::default()
        }
    }

    #[test]
    fn the_lexicon_of_signals_md_section_4() {
        type Case = (&'static [(&'static str, f64)], f64, ArchetypeName);
        let cases: [Case; 7] = [
            (&[("prompt_repetition", 9.0), ("timer_regularity", 6.0)], 5.0, ArchetypeName::ScriptedRepeater),
            (&[("loop_no_progress", 9.0), ("unattended_burn", 6.0)], 5.0, ArchetypeName::RunawayAgent),
            (&[("threshold_hugging", 9.0)], 1.0, ArchetypeName::WeeklyCheckIn),
            (&[("threshold_hugging", 9.0)], 9.0, ArchetypeName::Mixed),
            (&[("context_padding", 9.0), ("model_overkill", 3.0)], 5.0, ArchetypeName::TokenStuffer),
            (&[("orphan_output", 9.0)], 5.0, ArchetypeName::Explorer),
            (&[("orphan_output", 9.0), ("prompt_repetition", 8.0)], 5.0, ArchetypeName::Mixed),
        ];
        for (weights, tokens, expected) in cases {
            let members: Vec<ClusterUnit> = (0..6).map(|_| unit(weights, tokens)).collect();
            let others: Vec<ClusterUnit> = (0..6).map(|_| unit(&[], 5.0)).collect();
            let sample: Vec<&ClusterUnit> = members.iter().chain(&others).collect();
            let inside: Vec<bool> = (0..12).map(|at| at < 6).collect();
            assert_eq!(name(&sample, &inside).0, expected, "{weights:?}");
        }
    }

    #[test]
    fn cliffs_delta_counts_pairs() {
        let units: Vec<ClusterUnit> = [1.0, 2.0, 3.0, 2.0, 0.0].map(|tokens| unit(&[], tokens)).into();
        let sample: Vec<&ClusterUnit> = units.iter().collect();
        // Inside {1, 2, 3} against {2, 0}: above 0+1+1+1... pairs won 4, lost 1, tied 1.
        let delta = cliffs_delta(&sample, &[true, true, true, false, false], |unit| unit.amounts["tokens"]);
        assert!((delta - 3.0 / 6.0).abs() < 1e-12);
    }
}
