//! The figures of an evaluation, as they are printed and written. Shapes only.

use super::PopulationReading;
use serde::Serialize;

/// A figure with its 95 % interval; null where it could not be computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Estimate {
    /// Value.
    pub value: Option<f64>,
    /// Lower end.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// How one score ranks people.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Ranking {
    /// What was ranked by.
    pub score: String,
    /// Area under the ROC curve.
    pub auroc: Estimate,
    /// Average precision at a prevalence of 2 %.
    pub average_precision: Estimate,
    /// Recall at 1 % false positives.
    pub recall_at_1_percent: Estimate,
    /// Recall at 0.1 % false positives.
    pub recall_at_01_percent: Estimate,
    /// The product's area less this one's, on the same resamples of people; null for the product itself.
    pub auroc_behind_product: Estimate,
    /// Largest share of any look-alike family among as many people as the product has in `review` (at least 1 % of all): the highest by this score.
    pub worst_look_alike: Flagged,
    /// Largest share of any look-alike family among those at least as high as it takes to catch as many of those who play as the product
    /// catches at 1 % false positives: `signals.md` section 6 compares detectors at equal recall.
    pub worst_at_equal_recall: WorstGroup,
}

/// The look-alike family of which the largest share is flagged.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct WorstGroup {
    /// Family.
    pub name: String,
    /// Members.
    pub people: usize,
    /// Of them flagged.
    pub flagged: usize,
    /// Their share, with its exact interval.
    pub share: Estimate,
}

/// Members of a family that were caught, or wrongly flagged.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Flagged {
    /// Family, evasion or look-alike.
    pub name: String,
    /// Dose, for families of theater.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dose: Option<f64>,
    /// Members.
    pub people: usize,
    /// Of them in band `review`.
    pub in_review: usize,
    /// Their share, with its exact interval.
    pub share: Estimate,
    /// Of them above the threshold of 1 % false positives.
    pub above_1_percent: usize,
    /// Their share, with its exact interval.
    pub above_share: Estimate,
    /// Chance that a member outranks an honest person, ties counting half; for families of theater, since the others are not apart from
    /// those they would be compared to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auroc: Option<f64>,
}

/// The figures among those about whom at least so many signals spoke.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Coverage {
    /// Signals that spoke, at least.
    pub signals: usize,
    /// People of whom that is true.
    pub people: usize,
    /// Their share of all.
    pub share: f64,
    /// Of them theater.
    pub theater: usize,
    /// Area among them.
    pub auroc: Option<f64>,
    /// Share of their theater above the threshold of 1 % false positives of everybody.
    pub recall: Estimate,
    /// Share of their honest people above it.
    pub false_alarms: Estimate,
}

/// How soon theater is found, counted in weeks from the first one with theater, that one included.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Delay {
    /// What counts as found.
    pub measure: &'static str,
    /// Theater.
    pub people: usize,
    /// Found within 1, 2, 4 and 8 weeks.
    pub within: [usize; 4],
    /// Found at all.
    pub ever: usize,
    /// Median weeks of those who were found.
    pub median_weeks: Option<i64>,
}

/// p-values of honest people's readings of one signal; uniform or larger when calibrated.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Calibration {
    /// Signal.
    pub signal: String,
    /// Readings.
    pub n: usize,
    /// Share of p up to 0.01, 0.05 and 0.1.
    pub up_to: [f64; 3],
    /// Kolmogorov's distance from uniform.
    pub distance: f64,
}

/// One tier of attribution to commits.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Tier {
    /// `explicit`, `lines`, `files` or `window`.
    pub tier: String,
    /// Pairs found.
    pub pairs: usize,
    /// Share of them that are true.
    pub precision: Estimate,
    /// Share of the true pairs that are found in this tier or a stronger one.
    pub recall: Estimate,
}

/// What one signal is worth.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Ablation {
    /// Signal.
    pub signal: String,
    /// People about whom it spoke.
    pub spoke: usize,
    /// Area when it alone ranks.
    pub alone: Option<f64>,
    /// Area of the sum without it.
    pub without: Option<f64>,
    /// Change of recall at 1 % false positives when it is left out.
    pub recall_change: Option<f64>,
}

/// How often a signal has nothing to say.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Abstention {
    /// Signal.
    pub signal: String,
    /// Readings.
    pub readings: usize,
    /// Share that abstained.
    pub share: f64,
}

/// Everything.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Evaluation {
    /// People, services left out.
    pub people: usize,
    /// Of them theater.
    pub theater: usize,
    /// The product and the baselines, all doses.
    pub all_doses: Vec<Ranking>,
    /// The same with doses of 20 % and more.
    pub doses_from_20_percent: Vec<Ranking>,
    /// People in `review`.
    pub in_review: usize,
    /// Share of them who are honest.
    pub false_discoveries: Estimate,
    /// Share of honest people in `review`.
    pub honest_in_review: Estimate,
    /// Share of the person-weeks in `review` that are honest ones: of honest people, or of others before their theater began.
    pub false_discoveries_of_weeks: Estimate,
    /// Share of injected tokens whose people are in `review`.
    pub injected_tokens_in_review: Option<f64>,
    /// Families of theater by dose.
    pub families: Vec<Flagged>,
    /// Ways to hide.
    pub evasions: Vec<Flagged>,
    /// Look-alikes.
    pub look_alikes: Vec<Flagged>,
    /// The look-alike with the largest share above the threshold of 1 % false positives.
    pub worst_look_alike_above: Flagged,
    /// What abstaining costs: the figures by how many signals spoke.
    pub coverage: Vec<Coverage>,
    /// How soon theater is found.
    pub delays: Vec<Delay>,
    /// Calibration by signal.
    pub calibration: Vec<Calibration>,
    /// Attribution to commits.
    pub attribution: Vec<Tier>,
    /// Population tests.
    pub population: Vec<PopulationReading>,
    /// Share of person-weeks that are insufficient.
    pub insufficient_weeks: Estimate,
    /// Abstentions by signal.
    pub abstentions: Vec<Abstention>,
    /// Area of the sum of all weights that ablation starts from.
    pub sum_of_weights: Option<f64>,
    /// Each signal alone and left out.
    pub ablation: Vec<Ablation>,
}
