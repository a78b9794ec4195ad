//! Who works there: roles, habits, volumes, and for some a label: theater of a family, or a look-alike.
//!
//! Owns the draw of people and the roster. Owns nothing of what they do: `honest`, `lookalike` and `theater` do.

use super::SimulateError;
use super::families::{self, Family};
use super::honest;
use super::random::Random;
use super::strategy::{self, Hiding, JUNK_COMMITS, Strategy};
use super::voice::Voice;
use super::words::{CLIENTS, FIRST, LAST, ZONES};
use super::world::{Policy, REFERENCE_PACE, World};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// Shares of a person's week tokens that are made to be counted.
pub(super) const DOSES: [f64; 3] = [0.05, 0.20, 0.60];

/// Legitimate work that looks like theater, at the same volume.
pub const LOOK_ALIKES: [&str; 15] = [
    "ci_bot",
    "on_call_week",
    "other_zone",
    "batch_eval",
    "retries_429",
    "handoff_template",
    "slash_commands",
    "subagent_fanout",
    "poller",
    "migration",
    "new_hire",
    "research_spike",
    "workshop_day",
    "plan_cap",
    "sprint_end",
];

/// What somebody is employed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Developer,
    Reviewer,
    Manager,
    Analyst,
    Support,
    Service,
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Role::Developer => "developer",
            Role::Reviewer => "reviewer",
            Role::Manager => "manager",
            Role::Analyst => "analyst",
            Role::Support => "support",
            Role::Service => "service",
        }
    }
}

/// What the truth files say of a person.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Label {
    Honest,
    /// Honest, with weeks of which a share looks like theater.
    LookAlike {
        family: &'static str,
        share: f64,
    },
    Theater(Theater),
}

/// Somebody's theater.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Theater {
    pub(super) family: &'static Family,
    pub(super) dose: f64,
    pub(super) evasion: Option<&'static str>,
    pub(super) from_week: usize,
    /// Total volume after the start over volume before it.
    pub(super) inflation: f64,
    /// Seed of the favourite prompts, timers and the like; shared when spread over colleagues.
    pub(super) theme: u64,
    pub(super) hiding: Hiding,
}

impl Theater {
    /// Seed of the theme of a week: where prompts go round among colleagues, somebody else's every week.
    pub(super) fn theme_in(&self, week: usize, person: usize) -> u64 {
        match self.hiding.colleagues {
            0 | 1 => self.theme,
            colleagues => self.theme ^ ((((week + person) % colleagues) as u64 + 1) << 20),
        }
    }
}

/// One account and its habits.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) index: usize,
    pub(super) actor_id: String,
    pub(super) team: usize,
    pub(super) team_id: String,
    pub(super) role: Role,
    pub(super) zone: TimeZone,
    /// What the roster says; not always where the person is.
    pub(super) roster_zone: &'static str,
    /// Week of joining, when that is inside the simulated time.
    pub(super) joined: Option<usize>,
    /// Sessions in an average week.
    pub(super) pace: f64,
    /// Prompts in an average session, less one.
    pub(super) turns: f64,
    /// Tokens of system prompt and tools at the start of a session.
    pub(super) context: f64,
    pub(super) large_model_share: f64,
    /// Share of sessions outside any repository.
    pub(super) chat_share: f64,
    pub(super) client: &'static str,
    pub(super) voice: Voice,
    /// Local hour at which work begins.
    pub(super) day_start: f64,
    /// Share of edit sessions of which something lands.
    pub(super) landing: f64,
    pub(super) commits_by_hand: f64,
    pub(super) label: Label,
    /// Weeks in which a look-alike is at it; all weeks when the family has no weeks of its own.
    pub(super) special_weeks: BTreeSet<usize>,
    /// Services: declared in the configuration.
    pub(super) declared: bool,
}

impl Person {
    /// Whether this is a service account.
    pub(super) fn is_service(&self) -> bool {
        self.role == Role::Service
    }

    /// Name on the machine, an alias in the roster.
    pub(super) fn login(&self) -> String {
        self.actor_id.split('@').next().unwrap_or_default().replace('.', "-")
    }

    /// The team's main repository, or another one of the person's.
    pub(super) fn repo(&self, random: &mut Random) -> String {
        let number = if random.chance(0.85) { self.team * 2 } else { self.team * 2 + 1 };
        format!("https://git.example.com/acme/repo-{number:03}.git")
    }

    /// Theater of this person in a week, if it has begun.
    pub(super) fn theater_in(&self, week: usize) -> Option<&Theater> {
        match &self.label {
            Label::Theater(theater) if week >= theater.from_week => Some(theater),
            _ => None,
        }
    }
}

/// People of one team.
const TEAM_SIZE: usize = 12;

/// What of the labels is wanted.
pub(super) struct Mix<'a> {
    /// Which division of a larger organisation is drawn; the first also stands alone.
    pub(super) division: usize,
    pub(super) people: usize,
    pub(super) theater_share: f64,
    /// Families that are used; the twelve when empty.
    pub(super) families: &'a [String],
    /// What all who play do; drawn for each of them when `None`.
    pub(super) strategy: Option<&'a Strategy>,
}

/// Share of people who are look-alikes.
const LOOK_ALIKE_SHARE: f64 = 0.25;

/// Draws everybody of a division. People come first, then service accounts. Indexes, teams and names go on where those of the division before it
/// end, so that divisions can be drawn in any order and share nobody.
///
/// # Errors
/// A time zone that this machine does not know.
pub(super) fn draw(seed: u64, policy: &Policy, mix: &Mix<'_>) -> Result<Vec<Person>, SimulateError> {
    let teams = (mix.people / TEAM_SIZE).max(1);
    let services = (mix.people / 60).max(1);
    let first = mix.division * (mix.people + services);
    let team = |place: usize| mix.division * teams + place % teams;
    let mut people = Vec::with_capacity(mix.people + services);
    for place in 0..mix.people {
        people.push(person(seed, first + place, team(place), policy.volume)?);
    }
    let mut random = match mix.division {
        0 => Random::stream(seed, "labels", &[]),
        division => Random::stream(seed, "labels", &[division as u64]),
    };
    let mut order: Vec<usize> = (0..mix.people).collect();
    random.shuffle(&mut order);
    if policy.world != World::Clean {
        let performers = (mix.people as f64 * mix.theater_share).round() as usize;
        let performers = performers.min(mix.people);
        match mix.strategy {
            Some(strategy) => strategy::share(&mut random, policy, strategy, &mut people, &mut order, performers),
            None => perform(&mut random, policy, mix, &mut people, &mut order, performers, seed),
        }
        let alikes = (mix.people as f64 * LOOK_ALIKE_SHARE).round() as usize;
        resemble(&mut random, policy, &mut people, &mut order, alikes);
    }
    for place in 0..services {
        let mut service = person(seed, first + mix.people + place, team(mix.people + place), policy.volume)?;
        let (work, number) = (random.pick(&["ci", "nightly", "release", "triage"]), mix.division * services + place);
        service.actor_id = format!("{work}-bot-{number}@example.com");
        service.role = Role::Service;
        service.zone = TimeZone::UTC;
        service.roster_zone = "";
        service.joined = None;
        service.declared = random.chance(0.7);
        service.label = Label::LookAlike { family: "ci_bot", share: 1.0 };
        people.push(service);
    }
    Ok(people)
}

fn person(seed: u64, index: usize, team: usize, volume: f64) -> Result<Person, SimulateError> {
    let mut random = Random::stream(seed, "person", &[index as u64]);
    let home = Random::stream(seed, "team", &[team as u64]).below(ZONES.len());
    let zone_name = if random.chance(0.8) { ZONES[home] } else { *random.pick(ZONES) };
    let zone = TimeZone::get(zone_name).map_err(|error| SimulateError::Zone { zone: zone_name, error })?;
    let role = [Role::Developer, Role::Reviewer, Role::Manager, Role::Analyst, Role::Support]
        [random.weighted(&[0.62, 0.09, 0.08, 0.12, 0.09])];
    let (first, last) = (FIRST[index % FIRST.len()], LAST[(index / FIRST.len() + index * 7) % LAST.len()]);
    Ok(Person {
        index,
        // The number keeps the accounts of a large organisation apart.
        actor_id: format!("{first}.{last}.{index}@example.com"),
        team,
        team_id: format!("team-{team:02}"),
        role,
        zone,
        roster_zone: if random.chance(0.85) { zone_name } else { "" },
        joined: None,
        pace: volume * random.lognormal(REFERENCE_PACE, 1.0).clamp(0.3, 16.0),
        turns: random.lognormal(2.4, 0.7).clamp(0.3, 12.0),
        context: random.lognormal(12_000.0, 0.9).clamp(3_000.0, 110_000.0),
        large_model_share: random.between(0.02, 0.7),
        chat_share: match role {
            Role::Developer | Role::Reviewer => random.between(0.02, 0.2),
            Role::Analyst => random.between(0.2, 0.6),
            _ => random.between(0.6, 0.95),
        },
        client: CLIENTS[random.below(CLIENTS.len())],
        voice: Voice::draw(&mut random),
        day_start: random.between(7.0, 10.2),
        landing: random.between(0.6, 0.92),
        commits_by_hand: random.lognormal(0.8, 0.7),
        label: Label::Honest,
        special_weeks: BTreeSet::new(),
        declared: false,
    })
}

/// Sessions a week of those with a label, at least, where the median person has [`REFERENCE_PACE`]: whoever hardly works cannot be told
/// from anybody.
const BUSY_PACE: f64 = 1.6;
/// And at most, of those who work towards a target.
const LARGEST_PACE: f64 = 14.0;

/// Sessions a week of somebody whose honest work is this share of the weekly target.
pub(super) fn reachable_pace(policy: &Policy, person: &Person, share: f64) -> f64 {
    let pace = share * policy.target_tokens as f64 / honest::typical_tokens(person);
    pace.clamp(BUSY_PACE * policy.volume, LARGEST_PACE * policy.volume)
}

/// Gives theater to people: the cells of family and dose in turn, so that each is there before any comes twice.
fn perform(
    random: &mut Random,
    policy: &Policy,
    mix: &Mix<'_>,
    people: &mut [Person],
    order: &mut Vec<usize>,
    count: usize,
    seed: u64,
) {
    let families = families::chosen(mix.families);
    let mut cells: Vec<(&'static Family, f64)> =
        families.iter().flat_map(|family| DOSES.map(|dose| (*family, dose))).collect();
    random.shuffle(&mut cells);
    for number in 0..count {
        let (family, dose) = cells[number % cells.len()];
        // Those who run agents in a shell are mostly those who have one.
        let place = order
            .iter()
            .position(|index| !family.needs_tools || matches!(people[*index].role, Role::Developer | Role::Analyst))
            .unwrap_or(0);
        let index = order.remove(place);
        // The cells are shuffled, so every other one is half of each family.
        let evasion = (number % 2 == 0).then(|| *random.pick(family.evasions));
        let theme = match evasion {
            Some("spread_over_colleagues") => seed,
            _ => seed ^ ((people[index].index as u64 + 1) << 20),
        };
        let mut hiding = Hiding::of(family.name, evasion);
        if policy.world == World::GamedOutcomes {
            hiding.junk_commits = JUNK_COMMITS;
        }
        let from_week = match policy.world {
            World::NoIncentive => random.below(policy.incentive_week),
            _ => policy.incentive_week + usize::from(random.chance(0.25)),
        };
        let person = &mut people[index];
        person.pace = (person.pace * random.between(1.0, 1.5)).max(BUSY_PACE * policy.volume);
        if family.name == "hugger" {
            // Those who are near enough to top up.
            person.pace = reachable_pace(policy, person, 1.0 - dose);
        }
        person.label = Label::Theater(Theater {
            family,
            dose,
            evasion,
            from_week,
            inflation: random.between(1.0, 1.5),
            theme,
            hiding,
        });
    }
}

/// Gives look-alikes to others, the families in turn.
fn resemble(random: &mut Random, policy: &Policy, people: &mut [Person], order: &mut Vec<usize>, count: usize) {
    let mut families: Vec<&'static str> = LOOK_ALIKES.iter().copied().filter(|family| *family != "ci_bot").collect();
    random.shuffle(&mut families);
    let workshop_week = random.below(policy.weeks);
    for number in 0..count.min(order.len()) {
        let family = families[number % families.len()];
        let developer = !matches!(family, "other_zone" | "workshop_day" | "plan_cap" | "handoff_template" | "new_hire");
        let place = order.iter().position(|index| !developer || people[*index].role == Role::Developer).unwrap_or(0);
        let person = &mut people[order.remove(place)];
        let weeks = match family {
            "on_call_week" => (random.below(4)..policy.weeks).step_by(random.whole(3, 5) as usize).collect(),
            "workshop_day" => BTreeSet::from([workshop_week]),
            "new_hire" => {
                let joined = random.below(policy.weeks / 2 + 1);
                person.joined = Some(joined);
                (joined..policy.weeks.min(joined + 5)).collect()
            }
            "batch_eval" | "migration" | "research_spike" => {
                let first = random.below(policy.weeks / 2 + 1);
                (first..policy.weeks.min(first + random.whole(2, 6) as usize)).collect()
            }
            "sprint_end" => (policy.sprint_weeks - 1..policy.weeks).step_by(policy.sprint_weeks).collect(),
            _ => (0..policy.weeks).collect(),
        };
        person.special_weeks = weeks;
        person.pace = (person.pace * random.between(1.0, 1.5)).max(BUSY_PACE * policy.volume);
        person.label = Label::LookAlike { family, share: random.between(0.2, 0.6) };
    }
}

/// The header of `roster.csv`.
pub(super) const ROSTER_COLUMNS: [&str; 8] =
    ["actor_id", "aliases", "team_id", "role", "kind", "time_zone", "active_from", "active_to"];

/// Rows of `roster.csv`, one an account.
///
/// # Errors
/// What the writer answers.
pub(super) fn write_roster<W: std::io::Write>(
    rows: &mut csv::Writer<W>,
    people: &[Person],
    policy: &Policy,
) -> csv::Result<()> {
    for person in people {
        let login = person.login();
        let since = person.joined.map_or_else(|| "2024-06-03".to_owned(), |week| policy.monday(week).to_string());
        let kind = if person.is_service() { "service" } else { "person" };
        let row =
            [&person.actor_id, &login, &person.team_id, person.role.as_str(), kind, person.roster_zone, &since, ""];
        rows.write_record(row)?;
    }
    rows.flush()?;
    Ok(())
}
