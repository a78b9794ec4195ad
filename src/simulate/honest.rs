//! What honest people do in a week, by role: edits that partly land, questions, debugging, documents, reviews, tickets.
//!
//! Owns the shape of work sessions and when they happen. What comes of them is in `outcomes`.

use super::SimulateError;
use super::outcomes::{self, Desk};
use super::person::{Person, Role};
use super::random::Random;
use super::session::{Call, Finished, Session};
use super::voice::{self, answer};
use serde_json::json;

/// Tokens of a usual session of a person, as roughly as a ranking lets one guess.
pub(super) fn typical_tokens(person: &Person) -> f64 {
    190_000.0 * (0.3 + 0.7 * person.turns / 2.4) * (0.4 + 0.6 * person.context / 13_000.0)
}

/// A moment in a working week of a person: local hours from Monday's midnight.
pub(super) fn working_hour(random: &mut Random, person: &Person) -> f64 {
    let day = random.weighted(&[1.0, 1.1, 1.1, 1.0, 0.8, 0.05, 0.04]) as f64;
    // Two humps with lunch between them, and now and then an evening.
    let hour = match random.below(20) {
        0 => random.between(11.0, 14.0),
        1..=9 => random.between(0.0, 3.6),
        _ => random.between(4.6, 9.2),
    };
    day * 24.0 + person.day_start + hour
}

/// How busy a week is: mostly usual, sometimes away.
pub(super) fn activity(seed: u64, person: &Person, week: usize) -> f64 {
    let mut random = Random::stream(seed, "activity", &[person.index as u64, week as u64]);
    if random.chance(0.05) { 0.0 } else { random.lognormal(1.0, 0.35).min(2.5) }
}

/// Tokens of a person's week as a ranking would roughly show them.
pub(super) fn expected_tokens(seed: u64, person: &Person, week: usize) -> f64 {
    activity(seed, person, week) * person.pace * typical_tokens(person)
}

/// The honest part of a person's week: about `sessions` sessions, but no more once `limit` tokens are reached.
/// Returns the tokens spent.
pub(super) fn week(
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    week: usize,
    sessions: f64,
    limit: Option<i64>,
) -> Result<i64, SimulateError> {
    let mut tokens = 0;
    let mut unlanded: Vec<Finished> = Vec::new();
    let count = random.poisson(sessions);
    let mut hours: Vec<f64> = (0..count).map(|_| working_hour(random, person)).collect();
    hours.sort_by(f64::total_cmp);
    for hour in hours {
        if limit.is_some_and(|limit| tokens >= limit) {
            break;
        }
        let at_ms = desk.moment(person, week, hour);
        let session = Session::open(random, person, at_ms, desk.style());
        let edits = match person.role {
            Role::Developer => 0.55,
            Role::Analyst => 0.2,
            Role::Reviewer => 0.12,
            _ => 0.0,
        };
        let finished = if session.repo.is_some() && random.chance(edits) {
            let finished = edit(session, desk, random, person, None)?;
            unlanded.push(finished.clone());
            // Often a second session goes on with the same work before anything is committed.
            if unlanded.len() >= 3 || random.chance(0.6) {
                outcomes::land(desk, random, person, std::mem::take(&mut unlanded))?;
            }
            finished
        } else {
            talk(session, desk, random, person)?
        };
        tokens += finished.tokens;
        follow(desk, random, person, &finished)?;
    }
    if !unlanded.is_empty() {
        outcomes::land(desk, random, person, unlanded)?;
    }
    outcomes::by_hand(desk, random, person, week)?;
    Ok(tokens)
}

/// Sessions of people whose work is not commits leave other things.
fn follow(desk: &mut Desk<'_>, random: &mut Random, person: &Person, finished: &Finished) -> Result<(), SimulateError> {
    let (kind, share) = match person.role {
        Role::Reviewer => ("review", 0.7),
        Role::Manager => (*random.pick(&["document", "ticket", "review"]), 0.35),
        Role::Analyst => ("document", 0.4),
        Role::Support => ("ticket", 0.65),
        Role::Developer | Role::Service => return Ok(()),
    };
    if random.chance(share) { outcomes::other(desk, random, person, finished, kind) } else { Ok(()) }
}

/// An agent changes code: it reads, writes, tests, and is told what to do next. `first` replaces the first prompt.
pub(super) fn edit(
    mut session: Session<'_>,
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    first: Option<&str>,
) -> Result<Finished, SimulateError> {
    let thing = person.voice.thing(random).to_owned();
    let path = voice::file_name(&thing, random);
    let turns = 1 + random.poisson(person.turns);
    let mut wrote = false;
    for turn in 0..turns {
        let text = match (turn, first) {
            (0, Some(first)) => first.to_owned(),
            (0, None) => person.voice.task(random, &thing),
            _ => person.voice.follow_up(random, &thing),
        };
        session.prompt(&text, random);
        let steps = random.poisson(2.6) + usize::from(turn == 0);
        for step in 0..steps {
            session.respond(&thing, 1, 140.0, random);
            match random.below(10) {
                0..=3 if step > 0 => write(&mut session, random, &thing, &path, &mut wrote),
                4..=5 => test(&mut session, random, &thing),
                6 => session.read(&path, random),
                _ => {
                    for _ in 0..random.whole(1, 3) {
                        let other = voice::file_name(person.voice.thing(random), random);
                        session.read(&other, random);
                    }
                }
            }
        }
        if turn + 1 == turns && !wrote {
            session.respond(&thing, 1, 300.0, random);
            write(&mut session, random, &thing, &path, &mut wrote);
        }
        if turn == 0 && random.chance(0.06) {
            subagents(&mut session, desk, random, person, &thing)?;
        }
        let sentences = random.whole(1, 3) as usize;
        session.respond(&thing, sentences, 260.0, random);
        session.think(random);
    }
    session.finish(desk.journal)
}

fn write(session: &mut Session<'_>, random: &mut Random, thing: &str, path: &str, wrote: &mut bool) {
    let count = random.lognormal(16.0, 0.9).clamp(2.0, 180.0) as usize;
    let lines = voice::code(random, thing, count);
    let target = if *wrote && random.chance(0.3) { voice::file_name(thing, random) } else { path.to_owned() };
    session.write(&target, lines, random);
    *wrote = true;
}

/// Tests fail about a third of the time, and what they print is not twice the same.
pub(super) fn test(session: &mut Session<'_>, random: &mut Random, thing: &str) {
    let failed = random.chance(0.33);
    let selection = thing.replace(' ', "_");
    let command = match random.below(4) {
        0 => "make test".to_owned(),
        1 => format!("pytest -q -k {selection}"),
        2 => format!("cargo test {selection}"),
        _ => format!("npm test -- {selection} --seed {}", random.whole(1, 999)),
    };
    let result = format!(
        "{} passed, {} failed in {} ms",
        random.whole(3, 480),
        i64::from(failed) * random.whole(1, 9),
        random.whole(300, 60_000)
    );
    session.run(&command, &result, failed, random);
}

/// A conversation: questions, some reading, sometimes data.
fn talk(
    mut session: Session<'_>,
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
) -> Result<Finished, SimulateError> {
    let mut thing = person.voice.thing(random).to_owned();
    for turn in 0..1 + random.poisson(person.turns * 1.1) {
        let text = match (turn, random.below(3)) {
            (0, 0) => person.voice.task(random, &thing),
            (0, _) => person.voice.question(random, &thing),
            _ => person.voice.follow_up(random, &thing),
        };
        session.prompt(&text, random);
        for _ in 0..random.poisson(if session.repo.is_some() { 1.3 } else { 0.35 }) {
            session.respond(&thing, 1, 120.0, random);
            look_up(&mut session, random, person, &thing);
        }
        let sentences = random.whole(1, 4) as usize;
        session.respond(&thing, sentences, 420.0, random);
        session.think(random);
        if random.chance(0.15) {
            thing = person.voice.thing(random).to_owned();
        }
    }
    session.finish(desk.journal)
}

/// Reads where the role's knowledge is.
pub(super) fn look_up(session: &mut Session<'_>, random: &mut Random, person: &Person, thing: &str) {
    let (tool, system, query) = match person.role {
        Role::Analyst => {
            ("Query", "database", format!("select * from {} limit {}", thing.replace(' ', "_"), random.whole(5, 900)))
        }
        Role::Support => ("Ticket", "ticket", voice::ticket(random)),
        Role::Manager => ("Search", "browser", format!("{thing} {}", random.whole(2_019, 2_026))),
        _ => return session.read(&voice::file_name(thing, random), random),
    };
    let result = format!("{} rows, {}", random.whole(0, 4_000), answer(random, thing, 1, 0.0));
    let args = json!({ "query": query }).to_string();
    session.call(
        &Call { tool, args, result: &result, effect: "read", system, path: None, failed: random.chance(0.06) },
        random,
    );
}

/// The agent sends others ahead; they report and end.
pub(super) fn subagents(
    parent: &mut Session<'_>,
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    thing: &str,
) -> Result<i64, SimulateError> {
    let (mut tokens, mut latest) = (0, parent.now_ms);
    for number in 0..random.whole(2, 5) {
        let mut child = Session::open(random, person, parent.now_ms, desk.style()).child_of(parent);
        let path = voice::file_name(thing, random);
        child.prompt(
            &format!("Part {number}: read {path} and report how the {thing} is used there. Do not edit."),
            random,
        );
        for _ in 0..random.whole(1, 3) {
            child.respond(thing, 1, 100.0, random);
            child.read(&path, random);
        }
        child.respond(thing, 2, 300.0, random);
        let finished = child.finish(desk.journal)?;
        tokens += finished.tokens;
        latest = latest.max(finished.end_ms);
    }
    parent.now_ms = latest;
    Ok(tokens)
}
