//! The organisation's policy: which world it is, what people were told and when, and the `footlight.toml` that says so.

use super::person::{Label, Person};
use super::random::Random;
use super::session::Style;
use std::fmt::Write as _;

/// Monday of the first week (2026-W02).
const FIRST_MONDAY: jiff::civil::Date = jiff::civil::date(2026, 1, 5);

/// Sessions of the median person in an average week, for which the numbers of weekly targets are written.
pub(super) const REFERENCE_PACE: f64 = 1.05;

/// Which organisation is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// Some people make usage to be counted, and nobody told them to.
    NoIncentive,
    /// A weekly quota is announced after a third of the time.
    Quota,
    /// A ranking by tokens is published after a third of the time.
    Leaderboard,
    /// A quota, and those who make usage also make commits for it.
    GamedOutcomes,
    /// A quota, and nobody plays it; nobody has an unusual week either.
    Clean,
}

impl World {
    /// Every world.
    pub const ALL: [World; 5] =
        [World::NoIncentive, World::Quota, World::Leaderboard, World::GamedOutcomes, World::Clean];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            World::NoIncentive => "no_incentive",
            World::Quota => "quota",
            World::Leaderboard => "leaderboard",
            World::GamedOutcomes => "gamed_outcomes",
            World::Clean => "clean",
        }
    }
}

/// What holds for everybody.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) world: World,
    pub(super) weeks: usize,
    /// First week under the incentive; where there is none, the week by which everybody who plays has begun.
    pub(super) incentive_week: usize,
    /// Sessions of the median person in an average week, over [`REFERENCE_PACE`].
    pub(super) volume: f64,
    /// Tokens of a good week. Announced in the worlds with a quota; elsewhere only a rumour.
    pub(super) target_tokens: i64,
    /// Weeks of a sprint; each ends with a release.
    pub(super) sprint_weeks: usize,
}

impl Policy {
    /// Draws the policy of a seed.
    pub(super) fn draw(seed: u64, world: World, weeks: usize, pace: f64) -> Self {
        let mut random = Random::stream(seed, "policy", &[]);
        let volume = pace / REFERENCE_PACE;
        Self {
            world,
            weeks,
            volume,
            incentive_week: (weeks / 3).max(1),
            target_tokens: (*random.pick(&[400_000.0, 500_000.0, 600_000.0, 750_000.0]) * volume) as i64,
            sprint_weeks: 2,
        }
    }

    /// Monday of a week, counted from zero.
    pub(super) fn monday(&self, week: usize) -> jiff::civil::Date {
        FIRST_MONDAY.saturating_add(jiff::Span::new().weeks(week as i64))
    }

    fn has_quota(&self) -> bool {
        matches!(self.world, World::Quota | World::GamedOutcomes | World::Clean)
    }

    /// What `footlight.toml` says of everybody: the title, whose a transcript is, and the policy.
    pub(super) fn general_toml(&self, style: Style) -> String {
        let mut text = format!("title = \"Simulated organisation, world {}\"\n", self.world.as_str());
        if style.native {
            text.push_str("\n# Whose a transcript is: the directory says it, since the log does not.\n[[identity]]\npath = \"claude-code/{actor}/**\"\n");
        }
        let announced = self.monday(self.incentive_week);
        if self.has_quota() {
            let quotas = [("active_week", "0.80".to_owned()), ("tokens", self.target_tokens.to_string())];
            for (metric, threshold) in quotas {
                let _ = write!(
                    text,
                    "\n[[quota]]\nmetric = \"{metric}\"\nthreshold = {threshold}\nperiod = \"week\"\nannounced = {announced}\n"
                );
            }
        }
        if self.world == World::Leaderboard {
            let _ = write!(text, "\n[[leaderboard]]\nmetric = \"tokens\"\npublished = {announced}\n");
        }
        text
    }

    /// What `footlight.toml` says of accounts: declared automations, and weeks on call or in training.
    pub(super) fn accounts_toml(&self, people: &[Person]) -> String {
        let mut text = String::new();
        for person in people {
            if person.is_service() && person.declared {
                let _ =
                    write!(text, "\n[[automation]]\nactor = \"{}\"\nowner = \"{}\"\n", person.actor_id, person.team_id);
            }
        }
        for person in people {
            self.calendar_of(person, &mut text);
        }
        text
    }

    /// What `footlight.toml` says of releases.
    pub(super) fn releases_toml(&self) -> String {
        let mut text = String::new();
        for week in (self.sprint_weeks - 1..self.weeks).step_by(self.sprint_weeks) {
            let friday = self.monday(week).saturating_add(jiff::Span::new().days(4));
            let _ = write!(
                text,
                "\n[[calendar]]\nkind = \"release\"\nfrom = {friday}T00:00:00Z\nto = {friday}T23:59:59Z\n"
            );
        }
        text
    }

    fn calendar_of(&self, person: &Person, text: &mut String) {
        let Label::LookAlike { family, .. } = &person.label else { return };
        let kind = match *family {
            "on_call_week" => "on_call",
            "workshop_day" | "new_hire" => "training",
            _ => return,
        };
        for week in (0..self.weeks).filter(|week| person.special_weeks.contains(week)) {
            // A duty roster is written in the clock of whoever is on duty.
            let at = |week| person.zone.to_ambiguous_timestamp(self.monday(week).at(0, 0, 0, 0)).compatible();
            let (Ok(from), Ok(to)) = (at(week), at(week + 1)) else { continue };
            let _ = write!(
                text,
                "\n[[calendar]]\nkind = \"{kind}\"\nactor = \"{}\"\nfrom = {from}\nto = {to}\n",
                person.actor_id
            );
        }
    }
}
