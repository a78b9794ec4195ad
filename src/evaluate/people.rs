//! The result tables joined with the truth: one record a person, through the session ids that both have.
//!
//! Owns the join. Accounts in OUT are pseudonyms; sessions keep their ids, and the truth says whose each is.

use super::EvaluateError;
use super::truth::{PersonTruth, Truth};
use std::collections::{BTreeMap, BTreeSet};

/// One row of `sessions.parquet`.
#[derive(Debug, Clone, Default)]
pub struct SessionReading {
    /// Session.
    pub session_id: String,
    /// Pseudonym.
    pub actor: String,
    /// Week in which it began.
    pub iso_week: String,
    /// Moment of the start, microseconds since the epoch.
    pub started_at: i64,
    /// Tool calls.
    pub tool_calls: i64,
}

/// One row of `actor_weeks.parquet`.
#[derive(Debug, Clone, Default)]
pub struct WeekReading {
    /// Pseudonym.
    pub actor: String,
    /// Week.
    pub iso_week: String,
    /// Tokens of every kind; null counts as none here, since the baseline ranks what is known.
    pub tokens: i64,
    /// Outcomes.
    pub outcomes: i64,
    /// Score; `None` when insufficient.
    pub score_db: Option<f64>,
    /// Band.
    pub band: String,
}

/// One row of `signals.parquet`.
#[derive(Debug, Clone, Default)]
pub struct SignalReading {
    /// `session`, `actor_week` or `population`.
    pub scope: String,
    /// Session id, or pseudonym and week with a slash between them.
    pub unit_id: String,
    /// Signal.
    pub signal: String,
    /// Measured value.
    pub value: Option<f64>,
    /// Conformal p.
    pub p: Option<f64>,
    /// Evidence in decibans.
    pub weight_db: Option<f64>,
    /// Whether it spoke.
    pub speaks: bool,
}

/// One row of `attribution.parquet`.
#[derive(Debug, Clone, Default)]
pub struct PairReading {
    /// Session.
    pub session_id: String,
    /// Outcome.
    pub outcome_id: String,
    /// `explicit`, `lines`, `files` or `window`.
    pub tier: String,
}

/// One row of `population.parquet`, passed through.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct PopulationReading {
    /// Test.
    pub test: String,
    /// What it is about.
    pub scope: String,
    /// `speak` or `abstain`.
    pub status: String,
    /// Estimate.
    pub estimate: Option<f64>,
    /// 95 % interval.
    pub ci_low: Option<f64>,
    /// 95 % interval.
    pub ci_high: Option<f64>,
    /// p.
    pub p: Option<f64>,
    /// Observations.
    pub n: i64,
    /// Whether it points to usage for the metric.
    pub fires: bool,
}

/// What a run wrote, as far as it is judged.
#[derive(Debug, Clone, Default)]
pub struct Readings {
    /// Sessions.
    pub sessions: Vec<SessionReading>,
    /// Person-weeks.
    pub weeks: Vec<WeekReading>,
    /// Signals.
    pub signals: Vec<SignalReading>,
    /// Pairs of session and outcome.
    pub attribution: Vec<PairReading>,
    /// Population tests.
    pub population: Vec<PopulationReading>,
    /// Prompts and distinct prompt texts by account, where a lake was given.
    pub prompts: Option<BTreeMap<String, (i64, i64)>>,
}

/// One account: the truth, and what the run says.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// Truth.
    pub truth: PersonTruth,
    /// Highest score of any of its weeks; negative infinity when every week is insufficient.
    pub score: f64,
    /// Whether any week is in band `review`.
    pub in_review: bool,
    /// Whether any week is in band `look` or `review`.
    pub in_look: bool,
    /// Weeks with use.
    pub weeks: usize,
    /// Of them insufficient.
    pub insufficient_weeks: usize,
    /// Tokens.
    pub tokens: i64,
    /// Outcomes.
    pub outcomes: i64,
    /// Tokens made to be counted.
    pub injected_tokens: i64,
    /// Share of prompts whose exact text the same account had sent before; `None` without a lake or prompts.
    pub duplicate_share: Option<f64>,
    /// Evidence by week and signal: the largest weight of any unit in the week.
    pub evidence: BTreeMap<String, BTreeMap<String, f64>>,
    /// Values that signals read, by signal.
    pub values: BTreeMap<String, Vec<f64>>,
    /// p-values of its readings, by signal.
    pub p_values: BTreeMap<String, Vec<f64>>,
    /// Its weeks, by ISO week.
    pub by_week: BTreeMap<String, PersonWeek>,
    /// First week with a session that was made to be counted.
    pub theater_from: Option<String>,
}

/// One week of an account.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PersonWeek {
    /// Tokens.
    pub tokens: i64,
    /// Outcomes.
    pub outcomes: i64,
    /// Tool calls of the sessions that began in it.
    pub tool_calls: i64,
    /// Days (UTC) on which a session began, since the epoch.
    pub days: BTreeSet<i64>,
    /// Score; `None` when insufficient.
    pub score: Option<f64>,
    /// Band.
    pub band: String,
}

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// Joins both. Accounts without a session in OUT stay, with nothing said about them.
///
/// # Errors
/// When a pseudonym has sessions of two accounts, or when no session is known to the truth: then the two directories do not belong together.
pub fn join(truth: &Truth, readings: &Readings) -> Result<Vec<Person>, EvaluateError> {
    let mut people: Vec<Person> = truth
        .people
        .iter()
        .map(|person| Person { truth: person.clone(), score: f64::NEG_INFINITY, ..Person::default() })
        .collect();
    let places: BTreeMap<&str, usize> =
        truth.people.iter().enumerate().map(|(place, person)| (person.actor_id.as_str(), place)).collect();
    let mut by_pseudonym: BTreeMap<&str, usize> = BTreeMap::new();
    let mut by_session: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for session in &readings.sessions {
        let account = truth.sessions.get(&session.session_id).map(|row| row.actor_id.as_str());
        let Some(place) = account.and_then(|account| places.get(account)).copied() else { continue };
        if *by_pseudonym.entry(&session.actor).or_insert(place) != place {
            return Err(EvaluateError::Mixed(session.actor.clone()));
        }
        by_session.insert(&session.session_id, (place, &session.iso_week));
        let week = people[place].by_week.entry(session.iso_week.clone()).or_default();
        week.tool_calls += session.tool_calls;
        week.days.insert(session.started_at.div_euclid(DAY_US));
    }
    if by_session.is_empty() {
        return Err(EvaluateError::Strangers);
    }
    for session in truth.sessions.values() {
        if let Some(place) = places.get(session.actor_id.as_str()) {
            let person = &mut people[*place];
            person.injected_tokens += session.injected_tokens;
            let week = by_session.get(session.session_id.as_str()).map(|(_, week)| *week);
            if let Some(week) = week.filter(|_| session.injected_tokens > 0) {
                let first = person.theater_from.get_or_insert_with(|| week.to_owned());
                if week < first.as_str() {
                    week.clone_into(first);
                }
            }
        }
    }
    for week in &readings.weeks {
        let Some(person) = by_pseudonym.get(week.actor.as_str()).map(|place| &mut people[*place]) else { continue };
        person.weeks += 1;
        person.tokens += week.tokens;
        person.outcomes += week.outcomes;
        let own = person.by_week.entry(week.iso_week.clone()).or_default();
        own.tokens += week.tokens;
        own.outcomes += week.outcomes;
        own.score = week.score_db;
        own.band.clone_from(&week.band);
        person.in_review |= week.band == "review";
        person.in_look |= matches!(week.band.as_str(), "look" | "review");
        match week.score_db {
            Some(score) => person.score = person.score.max(score),
            None => person.insufficient_weeks += 1,
        }
    }
    for reading in readings.signals.iter().filter(|reading| reading.speaks) {
        let unit = match reading.scope.as_str() {
            "session" => by_session.get(reading.unit_id.as_str()).copied(),
            "actor_week" => reading
                .unit_id
                .rsplit_once('/')
                .and_then(|(actor, week)| by_pseudonym.get(actor).map(|place| (*place, week))),
            _ => None,
        };
        let Some((place, week)) = unit else { continue };
        let (person, signal) = (&mut people[place], reading.signal.clone());
        if let Some(weight) = reading.weight_db {
            let week = person.evidence.entry(week.to_owned()).or_default();
            let largest = week.entry(signal.clone()).or_insert(weight);
            *largest = largest.max(weight);
        }
        person.values.entry(signal.clone()).or_default().extend(reading.value);
        person.p_values.entry(signal).or_default().extend(reading.p);
    }
    if let Some(prompts) = &readings.prompts {
        for person in &mut people {
            person.duplicate_share = prompts
                .get(&person.truth.actor_id)
                .filter(|(all, _)| *all > 0)
                .map(|(all, distinct)| 1.0 - *distinct as f64 / *all as f64);
        }
    }
    Ok(people)
}

impl Person {
    /// Evidence of the strongest week when only some signals count: the sum over signals of the week's largest weights. As in the score, a signal
    /// that found nothing adds nothing: its floor would make a week in which it speaks look more honest than one in which it cannot speak yet.
    /// Negative infinity when none of them spoke.
    pub fn evidence_of(&self, counts: impl Fn(&str) -> bool) -> f64 {
        let sum = |week: &BTreeMap<String, f64>| {
            let counted: Vec<f64> =
                week.iter().filter(|(signal, _)| counts(signal)).map(|(_, weight)| weight.max(0.0)).collect();
            (!counted.is_empty()).then(|| counted.iter().sum::<f64>())
        };
        self.evidence.values().filter_map(sum).fold(f64::NEG_INFINITY, f64::max)
    }

    /// Median and largest value of each signal, missing where it never spoke.
    pub fn features(&self, signals: &[String]) -> Vec<Option<f64>> {
        let mut features = Vec::with_capacity(signals.len() * 2);
        for signal in signals {
            let mut values = self.values.get(signal).cloned().unwrap_or_default();
            values.sort_by(f64::total_cmp);
            features.push(values.get(values.len() / 2).copied());
            features.push(values.last().copied());
        }
        features
    }
}
