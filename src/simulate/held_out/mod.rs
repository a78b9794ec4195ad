//! Eight further families of theater, held out: made only when they are asked for by name, so that nothing is ever tuned on them.
//!
//! Owns the table of these families, how their sessions are begun and ended, and what is said of a person's habits; `sessions` has what each
//! does, `phrases` what is typed. How much of a week they are is decided in `theater`, as for every family. Written from what companies with
//! targets and rankings for AI use reported, and from what somebody with little to do would do, by somebody who had read no query, no scoring
//! and no result (docs/evaluation.md says what was seen). Every number is drawn from a range for each person. The sources of this directory
//! are frozen by hash (`tests/held_out.rs`).

mod phrases;
mod sessions;

use super::SimulateError;
use super::families::Family;
use super::honest;
use super::outcomes::{self, Desk};
use super::person::{Person, Theater};
use super::random::Random;
use super::session::Session;
use super::theater::{self, SMALLEST_SESSION};
use super::voice;
use super::words::{DOMAINS, OBJECTS};

const WORDS: &[&str] = &["paraphrase", "salted_tail", "junk_commits", "spread_over_colleagues"];
const PASTED: &[&str] = &["paraphrase", "salted_tail", "spread_over_colleagues"];
const AGENTS: &[&str] = &["junk_commits", "agent_reads_agent", "paraphrase", "spread_over_colleagues"];

/// Every held-out family.
pub(super) const FAMILIES: &[Family] = &[
    Family { name: "endless_review", needs_tools: true, evasions: WORDS },
    Family { name: "document_shuttle", needs_tools: false, evasions: PASTED },
    Family { name: "discarded_documents", needs_tools: true, evasions: AGENTS },
    Family { name: "two_assistants", needs_tools: false, evasions: PASTED },
    Family { name: "regenerated_answer", needs_tools: false, evasions: WORDS },
    Family { name: "one_word_answer", needs_tools: false, evasions: WORDS },
    Family { name: "open_ended_bug_hunt", needs_tools: true, evasions: AGENTS },
    Family { name: "idle_trivia", needs_tools: false, evasions: PASTED },
];

/// Whether a family is one of these.
pub(super) fn is(family: &Family) -> bool {
    FAMILIES.iter().any(|held_out| held_out.name == family.name)
}

/// Somebody at it.
struct Player<'a, 'd> {
    desk: &'a mut Desk<'d>,
    person: &'a Person,
    theater: &'a Theater,
    week: usize,
    /// File that the last session left, for the next one to read.
    left_behind: Option<String>,
}

/// Sessions until the goal is reached. Returns the tokens spent.
pub(super) fn inject(
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    theater: &Theater,
    week: usize,
    goal: f64,
) -> Result<f64, SimulateError> {
    let mut player = Player { desk, person, theater, week, left_behind: None };
    let mut spent = 0.0;
    while goal - spent >= SMALLEST_SESSION {
        let limit = (goal - spent).min(random.lognormal(350_000.0, 0.7)) as i64;
        spent += player.sit_down(random, limit)? as f64;
    }
    Ok(spent)
}

impl<'a> Player<'a, '_> {
    /// One sitting of the family, of at most about `limit` tokens. Returns the tokens of all its sessions.
    fn sit_down(&mut self, random: &mut Random, limit: i64) -> Result<i64, SimulateError> {
        match self.theater.family.name {
            "endless_review" => self.endless_review(random, limit),
            "document_shuttle" => self.document_shuttle(random, limit),
            "discarded_documents" => self.discarded_documents(random, limit),
            "two_assistants" => self.two_assistants(random, limit),
            "regenerated_answer" => self.regenerated_answer(random, limit),
            "one_word_answer" => self.one_word_answer(random, limit),
            "open_ended_bug_hunt" => self.open_ended_bug_hunt(random, limit),
            _ => self.idle_trivia(random, limit),
        }
    }

    /// Draws that are the same whenever the person sits down to it: habits.
    fn habits(&self, name: &str, numbers: &[u64]) -> Random {
        Random::stream(self.theater.theme_in(self.week, self.person.index), name, numbers)
    }

    /// What it is about, for so many weeks: something of the person's own work, or what colleagues have agreed on.
    fn matter(&self, weeks: i64) -> String {
        let mut random = self.habits("matter", &[self.week as u64 / weeks.max(1) as u64]);
        match self.theater.evasion {
            Some("spread_over_colleagues") => format!("{} {}", random.pick(DOMAINS), random.pick(OBJECTS)),
            _ => self.person.voice.thing(&mut random).to_owned(),
        }
    }

    /// One of `all` ways to say it: of the few that the person is used to, or of any where prompts are worded anew.
    fn way<'t>(&self, random: &mut Random, all: &'t [&'t str]) -> &'t str {
        if random.happens(self.theater.hiding.paraphrase) {
            return all[random.below(all.len())];
        }
        let mut habits = self.habits("ways", &[all.len() as u64]);
        let known: Vec<&str> =
            (0..habits.whole(2, 2 + all.len() as i64 / 2)).map(|_| all[habits.below(all.len())]).collect();
        known[random.below(known.len())]
    }

    /// Opens a session at a moment of the person's working week.
    fn open(&self, random: &mut Random, sameness: f64) -> Session<'a> {
        let hour = honest::working_hour(random, self.person);
        self.open_at(random, hour, sameness)
    }

    /// Opens a session so many local hours after the week's beginning.
    fn open_at(&self, random: &mut Random, hour: f64, sameness: f64) -> Session<'a> {
        let at_ms = self.desk.moment(self.person, self.week, hour);
        Session::open(random, self.person, at_ms, self.desk.style()).injected(self.theater.family.name, sameness)
    }

    /// Takes a session that has no repository into one of the person's.
    fn settle(&self, session: &mut Session<'a>, random: &mut Random, thing: &str) {
        if session.repo.is_none() {
            session.repo = Some(self.person.repo(random));
            session.branch = Some(format!("work/{}", thing.replace(' ', "-")));
        }
    }

    /// Types, and hands on between agents where that is how it hides.
    fn say(&mut self, session: &mut Session<'a>, random: &mut Random, thing: &str, mut text: String) {
        if random.happens(self.theater.hiding.salted_tail) {
            text.push_str(&voice::tail(random));
        }
        session.prompt(&text, random);
        let rate = self.theater.hiding.agent_reads_agent;
        theater::hand_over(session, random, thing, rate, &mut self.left_behind);
    }

    /// Ends a session, with a commit for it where that is how it hides. Returns its tokens.
    fn finish(&mut self, session: Session<'a>, random: &mut Random) -> Result<i64, SimulateError> {
        let finished = session.finish(self.desk.journal)?;
        if random.happens(self.theater.hiding.junk_commits) {
            outcomes::junk(self.desk, random, self.person, &finished)?;
        }
        Ok(finished.tokens)
    }
}
