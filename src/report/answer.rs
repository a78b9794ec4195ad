//! The three sentences: is the usage real, how sure are we, what to do.
//!
//! Owns the thresholds of the verdict and of the confidence, and their wording. The wording is part of the method: it speaks of
//! spend and of incentives, never of persons, and says `insufficient` when the evidence does not carry an answer. The thresholds
//! are judgement defaults (`signals.md` marks such values [J]). Thresholds look at the exact numbers, words say the released ones.

use super::figures::{NOT_TOLD, is_scored, range_text};
use super::inputs::Inputs;
use super::model::coverage::Coverage;
use super::model::{Answer, Confidence, DataQuality, Figure, Money, MoneyPart, PopulationTest, Quantity, Verdict};
use super::money::Split;
use super::quantities::{Maybe, Portion, Share};
use crate::privacy::rounding::LOW_SHARE;

/// Below this share of scored sessions, and without a population test that speaks, there is no answer.
const LEAST_SCORED: f64 = 0.5;
/// Outcome coverage and scored share that count as good (`signals.md`, stage 0 rule 8).
const GOOD_COVERAGE: f64 = 0.8;
/// Share of missing usage or unassigned tokens that counts against the confidence.
const TOLERATED_GAP: f64 = 0.1;
/// Width of the range of linked spend that counts against the confidence.
const WIDE: f64 = 0.3;
/// Share of the spend of which nothing is known that counts against the confidence.
const MUCH_UNKNOWN: f64 = 0.2;
/// Theater-like share from which a part of the usage is said to be for the metric, with and without a population test.
const THEATER_ALONE: f64 = 0.1;
const THEATER_WITH_TEST: f64 = 0.03;
/// Linked share from which the usage is said to be mostly real.
const MOSTLY: f64 = 0.5;

/// What the sentences are made from.
pub(super) struct Evidence<'a> {
    pub(super) inputs: &'a Inputs,
    /// Exact, for thresholds.
    pub(super) split: &'a Split,
    /// As published, for words; so are the figures.
    pub(super) money: &'a Money,
    pub(super) figures: &'a [Figure],
    pub(super) population: &'a [PopulationTest],
    pub(super) quality: &'a DataQuality,
    pub(super) coverage: &'a Coverage,
    pub(super) describes_persons: bool,
}

impl Evidence<'_> {
    fn figure(&self, id: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.id == id)
    }

    /// The published range of a figure, in words; none where it says nothing.
    fn range(&self, id: &str) -> Option<String> {
        let figure = self.figure(id)?;
        figure.low.0.and(figure.high.0)?;
        says_something(figure.interval_text())
    }

    /// The exact share of a part and its range; none where the figure says nothing.
    fn exact(&self, part: &str) -> Option<[Share; 3]> {
        self.figure(&format!("{part}_share"))?.value.0?;
        self.split.shares(part)
    }

    /// The exact cost of a part.
    fn part(&self, id: &str) -> i64 {
        self.split.parts.iter().find(|part| part.id == id).map_or(0, |part| part.cost)
    }

    fn published(&self, id: &str) -> Option<&MoneyPart> {
        self.money.parts.iter().find(|part| part.id == id)
    }

    /// The published cost of a part before its name: `$190 of unknown spend`; of a withheld one what it is at most.
    fn spend_of(&self, id: &str, name: &str) -> String {
        let part = self.published(id);
        match part.map(|part| (part.cost.0, part.cost_high.0)) {
            Some((Some(cost), _)) => format!("{cost} of {name}"),
            Some((None, Some(high))) => format!("{name}, {high} at most"),
            _ => name.to_owned(),
        }
    }

    /// The published share of a part; of a withheld one the range in which it lies.
    fn shown_share(&self, id: &str) -> Option<String> {
        let part = self.published(id)?;
        let range = || {
            let (low, high) = (part.share_low.0?, part.share_high.0?);
            says_something(range_text(Quantity::Share(low), Quantity::Share(high)))
        };
        part.share.0.map(|share| share.to_string()).or_else(range)
    }

    fn scored(&self) -> f64 {
        self.quality.scored_sessions.0.map_or(0.0, |share| share.0)
    }

    fn covered(&self) -> bool {
        self.quality.outcome_coverage.0.is_some_and(|share| share.0 >= GOOD_COVERAGE)
    }

    fn speaking(&self) -> usize {
        self.population.iter().filter(|test| test.speaks).count()
    }

    /// How much is said to have reached an outcome. Asked of what is published: that nothing landed is as little said as that everything did.
    fn landed(&self) -> Landed {
        let Some(figure) = self.figure("linked_share") else { return Landed::NotKnown };
        let least = |end: Maybe<Quantity>| matches!(end.0, Some(Quantity::Share(share)) if share.0 >= LOW_SHARE);
        let has_sessions = |part: &MoneyPart| part.sessions.0.is_some_and(|sessions| sessions.0 > 0);
        // Without a price there is no share, and still a link.
        let unpriced = self.split.priced == 0 && self.published("linked").is_some_and(has_sessions);
        match figure.value.0 {
            _ if least(figure.value) || least(figure.low) || unpriced => Landed::Part,
            Some(_) => Landed::Little,
            None => Landed::NotKnown,
        }
    }

    fn pointing(&self) -> impl Iterator<Item = &PopulationTest> {
        self.population.iter().filter(|test| test.points_to_metric)
    }
}

/// What the published figures say of outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Landed {
    /// A part of the usage has one.
    Part,
    /// Less than a share is ever said to be; whether any has one is not said.
    Little,
    /// Nothing: no source covers them, or what there is, is withheld.
    NotKnown,
}

/// Leaves out a range that holds everything.
fn says_something(range: String) -> Option<String> {
    (range != NOT_TOLD).then_some(range)
}

/// The sentences.
pub(super) fn answer(evidence: &Evidence<'_>) -> Answer {
    let reservations = reservations(evidence);
    let confidence = confidence(evidence, reservations.len());
    let verdict = verdict(evidence, confidence);
    Answer {
        verdict,
        confidence,
        claim: claim(evidence, verdict).to_owned(),
        is_it_real: is_it_real(evidence, verdict, &reservations),
        how_sure: how_sure(evidence, confidence),
        what_to_do: what_to_do(evidence, verdict),
        what_changed: Maybe(None),
        reservations,
    }
}

/// Everything that keeps the confidence from being high, gravest first.
fn reservations(evidence: &Evidence<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let quality = evidence.quality;
    if evidence.inputs.sessions.is_empty() {
        return vec!["no session was found in the period".into()];
    }
    match evidence.scored() {
        0.0 => found.push("no session could be compared with peers".into()),
        share if share < GOOD_COVERAGE => {
            found.push(format!("only {} of the sessions could be compared with peers", quality.scored_sessions));
        }
        _ => {}
    }
    match quality.outcome_coverage.0 {
        None => found.push("no outcome source covers the edited files".into()),
        Some(share) if share.0 < GOOD_COVERAGE => {
            found.push(format!("outcomes are known for only {share} of the edited files"));
        }
        Some(_) => {}
    }
    if evidence.speaking() == 0 {
        found.push("no population test had enough data to speak".into());
    }
    if evidence.exact("linked").is_some_and(|[_, low, high]| high.0 - low.0 > WIDE) {
        found.push("many sessions have a link to an outcome that is open".into());
    }
    if Share::of(evidence.part("unknown"), evidence.split.total).is_some_and(|share| share.0 > MUCH_UNKNOWN) {
        let share = evidence.shown_share("unknown").unwrap_or_else(|| "a good part".to_owned());
        found.push(format!("it is not known what {share} of the spend bought"));
    }
    if quality.missing_usage.0.is_some_and(|share| share.0 > TOLERATED_GAP) {
        found.push(format!("{} of the responses report no usage", quality.missing_usage));
    }
    if evidence.inputs.run.unassigned_tokens_share.is_some_and(|share| share > TOLERATED_GAP) {
        found.push(format!("{} of the tokens belong to nobody known", quality.unassigned_tokens));
    }
    if evidence.describes_persons {
        found.push("too few people are in the data to speak of a population".into());
    }
    found
}

fn confidence(evidence: &Evidence<'_>, reservations: usize) -> Confidence {
    let nothing_compared = evidence.scored() < LEAST_SCORED && evidence.speaking() == 0;
    match reservations {
        _ if evidence.inputs.sessions.is_empty() || nothing_compared => Confidence::Insufficient,
        0 => Confidence::High,
        1..=2 => Confidence::Moderate,
        _ => Confidence::Low,
    }
}

fn verdict(evidence: &Evidence<'_>, confidence: Confidence) -> Verdict {
    if confidence == Confidence::Insufficient {
        return Verdict::Insufficient;
    }
    let pointing = evidence.pointing().count();
    // What may not be said is neither held against the usage nor taken for none.
    let [theater, _, theater_high] = evidence.exact("theater_like").unwrap_or([Share(0.0), Share(0.0), Share(1.0)]);
    let linked = evidence.exact("linked").map_or(0.0, |[value, ..]| value.0);
    if pointing >= 2 || theater.0 >= THEATER_ALONE || (pointing == 1 && theater.0 >= THEATER_WITH_TEST) {
        Verdict::PartlyForTheMetric
    } else if linked >= MOSTLY && theater_high.0 < THEATER_ALONE && pointing == 0 {
        Verdict::MostlyReal
    } else {
        Verdict::Mixed
    }
}

fn claim(evidence: &Evidence<'_>, verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Insufficient => "These logs do not say yet whether the usage is real",
        Verdict::MostlyReal => "Most of this usage reached an outcome",
        Verdict::Mixed => match (evidence.landed(), evidence.pointing().next().is_some()) {
            (Landed::Part, true) => "Part of this usage reached an outcome, and part of it leans on the metric",
            (Landed::Part, false) => "Part of this usage reached an outcome; the rest is open",
            (Landed::Little, true) => {
                "Little or none of this usage is known to have reached an outcome, and part of it leans on the metric"
            }
            (Landed::Little, false) => "Little or none of this usage is known to have reached an outcome",
            (Landed::NotKnown, true) => "Part of this usage leans on the metric; what came of it is not known",
            (Landed::NotKnown, false) => "What came of this usage is not known",
        },
        Verdict::PartlyForTheMetric if evidence.pointing().next().is_some() => {
            "Part of this usage is better explained by the metric than by the work"
        }
        // Sessions alone: what they were made for is not said.
        Verdict::PartlyForTheMetric => {
            "Part of this usage stands out from comparable work; no population test points to a cause"
        }
    }
}

fn is_it_real(evidence: &Evidence<'_>, verdict: Verdict, reservations: &[String]) -> String {
    if verdict == Verdict::Insufficient {
        let first = reservations.first().map_or("too little was observed", String::as_str);
        return format!(
            "The evidence is insufficient: {first}. The totals are counted and hold; no conclusion is drawn from them."
        );
    }
    let mut clauses = Vec::new();
    match evidence.range("linked_share") {
        Some(range) => clauses.push(format!("{range} is linked to an outcome")),
        // Else the sentence would be about the small parts alone.
        None => clauses.extend(not_known(evidence)),
    }
    for (id, word) in [("exploration", "exploration"), ("waste", "waste")] {
        if let Some(share) = evidence.shown_share(id) {
            clauses.push(format!("{share} is {word}"));
        }
    }
    if let Some(range) = evidence.range("theater_like_share") {
        clauses.push(format!("{range} is theater-like"));
    } else if let Some(share) = evidence.shown_share("theater_like").filter(|_| evidence.split.total > 0) {
        clauses.push(format!("{share} is theater-like"));
    }
    // Of what was counted the rest is the reader's first question.
    if evidence.range("linked_share").is_some() {
        clauses.extend(not_known(evidence));
    }
    let total = evidence.money.total.0.map_or_else(|| "the spend".to_owned(), |total| total.to_string());
    let mut sentence = match clauses.split_last() {
        Some((last, [])) => format!("Of {total}, {last}"),
        Some((last, first)) => format!("Of {total}, {} and {last}", first.join(", ")),
        None if evidence.split.total > 0 => format!(
            "How {total} splits is withheld: too few people stand behind the parts, or behind what they have changed by since an earlier \
             report"
        ),
        None => "No session could be priced, so the spend cannot be split".to_owned(),
    };
    let mut readings: Vec<String> = evidence.pointing().map(|test| reading(&test.test)).collect();
    readings.dedup();
    if !readings.is_empty() {
        sentence.push_str(&format!("; across the organisation, {}", readings.join(", and ")));
    }
    sentence.push('.');
    sentence
}

/// How much of the spend bought nobody knows what; none where that is withheld.
fn not_known(evidence: &Evidence<'_>) -> Option<String> {
    let unknown = evidence.published("unknown").filter(|part| !part.withheld)?;
    unknown.share.0.map(|share| format!("what {share} bought is not known"))
}

/// What a population test that points to the metric has seen. Says what was observed, not why.
fn reading(test: &str) -> String {
    let words = match test {
        "quota_bunching" => "weekly use piles up just above the quota",
        "incentive_break" => "use rose at the announcement and outcomes did not follow",
        "metric_decoupling" => "use and outcomes came apart after the metric was published",
        "shared_burner_template" => "a shared template spread whose output went unused",
        "rank_chasing" => "use just below the cut of the ranking sped up more than use just above it",
        other => return format!("{other} points to the metric"),
    };
    words.to_owned()
}

fn how_sure(evidence: &Evidence<'_>, confidence: Confidence) -> String {
    let quality = evidence.quality;
    let coverage = match quality.outcome_coverage {
        Maybe(Some(share)) => format!("outcomes are known for {share} of the edited files"),
        Maybe(None) => "outcomes are not known".to_owned(),
    };
    let scored = match quality.scored_sessions {
        Maybe(Some(share)) if share.0 > 0.0 => format!("{share} of the sessions could be compared with peers"),
        _ => "no session could be compared with peers".to_owned(),
    };
    let (speaking, tests) = (evidence.speaking(), evidence.population.len());
    let tests = match tests {
        0 => "no population test was run".to_owned(),
        1 => format!("the one population test {} enough data", if speaking == 1 { "had" } else { "did not have" }),
        _ => format!("{speaking} of {tests} population tests had enough data"),
    };
    format!("Confidence is {confidence}: {scored}, {coverage}, and {tests}. {}", of_the_bill(evidence.coverage))
}

/// Whether these logs are all that was paid for.
fn of_the_bill(coverage: &Coverage) -> String {
    match (coverage.low.0, coverage.high.0) {
        (Some(low), Some(high)) if low != high => format!("Of the billed use these logs hold {low} to {high}."),
        (Some(held), _) => format!("Of the billed use these logs hold {held}."),
        (None, _) if coverage.measure.0.is_some() => {
            "How much of the billed use these logs hold is withheld.".to_owned()
        }
        (None, _) => "No bill was given: how much of the use these logs hold is not known.".to_owned(),
    }
}

fn what_to_do(evidence: &Evidence<'_>, verdict: Verdict) -> String {
    let (waste, unknown_cost) = (evidence.part("waste"), evidence.part("unknown"));
    let unknown = evidence.spend_of("unknown", "unknown spend");
    match verdict {
        Verdict::Insufficient => {
            "Connect the repositories and trackers in which the work lands, keep ingesting until there are enough sessions to compare, \
             and draw no conclusion about anyone until then."
                .to_owned()
        }
        Verdict::PartlyForTheMetric if evidence.pointing().next().is_none() => {
            let theater = evidence.spend_of("theater_like", "theater-like spend");
            format!(
                "Change nothing yet: see what the sessions that stand out rest on and when that is innocent ({theater}), and declare \
                 the automation and the evaluations among them."
            )
        }
        Verdict::PartlyForTheMetric => {
            "Change the incentive, not the people: replace the usage target by one on outcomes, and check in eight weeks that the \
             population tests have gone quiet."
                .to_owned()
        }
        Verdict::MostlyReal if waste > 0 => {
            let waste = evidence.spend_of("waste", "waste");
            format!("Keep judging by outcomes rather than by usage; what can be saved first is the {waste}, by mending tools and prompts.")
        }
        Verdict::MostlyReal => "Keep judging by outcomes rather than by usage, and read this report again next month.".to_owned(),
        Verdict::Mixed if evidence.pointing().next().is_some() => {
            format!(
                "Look at the incentive before anything else: ask what the target was meant to bring about, and whether people would \
                 miss it; then find out where the {unknown} landed."
            )
        }
        Verdict::Mixed if unknown_cost > 0 && evidence.covered() => {
            format!(
                "Before deciding anything, find out what came of the {unknown}: the repositories are connected, so what is missing is \
                 which session a piece of work came from (name the session or the ticket in commits and pull requests) and, for people \
                 with few sessions, time."
            )
        }
        Verdict::Mixed if unknown_cost > 0 => {
            format!(
                "Before deciding anything, find out where the {unknown} landed: connect the repositories and trackers \
                 that are missing, and declare the automation that runs on a schedule."
            )
        }
        Verdict::Mixed => "Decide nothing from usage alone: follow the exploration until it lands, and read this report again next month.".to_owned(),
    }
}

/// Share of the sessions that could be scored.
pub(super) fn scored_share(inputs: &Inputs) -> Option<Portion> {
    let scored = inputs.sessions.iter().filter(|session| is_scored(&session.band)).count();
    Portion::of(i64::try_from(scored).ok()?, i64::try_from(inputs.sessions.len()).ok()?)
}

#[cfg(test)]
mod tests;
