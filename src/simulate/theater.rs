//! Twelve families of theater: usage made to be counted, injected into otherwise honest weeks.
//!
//! Owns what such sessions look like, how much of a week they are, as for the families of `held_out`, and how they hide. Written from the descriptions of behaviours alone, by
//! someone who had not read the signals' definitions; every number is drawn from a range for each person.

use super::SimulateError;
use super::held_out;
use super::honest;
use super::outcomes::{self, Desk};
use super::person::{Person, Theater};
use super::random::Random;
use super::session::{Finished, Model, Session};
use super::strategy::{JitterLaw, PadSource};
use super::voice::{self, answer};
use super::words::{DOMAINS, OBJECTS};

/// A session that would cost less than this is put off to the next week.
pub(super) const SMALLEST_SESSION: f64 = 9_000.0;

/// What one performer does again and again.
struct Theme {
    favourites: Vec<String>,
    thing: String,
    block: String,
    /// Minutes between runs.
    interval: f64,
    /// Share of the interval by which runs stray.
    jitter: f64,
    /// Each run is a session of its own; else one session is woken again.
    new_session: bool,
    /// Calls of a loop before it begins again.
    period: usize,
    calls: Vec<(String, String)>,
    /// What filler is made of.
    filler: usize,
    /// By how much a target is overshot, as a share.
    margin: f64,
    /// Seconds between prompts.
    hurry: f64,
    /// Local hour of the week at which the last rush begins.
    rush: f64,
    trigger: &'static str,
    /// How much the answers to what is asked again and again are alike.
    sameness: f64,
}

impl Theme {
    fn draw(theater: &Theater, person: &Person, week: usize) -> Self {
        let mut random = Random::stream(theater.theme_in(week, person.index), "theme", &[]);
        let random = &mut random;
        let thing = format!("{} {}", random.pick(DOMAINS), random.pick(OBJECTS));
        let favourites = (0..random.whole(1, 4)).map(|_| person.voice.task(random, &thing)).collect();
        let block = voice::answer(random, &thing, 4, 0.0);
        let period = random.whole(2, 4) as usize;
        let calls = (0..period)
            .map(|_| {
                let path = voice::file_name(&thing, random);
                (format!("cat {path} | tail -{}", random.whole(5, 60)), answer(random, &thing, 1, 0.0))
            })
            .collect();
        Self {
            favourites,
            thing,
            block,
            interval: *random.pick(&[10.0, 15.0, 20.0, 30.0, 40.0, 45.0, 60.0, 90.0]),
            jitter: random.between(0.3, 0.9),
            new_session: random.chance(0.6),
            period,
            calls,
            filler: random.below(4),
            margin: random.between(0.003, 0.06),
            hurry: random.lognormal(25.0, 0.6),
            rush: *random.pick(&[4.0 * 24.0 + 15.0, 6.0 * 24.0 + 13.0, 6.0 * 24.0 + 17.0]) + random.between(-1.0, 1.5),
            trigger: if random.chance(0.5) { "unknown" } else { "human" },
            sameness: random.between(0.3, 0.8),
        }
    }
}

/// Somebody at it.
struct Act<'a, 'd> {
    desk: &'a mut Desk<'d>,
    person: &'a Person,
    theater: &'a Theater,
    theme: Theme,
    week: usize,
    /// File that the last session left, for the next one to read.
    left_behind: Option<String>,
}

/// A person's week once theater has begun: shrunken honest work, then the injected sessions.
/// `debt` carries to the next week the tokens that did not make a session, and those that a session took too many.
pub(super) fn week(
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    theater: &Theater,
    week: usize,
    debt: &mut f64,
) -> Result<(), SimulateError> {
    let theme = Theme::draw(theater, person, week);
    let target = desk.policy.target_tokens as f64;
    let hugs = theater.family.name == "hugger";
    let usual = person.pace * honest::activity(desk.seed, person, week);
    let limit = hugs.then(|| ((1.0 - theater.dose) * target * random.between(0.8, 1.0)) as i64);
    let sessions = if hugs { usual * 1.5 } else { usual * theater.inflation * (1.0 - theater.dose) };
    let honest = honest::week(desk, random, person, week, sessions, limit)? as f64;
    let share = theater.dose / (1.0 - theater.dose);
    let overshoot = match theater.hiding.overshoot {
        mean if mean > 0.0 => random.exponential(mean),
        _ => 0.0,
    };
    let goal = match theater.family.name {
        // A week that is hopelessly far away is given up.
        "hugger" if honest < 0.25 * (1.0 - theater.dose) * target => 0.0,
        "hugger" => target * (1.0 + theme.margin * random.between(0.2, 1.8) + overshoot) - honest,
        "rank_chaser" => honest * share * effort(desk, person, week) * (1.0 + overshoot) + *debt,
        _ => honest * share * random.between(0.8, 1.2) * (1.0 + overshoot) + *debt,
    };
    let spent = if held_out::is(theater.family) {
        held_out::inject(desk, random, person, theater, week, goal)?
    } else {
        Act { desk, person, theater, theme, week, left_behind: None }.inject(random, goal)?
    };
    // What a session took too much is saved in the weeks after it.
    *debt = if hugs { 0.0 } else { goal - spent };
    Ok(())
}

/// How much somebody wants to climb: most when the next place is near, little from the top. About 1 on average.
fn effort(desk: &Desk<'_>, person: &Person, week: usize) -> f64 {
    let seen = week.saturating_sub(1);
    let own = honest::expected_tokens(desk.seed, person, seen);
    let above = desk
        .people
        .iter()
        .filter(|other| other.team == person.team && other.index != person.index)
        .map(|other| honest::expected_tokens(desk.seed, other, seen))
        .filter(|tokens| *tokens > own)
        .min_by(f64::total_cmp);
    above.map_or(0.2, |tokens| 0.4 + 1.4 * (-(tokens / own.max(1.0)).ln()).exp())
}

impl<'a> Act<'a, '_> {
    /// Sessions until the goal is reached. Returns the tokens spent.
    fn inject(&mut self, random: &mut Random, goal: f64) -> Result<f64, SimulateError> {
        if self.theater.family.name == "unattended_cron" {
            return self.timer(random, goal);
        }
        let mut spent = 0.0;
        while goal - spent >= SMALLEST_SESSION {
            let hour = match self.theater.family.name {
                "deadline_burster" => self.theme.rush + random.between(0.0, 6.0),
                // Whoever tops up does so when the week's number is known.
                "hugger" => 72.0 + random.whole(0, 1) as f64 * 24.0 + self.person.day_start + random.between(0.0, 9.5),
                _ => honest::working_hour(random, self.person),
            };
            let at_ms = self.desk.moment(self.person, self.week, hour);
            let session = self.open(random, at_ms);
            let limit = (goal - spent).min(random.lognormal(350_000.0, 0.7)) as i64;
            let finished = self.perform(session, random, limit)?;
            spent += finished.tokens as f64;
            self.cover_up(random, &finished)?;
        }
        Ok(spent)
    }

    /// Runs by the clock, beginning when the person has gone home, until the goal is reached or the week is over.
    fn timer(&mut self, random: &mut Random, goal: f64) -> Result<f64, SimulateError> {
        let interval_ms = self.theme.interval * 60_000.0;
        let evening = random.below(3) as f64 * 24.0 + (self.person.day_start + random.between(9.5, 13.0)).floor();
        let mut due_ms = self.desk.moment(self.person, self.week, evening) as f64;
        let end_ms = self.desk.moment(self.person, self.week, 7.0 * 24.0) as f64;
        let (mut spent, mut woken): (f64, Option<Session<'a>>) = (0.0, None);
        while goal - spent >= SMALLEST_SESSION && due_ms < end_ms {
            let mut session = match woken.take() {
                Some(session) => session,
                None => self.open(random, due_ms as i64).started_by(self.theme.trigger),
            };
            // The scheduler is punctual; starting takes a moment.
            session.now_ms = session.now_ms.max(due_ms as i64 + random.whole(150, 3_900));
            let before = session.tokens;
            self.run_once(&mut session, random);
            spent += (session.tokens - before) as f64;
            if self.theme.new_session || session.tokens > 900_000 {
                let finished = session.finish(self.desk.journal)?;
                self.cover_up(random, &finished)?;
            } else {
                woken = Some(session);
            }
            due_ms += match self.theater.hiding.jitter {
                JitterLaw::Uniform => interval_ms * random.between(1.0 - self.theme.jitter, 1.0 + self.theme.jitter),
                JitterLaw::Exponential => random.exponential(interval_ms),
                JitterLaw::None => interval_ms,
            };
        }
        if let Some(session) = woken {
            let finished = session.finish(self.desk.journal)?;
            self.cover_up(random, &finished)?;
        }
        Ok(spent)
    }

    fn run_once(&mut self, session: &mut Session<'a>, random: &mut Random) {
        let text = random.pick(&self.theme.favourites).clone();
        let text = self.hidden(random, text);
        session.prompt(&text, random);
        self.read_the_other(session, random);
        for _ in 0..random.below(3) {
            session.respond(&self.theme.thing, 1, 90.0, random);
            let path = voice::file_name(&self.theme.thing, random);
            session.read(&path, random);
        }
        session.respond(&self.theme.thing, 2, 300.0, random);
    }

    fn open(&self, random: &mut Random, at_ms: i64) -> Session<'a> {
        Session::open(random, self.person, at_ms, self.desk.style())
            .injected(self.theater.family.name, self.theme.sameness)
    }

    /// One session of the family, of at most about `limit` tokens.
    fn perform(
        &mut self,
        mut session: Session<'a>,
        random: &mut Random,
        limit: i64,
    ) -> Result<Finished, SimulateError> {
        match self.theater.family.name {
            "doom_loop" | "ping_pong_loop" => self.run_in_circles(&mut session, random, limit),
            name => {
                if name == "overkill" {
                    session.model = Model::Large;
                }
                for _ in 0..random.whole(3, 30) {
                    self.turn(&mut session, random, name);
                    if session.tokens >= limit {
                        break;
                    }
                    session.wait((self.theme.hurry * random.lognormal(1.0, 0.6)).clamp(3.0, 1_500.0));
                }
            }
        }
        session.finish(self.desk.journal)
    }

    /// A prompt, perhaps a look at a file, an answer that nobody needs.
    fn turn(&mut self, session: &mut Session<'a>, random: &mut Random, family: &str) {
        let text = self.text(random, family);
        session.prompt(&text, random);
        self.read_the_other(session, random);
        let writes = family != "overkill" && self.theme.filler == 2;
        if session.repo.is_some() && random.chance(0.45) {
            session.respond(&self.theme.thing, 1, 120.0, random);
            let path = voice::file_name(&self.theme.thing, random);
            if writes || random.happens(0.5 * self.theater.hiding.junk_commits) {
                let count = random.lognormal(18.0, 0.8).clamp(2.0, 160.0) as usize;
                let lines = voice::code(random, &self.theme.thing, count);
                session.write(&path, lines, random);
            } else {
                session.read(&path, random);
            }
        }
        if family == "overkill" {
            session.ponder(&self.theme.thing, 2_600.0, random);
        } else {
            let sentences = random.whole(1, 4) as usize;
            session.respond(&self.theme.thing, sentences, 420.0, random);
        }
    }

    /// What is typed: the family's words, worded anew, padded, salted.
    fn text(&self, random: &mut Random, family: &str) -> String {
        let favourite = random.pick(&self.theme.favourites).clone();
        let text = match family {
            "repeat" | "pad_repeat" | "pad_random" | "pad_article" => favourite,
            "paraphrase_repeat" => voice::reworded(random, &self.theme.thing),
            "overkill" => trifle(random),
            _ => self.filler(random),
        };
        self.hidden(random, text)
    }

    fn hidden(&self, random: &mut Random, mut text: String) -> String {
        let (theme, hiding) = (&self.theme, &self.theater.hiding);
        if self.theater.family.name != "overkill" && random.happens(hiding.paraphrase) {
            text = voice::reworded(random, &theme.thing);
        }
        match hiding.pad {
            PadSource::None => {}
            PadSource::Repeat => {
                let times = random.whole(3, 14) as usize;
                text = format!("{text}\n\n{}", vec![theme.block.as_str(); times].join("\n"));
            }
            PadSource::Random => {
                let words = random.whole(120, 900) as usize;
                text = format!("{text}\n\n{}", voice::gibberish(random, words));
            }
            PadSource::Article => {
                let words = random.whole(150, 900) as usize;
                text = format!("{}\n\n{text}", voice::article(random, words));
            }
        }
        if random.happens(hiding.salted_tail) {
            text.push_str(&voice::tail(random));
        }
        text
    }

    /// Words that look like work when nobody reads them.
    fn filler(&self, random: &mut Random) -> String {
        let theme = &self.theme;
        match theme.filler {
            0 => self.person.voice.question(random, &theme.thing),
            1 => format!("{} ({})", random.pick(&theme.favourites), random.whole(1, 40)),
            2 => format!("write another version of the {} for {}", theme.thing, voice::ticket(random)),
            _ => format!("read everything under {} and summarise it", voice::file_name(&theme.thing, random)),
        }
    }

    /// The same few calls with the same answers, again and again.
    fn run_in_circles(&mut self, session: &mut Session<'a>, random: &mut Random, limit: i64) {
        let text = self.person.voice.task(random, &self.theme.thing);
        session.prompt(&text, random);
        self.read_the_other(session, random);
        let period = if self.theater.family.name == "doom_loop" { 1 } else { self.theme.period };
        let failing = self.theater.family.name == "doom_loop" && random.chance(0.6);
        for round in 0..random.whole(25, 140) as usize {
            let (command, result) = self.theme.calls[round % period].clone();
            session.respond(&self.theme.thing, 1, 70.0, random);
            let command = if random.happens(self.theater.hiding.argument_jitter) {
                format!("{command} # {}", random.whole(1, 100_000))
            } else {
                command
            };
            session.run(&command, &result, failing, random);
            if random.happens(self.theater.hiding.noise_calls) {
                let path = voice::file_name(self.person.voice.thing(random), random);
                session.read(&path, random);
            }
            // An agent that is caught in a circle goes round more than a few times, whatever was meant to be spent.
            if round >= 24 && session.tokens >= limit {
                break;
            }
        }
    }

    fn read_the_other(&mut self, session: &mut Session<'a>, random: &mut Random) {
        let rate = self.theater.hiding.agent_reads_agent;
        hand_over(session, random, &self.theme.thing, rate, &mut self.left_behind);
    }

    fn cover_up(&mut self, random: &mut Random, finished: &Finished) -> Result<(), SimulateError> {
        if random.happens(self.theater.hiding.junk_commits) {
            outcomes::junk(self.desk, random, self.person, finished)?;
        }
        Ok(())
    }
}

/// Where agents read agents, a session reads what the one before it left, and leaves something itself.
pub(super) fn hand_over(
    session: &mut Session<'_>,
    random: &mut Random,
    thing: &str,
    rate: f64,
    left_behind: &mut Option<String>,
) {
    if let Some(path) = left_behind.take() {
        session.respond(thing, 1, 60.0, random);
        session.read(&path, random);
    }
    if random.happens(rate) {
        let path = format!("notes/{}.md", random.hex(8));
        session.respond(thing, 1, 90.0, random);
        let count = random.whole(4, 30) as usize;
        let lines = voice::code(random, thing, count);
        session.write(&path, lines, random);
        *left_behind = Some(path);
    }
}

/// A question that any model answers, or a pocket calculator.
fn trifle(random: &mut Random) -> String {
    let (first, second) = (random.whole(2, 900), random.whole(2, 900));
    match random.below(6) {
        0 => format!("what is {first} times {second}?"),
        1 => format!("sort these: {second}, {first}, {}", random.whole(1, 900)),
        2 => format!("turn 2026-0{}-1{} into a long date", random.whole(1, 9), random.whole(0, 9)),
        3 => format!("is {first} a prime number?"),
        4 => format!("convert {first} kilometres to miles"),
        _ => format!("write the number {first} in words"),
    }
}
