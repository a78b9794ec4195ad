//! Legitimate work that looks like theater, at the same volume: fifteen families of hard negatives.
//!
//! Owns what such weeks look like; `sessions` has their single sessions. Their people are honest, and the truth files say so.

mod sessions;

use super::SimulateError;
use super::honest::{self, edit};
use super::outcomes::{self, Desk};
use super::person::Person;
use super::random::Random;
use super::session::Session;
use super::words::ZONES;
use jiff::tz::TimeZone;
use sessions::{evaluate, exercise, explore, fan_out, hand_off, learn, migrate, poll, retry, say, slash, watch};

/// A week of somebody who is at it: usual work, then the family's until it is `share` of the week's tokens.
pub(super) fn week(
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    family: &'static str,
    share: f64,
    week: usize,
) -> Result<(), SimulateError> {
    let usual = person.pace * honest::activity(desk.seed, person, week) * random.between(1.0, 1.4);
    match family {
        "other_zone" => return travel(desk, random, person, week, usual),
        "plan_cap" => return capped(desk, random, person, week, usual),
        _ => {}
    }
    let tokens = honest::week(desk, random, person, week, usual * (1.0 - share), None)?;
    let goal = (tokens as f64 * share / (1.0 - share)).max(60_000.0 * usual) as i64;
    let mut spent = 0;
    while spent < goal {
        let before = spent;
        spent += surplus(desk, random, person, family, week, goal - spent)?;
        if spent == before {
            break;
        }
    }
    Ok(())
}

/// A piece of the family's work. Returns its tokens.
fn surplus(
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    family: &'static str,
    week: usize,
    left: i64,
) -> Result<i64, SimulateError> {
    let hour = match family {
        "on_call_week" => random.below(7) as f64 * 24.0 + random.between(-2.0, 6.0).max(0.0),
        "workshop_day" => 48.0 + random.between(9.0, 15.5),
        "sprint_end" => 48.0 + random.below(3) as f64 * 24.0 + person.day_start + random.between(1.0, 12.0),
        "batch_eval" | "migration" if random.chance(0.3) => {
            honest::working_hour(random, person) + random.between(5.0, 9.0)
        }
        _ => honest::working_hour(random, person),
    };
    let at_ms = desk.moment(person, week, hour);
    let mut session = Session::open(random, person, at_ms, desk.style());
    let thing = person.voice.thing(random).to_owned();
    let finished = match family {
        "on_call_week" => watch(session, desk, random, person, &thing)?,
        "batch_eval" => return evaluate(desk, random, person, at_ms, left),
        "retries_429" => retry(session, desk, random, person, &thing)?,
        "handoff_template" => {
            let text = hand_off(random, desk.seed, &thing);
            return worked(session, desk, random, person, &text);
        }
        "slash_commands" => {
            let text = slash(random);
            return worked(session, desk, random, person, &text);
        }
        "subagent_fanout" => return fan_out(session, desk, random, person, &thing),
        "poller" => poll(session, desk, random, person, &thing)?,
        "migration" => migrate(session, desk, random, person, &thing)?,
        "research_spike" => {
            session.branch = session.repo.as_ref().map(|_| format!("spike/{}", thing.replace(' ', "-")));
            explore(session, desk, random, person, &thing)?
        }
        "workshop_day" => exercise(session, desk, random, person)?,
        "new_hire" => learn(session, desk, random, person, &thing)?,
        _ => return worked_on(session, desk, random, person),
    };
    Ok(finished.tokens)
}

/// Usual edits that begin with this text, and what lands of them.
fn worked(
    session: Session<'_>,
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    text: &str,
) -> Result<i64, SimulateError> {
    let finished = edit(session, desk, random, person, Some(text))?;
    let tokens = finished.tokens;
    outcomes::land(desk, random, person, vec![finished])?;
    Ok(tokens)
}

/// Work before the end of a sprint: the same as ever, and more of it.
fn worked_on(
    session: Session<'_>,
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
) -> Result<i64, SimulateError> {
    let finished = edit(session, desk, random, person, None)?;
    let tokens = finished.tokens;
    outcomes::land_whole(desk, random, person, &finished)?;
    Ok(tokens)
}

/// A week abroad: the clock of the machine moves, the roster does not.
fn travel(
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    week: usize,
    sessions: f64,
) -> Result<(), SimulateError> {
    let mut trip = Random::stream(desk.seed, "trip", &[person.index as u64, week as u64 / 3]);
    let name = *trip.pick(ZONES);
    let zone = TimeZone::get(name).map_err(|error| SimulateError::Zone { zone: name, error })?;
    let abroad = Person { zone, ..person.clone() };
    honest::week(desk, random, &abroad, week, sessions, None)?;
    Ok(())
}

/// A plan with a weekly allowance: work goes on until the service refuses.
fn capped(
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    week: usize,
    sessions: f64,
) -> Result<(), SimulateError> {
    let cap = (desk.policy.target_tokens as f64 * random.between(0.93, 0.99)) as i64;
    // What the last session may still cost is not known beforehand, so it is begun well below the cap.
    let tokens = honest::week(desk, random, person, week, sessions.max(5.0), Some(cap * 4 / 5))?;
    if tokens < cap / 2 || tokens > cap {
        return Ok(());
    }
    let at_ms = desk.moment(person, week, 4.0 * 24.0 + person.day_start + random.between(3.0, 8.0));
    let mut session = Session::open(random, person, at_ms, desk.style());
    let thing = person.voice.thing(random).to_owned();
    while tokens + session.tokens < cap - 40_000 {
        let text = person.voice.follow_up(random, &thing);
        session.prompt(&text, random);
        say(&mut session, random, &thing, 300.0);
        honest::look_up(&mut session, random, person, &thing);
        say(&mut session, random, &thing, 200.0);
        session.think(random);
    }
    let text = person.voice.task(random, &thing);
    for _ in 0..random.whole(1, 4) {
        session.prompt(&text, random);
        session.refused(random);
        session.wait(random.between(4.0, 60.0));
    }
    session.finish(desk.journal)?;
    Ok(())
}

/// A service account's week: checks by the clock and after pushes.
pub(super) fn service_week(
    desk: &mut Desk<'_>,
    random: &mut Random,
    bot: &Person,
    week: usize,
) -> Result<(), SimulateError> {
    let mut habits = Random::stream(desk.seed, "bot", &[bot.index as u64]);
    let (hour, minute) = (habits.below(24) as f64, habits.below(4) as f64 / 4.0);
    let thing = bot.voice.thing(&mut habits).to_owned();
    let text = format!("check last night's {thing} builds and open a ticket for each new failure");
    let pushes = habits.poisson(12.0);
    let mut starts: Vec<(f64, bool)> = (0..7).map(|day| (f64::from(day) * 24.0 + hour + minute, true)).collect();
    starts.extend((0..pushes).map(|_| (honest::working_hour(random, bot), false)));
    for (at, scheduled) in starts {
        let at_ms = desk.moment(bot, week, at);
        let mut session = Session::open(random, bot, at_ms, desk.style()).started_by("schedule");
        if scheduled {
            session.now_ms = at_ms + random.whole(150, 3_900);
        }
        session.repo = Some(bot.repo(random));
        session.branch = Some("main".to_owned());
        let review = format!("review the change {} for mistakes", random.hex(8));
        session.prompt(if scheduled { &text } else { &review }, random);
        for _ in 0..random.whole(1, 4) {
            say(&mut session, random, &thing, 80.0);
            session.run("make status", "all green", false, random);
        }
        say(&mut session, random, &thing, 120.0);
        session.finish(desk.journal)?;
    }
    Ok(())
}
