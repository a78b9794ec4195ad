//! The units that readings are about: peers, volume and time of each session and actor-week.
//!
//! Owns the numbers of units (sessions by id, then actor-weeks by id), which week a session is of, and what calibration must know of a
//! unit. Owns no scores. There are millions of units, so nothing is kept twice and no word more often than once.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::calibrate::Point;
use super::input::{ActorWeekInput, Scope, SessionInput};
use super::objections::Objections;

/// Length of a week in microseconds.
const WEEK: i64 = 7 * 24 * 3_600 * 1_000_000;

/// Bytes that an allocator takes beside those of a word.
const OF_A_WORD: usize = 16;

/// What calibration knows of a unit beside its volume.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Unit {
    actor: u32,
    stratum: u32,
    client: u32,
    before_incentive: bool,
    /// False for declared automation, service accounts and what an accepted objection took out.
    pub(super) in_person_scope: bool,
    /// True when an accepted objection took it out.
    pub(super) taken_out: bool,
}

/// Numbers for names, in order of first use; only their equality is ever looked at.
#[derive(Default)]
struct Names {
    numbers: FxHashMap<Arc<str>, u32>,
    names: Vec<Arc<str>>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let (name, number) = (Arc::<str>::from(name), self.names.len() as u32);
        self.numbers.insert(Arc::clone(&name), number);
        self.names.push(name);
        number
    }
}

/// All units of a run. A unit's number is its place among the sessions, or the number of sessions and its place among the weeks.
pub(super) struct Units {
    /// By session id.
    pub(super) sessions: Vec<SessionInput>,
    /// By unit id.
    pub(super) weeks: Vec<ActorWeekInput>,
    week_ids: Vec<Box<str>>,
    units: Vec<Unit>,
    /// Strata in words, for the evidence.
    strata: Vec<Arc<str>>,
    /// Of each session the place of its week.
    week_of: Vec<u32>,
    /// Places of sessions, week by week.
    by_week: Vec<u32>,
}

/// The unit id of an actor-week.
pub(super) fn week_id(actor: &str, iso_week: &str) -> String {
    format!("{actor}/{iso_week}")
}

impl Units {
    /// The sessions and actor-weeks of a run; `start` is the first moment at which people had a reason to inflate.
    pub(super) fn new(
        start: Option<i64>,
        mut sessions: Vec<SessionInput>,
        weeks: Vec<ActorWeekInput>,
        objections: &Objections,
    ) -> Self {
        let (mut actors, mut strata) = (Names::default(), Names::default());
        let before = |end: i64| start.is_some_and(|start| end <= start);
        sessions.sort_unstable_by(|one, two| one.session_id.cmp(&two.session_id));
        let mut weeks: Vec<(Box<str>, ActorWeekInput)> = with_missing_weeks(weeks, &sessions)
            .into_iter()
            .map(|week| (week_id(&week.actor, &week.iso_week).into(), week))
            .collect();
        weeks.sort_unstable_by(|one, two| one.0.cmp(&two.0));
        let (week_ids, weeks): (Vec<Box<str>>, Vec<ActorWeekInput>) = weeks.into_iter().unzip();
        let mut units = Vec::with_capacity(sessions.len() + weeks.len());
        units.extend(sessions.iter().map(|session| {
            let taken_out = objections.takes_session(session);
            let stratum = format!("{}|{}|{}", session.client_name, session.role, session.trigger);
            Unit {
                actor: actors.number(&session.actor),
                stratum: strata.number(&stratum),
                client: strata.number(&session.client_name),
                before_incentive: before(session.started_at.saturating_add(1)),
                in_person_scope: !session.declared && !taken_out,
                taken_out,
            }
        }));
        units.extend(weeks.iter().zip(&week_ids).map(|(week, id)| {
            let taken_out = objections.takes_week(id);
            Unit {
                actor: actors.number(&week.actor),
                stratum: strata.number(&week.role),
                client: 0,
                before_incentive: before(week.week_start.saturating_add(WEEK)),
                in_person_scope: !week.service && !taken_out,
                taken_out,
            }
        }));
        let place = |session: &SessionInput| {
            let id = week_id(&session.actor, &session.iso_week);
            week_ids.partition_point(|other| **other < *id) as u32
        };
        let week_of: Vec<u32> = sessions.iter().map(place).collect();
        let mut by_week: Vec<u32> = (0..sessions.len() as u32).collect();
        by_week.sort_by_key(|&session| week_of[session as usize]);
        Self { sessions, weeks, week_ids, units, strata: strata.names, week_of, by_week }
    }

    /// Bytes that units take, with their ids and without the names they share.
    pub(super) fn bytes(&self) -> usize {
        let ids = self.sessions.iter().map(|session| session.session_id.len() + OF_A_WORD);
        let week_ids = self.week_ids.iter().map(|id| id.len() + OF_A_WORD);
        ids.chain(week_ids).sum::<usize>()
            + self.sessions.capacity() * size_of::<SessionInput>()
            + self.weeks.capacity() * size_of::<ActorWeekInput>()
            + self.week_ids.capacity() * size_of::<Box<str>>()
            + self.units.capacity() * size_of::<Unit>()
            + (self.week_of.capacity() + self.by_week.capacity()) * size_of::<u32>()
    }

    /// The number of a unit; `None` when it is not of this run.
    pub(super) fn find(&self, scope: Scope, unit_id: &str) -> Option<u32> {
        match scope {
            Scope::Session => {
                self.sessions.binary_search_by(|session| (*session.session_id).cmp(unit_id)).ok().map(|at| at as u32)
            }
            Scope::ActorWeek => {
                self.week_ids.binary_search_by(|id| (**id).cmp(unit_id)).ok().map(|at| self.week_number(at))
            }
        }
    }

    /// The number of the week at this place.
    pub(super) fn week_number(&self, place: usize) -> u32 {
        (self.sessions.len() + place) as u32
    }

    pub(super) fn get(&self, number: u32) -> &Unit {
        &self.units[number as usize]
    }

    /// The id of the week at this place.
    pub(super) fn week_id(&self, place: usize) -> &str {
        &self.week_ids[place]
    }

    /// The stratum of a unit in words.
    pub(super) fn stratum(&self, number: u32) -> &str {
        &self.strata[self.get(number).stratum as usize]
    }

    /// The place of the week that a unit is, or is of.
    pub(super) fn week_of(&self, number: u32) -> usize {
        let number = number as usize;
        self.week_of.get(number).map_or_else(|| number - self.sessions.len(), |week| *week as usize)
    }

    /// The places of the sessions of the week at this place, in the order of their ids.
    pub(super) fn sessions_of(&self, week: usize) -> &[u32] {
        let place = |session: &u32| self.week_of[*session as usize] as usize;
        let first = self.by_week.partition_point(|session| place(session) < week);
        let count = self.by_week[first..].partition_point(|session| place(session) == week);
        &self.by_week[first..first + count]
    }

    /// A reading of a unit; `quiet` when the signal looked at it and found nothing.
    pub(super) fn point(&self, number: u32, value: f64, quiet: bool) -> Point {
        let unit = self.get(number);
        let volumes = match self.sessions.get(number as usize) {
            Some(session) => [session.tokens.map(|tokens| tokens as f64), Some(session.prompts as f64), None],
            None => {
                let week = &self.weeks[self.week_of(number)];
                [week.tokens.map(|tokens| tokens as f64), Some(week.prompts as f64), Some(week.sessions as f64)]
            }
        };
        Point {
            actor: unit.actor,
            stratum: unit.stratum,
            client: unit.client,
            volumes,
            before_incentive: unit.before_incentive,
            value,
            quiet,
        }
    }

    /// The number of the person, and whether the week at this place lies before the first incentive.
    pub(super) fn case_of(&self, week: usize) -> (u32, bool) {
        let unit = self.get(self.week_number(week));
        (unit.actor, unit.before_incentive)
    }
}

/// The actor-weeks of the input and, for sessions whose actor-week is not there, one made from the sessions, so that no
/// session goes without a case.
fn with_missing_weeks(mut weeks: Vec<ActorWeekInput>, sessions: &[SessionInput]) -> Vec<ActorWeekInput> {
    let by_key =
        |one: &ActorWeekInput, two: &ActorWeekInput| (&one.actor, &one.iso_week).cmp(&(&two.actor, &two.iso_week));
    weeks.sort_by(by_key);
    weeks.dedup_by(|one, two| one.actor == two.actor && one.iso_week == two.iso_week);
    let is_known = |session: &SessionInput| {
        let key = (&session.actor, &session.iso_week);
        weeks.binary_search_by(|week| (&week.actor, &week.iso_week).cmp(&key)).is_ok()
    };
    let mut orphans: Vec<&SessionInput> = sessions.iter().filter(|session| !is_known(session)).collect();
    orphans.sort_unstable_by(|one, two| (one.started_at, &one.session_id).cmp(&(two.started_at, &two.session_id)));
    let mut missing: FxHashMap<(&str, &str), ActorWeekInput> = FxHashMap::default();
    for session in orphans {
        let week = missing.entry((&session.actor, &session.iso_week)).or_insert_with(|| ActorWeekInput {
            actor: Arc::clone(&session.actor),
            team_id: Arc::clone(&session.team_id),
            role: Arc::clone(&session.role),
            iso_week: Arc::clone(&session.iso_week),
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
    weeks
}
