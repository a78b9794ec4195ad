//! The units that readings are about: peers, volume and time of each session and actor-week.
//!
//! Owns the lookup from (scope, unit id) to what calibration must know. Owns no scores.

use rustc_hash::FxHashMap;

use super::calibrate::Point;
use super::input::{ActorWeekInput, Scope, ScoreInput, SessionInput};
use super::objections::Objections;

/// Length of a week in microseconds.
const WEEK: i64 = 7 * 24 * 3_600 * 1_000_000;

/// What calibration knows of a unit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unit {
    pub(super) actor: u32,
    pub(super) stratum: u32,
    pub(super) client: u32,
    /// Stratum in words, for the evidence.
    pub(super) stratum_name: String,
    volumes: [Option<f64>; 3],
    pub(super) before_incentive: bool,
    /// False for declared automation, service accounts and what an accepted objection took out.
    pub(super) in_person_scope: bool,
    /// True when an accepted objection took it out.
    pub(super) taken_out: bool,
}

impl Unit {
    /// A reading of this unit; `quiet` when the signal looked at it and found nothing.
    pub(super) fn point(&self, value: f64, quiet: bool) -> Point {
        Point {
            actor: self.actor,
            stratum: self.stratum,
            client: self.client,
            volumes: self.volumes,
            before_incentive: self.before_incentive,
            value,
            quiet,
        }
    }
}

/// Numbers for names, in order of first use; only their equality is ever looked at.
#[derive(Default)]
struct Names(FxHashMap<String, u32>);

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        let next = self.0.len() as u32;
        match self.0.get(name) {
            Some(number) => *number,
            None => *self.0.entry(name.to_owned()).or_insert(next),
        }
    }
}

/// All units of a run.
pub(super) struct Units {
    sessions: FxHashMap<String, Unit>,
    weeks: FxHashMap<String, Unit>,
}

/// The unit id of an actor-week.
pub(super) fn week_id(actor: &str, iso_week: &str) -> String {
    format!("{actor}/{iso_week}")
}

impl Units {
    /// Indexes the sessions and actor-weeks of a run.
    pub(super) fn new(input: &ScoreInput, objections: &Objections) -> Self {
        let (mut actors, mut strata) = (Names::default(), Names::default());
        let start = input.incentive_start();
        let before = |end: i64| start.is_some_and(|start| end <= start);
        let sessions = input
            .sessions
            .iter()
            .map(|session| {
                let taken_out = objections.takes_session(session);
                let stratum_name = format!("{}|{}|{}", session.client_name, session.role, session.trigger);
                let volumes = [session.tokens.map(|tokens| tokens as f64), Some(session.prompts as f64), None];
                let unit = Unit {
                    actor: actors.number(&session.actor),
                    stratum: strata.number(&stratum_name),
                    client: strata.number(&session.client_name),
                    stratum_name,
                    volumes,
                    before_incentive: before(session.started_at.saturating_add(1)),
                    in_person_scope: !session.declared && !taken_out,
                    taken_out,
                };
                (session.session_id.clone(), unit)
            })
            .collect();
        let weeks = with_missing_weeks(input);
        let weeks = weeks
            .into_iter()
            .map(|week| {
                let taken_out = objections.takes_week(&week_id(&week.actor, &week.iso_week));
                let unit = Unit {
                    actor: actors.number(&week.actor),
                    stratum: strata.number(&week.role),
                    client: 0,
                    stratum_name: week.role.clone(),
                    volumes: volumes_of(&week),
                    before_incentive: before(week.week_start.saturating_add(WEEK)),
                    in_person_scope: !week.service && !taken_out,
                    taken_out,
                };
                (week_id(&week.actor, &week.iso_week), unit)
            })
            .collect();
        Self { sessions, weeks }
    }

    pub(super) fn get(&self, scope: Scope, unit_id: &str) -> Option<&Unit> {
        match scope {
            Scope::Session => self.sessions.get(unit_id),
            Scope::ActorWeek => self.weeks.get(unit_id),
        }
    }
}

fn volumes_of(week: &ActorWeekInput) -> [Option<f64>; 3] {
    [week.tokens.map(|tokens| tokens as f64), Some(week.prompts as f64), Some(week.sessions as f64)]
}

/// The actor-weeks of the input and, for sessions whose actor-week is not there, one made from the sessions, so that no
/// session goes without a case.
pub(super) fn with_missing_weeks(input: &ScoreInput) -> Vec<ActorWeekInput> {
    let mut weeks = input.actor_weeks.clone();
    let known: rustc_hash::FxHashSet<String> = weeks.iter().map(|week| week_id(&week.actor, &week.iso_week)).collect();
    let mut missing: FxHashMap<String, ActorWeekInput> = FxHashMap::default();
    let mut orphans: Vec<&SessionInput> =
        input.sessions.iter().filter(|session| !known.contains(&week_id(&session.actor, &session.iso_week))).collect();
    orphans.sort_by(|one, two| (one.started_at, &one.session_id).cmp(&(two.started_at, &two.session_id)));
    for session in orphans {
        let week = missing.entry(week_id(&session.actor, &session.iso_week)).or_insert_with(|| ActorWeekInput {
            actor: session.actor.clone(),
            team_id: session.team_id.clone(),
            role: session.role.clone(),
            iso_week: session.iso_week.clone(),
            week_start: session.started_at,
            ..ActorWeekInput::default()
        });
        week.sessions += 1;
        week.prompts += session.prompts;
        week.tokens = match (week.tokens, session.tokens) {
            (None, None) => None,
            (one, two) => Some(one.unwrap_or(0) + two.unwrap_or(0)),
        };
    }
    weeks.extend(missing.into_values());
    weeks.sort_by(|one, two| (&one.actor, &one.iso_week).cmp(&(&two.actor, &two.iso_week)));
    weeks.dedup_by(|one, two| one.actor == two.actor && one.iso_week == two.iso_week);
    weeks
}
