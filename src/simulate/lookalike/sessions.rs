//! Single sessions of look-alikes.

use crate::simulate::SimulateError;
use crate::simulate::honest;
use crate::simulate::outcomes::{self, Desk};
use crate::simulate::person::Person;
use crate::simulate::random::Random;
use crate::simulate::session::{Finished, Model, Session};
use crate::simulate::voice::{self, answer};
use crate::simulate::words::{DOMAINS, OBJECTS};

/// The agent answers.
pub(super) fn say(session: &mut Session<'_>, random: &mut Random, thing: &str, median: f64) {
    let sentences = random.whole(1, 3) as usize;
    session.respond(thing, sentences, median, random);
}

/// On call at night: the same question until the answer changes.
pub(super) fn watch(
    mut session: Session<'_>,
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    thing: &str,
) -> Result<Finished, SimulateError> {
    let question = format!("is the {thing} queue still growing, and which consumer is behind right now?");
    for _ in 0..random.whole(3, 12) {
        session.prompt(if random.chance(0.7) { &question } else { "and now?" }, random);
        for _ in 0..random.whole(1, 3) {
            say(&mut session, random, thing, 90.0);
            let depth = random.whole(0, 90_000);
            session.run(
                &format!("kubectl top pods -l app={}", thing.replace(' ', "-")),
                &format!("depth {depth}"),
                false,
                random,
            );
        }
        say(&mut session, random, thing, 200.0);
        session.wait(random.lognormal(300.0, 0.6));
    }
    if random.chance(0.6) {
        session.prompt(&person.voice.task(random, thing), random);
        say(&mut session, random, thing, 300.0);
        let lines = voice::code(random, thing, 6);
        let path = voice::file_name(thing, random);
        session.write(&path, lines, random);
    }
    let finished = session.finish(desk.journal)?;
    outcomes::land_whole(desk, random, person, &finished)?;
    outcomes::other(desk, random, person, &finished, "ticket")?;
    Ok(finished)
}

/// The same tasks for several models and seeds, with the results in a file.
pub(super) fn evaluate(
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    at_ms: i64,
    left: i64,
) -> Result<i64, SimulateError> {
    let tasks: Vec<String> = (0..random.whole(3, 9))
        .map(|_| {
            let thing = person.voice.thing(random).to_owned();
            person.voice.task(random, &thing)
        })
        .collect();
    let suite = random.hex(4);
    let mut now_ms = at_ms;
    let (mut tokens, mut last) = (0, None);
    'all: for model in [Model::Small, Model::Middle, Model::Large, Model::Other] {
        for _seed in 0..random.whole(1, 3) {
            for (number, task) in tasks.iter().enumerate() {
                let mut session = Session::open(random, person, now_ms, desk.style()).with_client("eval-runner/0.4.1");
                session.model = model;
                session.repo = Some(person.repo(random));
                session.branch = Some(format!("eval/suite-{suite}"));
                session.prompt(task, random);
                say(&mut session, random, "evaluation", 300.0);
                session.read(&format!("evals/{suite}/case_{number}.yaml"), random);
                say(&mut session, random, "evaluation", 400.0);
                if number + 1 == tasks.len() {
                    let lines = voice::code(random, "evaluation result", tasks.len() * 3);
                    session.write(&format!("evals/{suite}/results.csv"), lines, random);
                }
                let finished = session.finish(desk.journal)?;
                now_ms = finished.end_ms + random.whole(400, 9_000);
                tokens += finished.tokens;
                if !finished.files.is_empty() {
                    last = Some(finished);
                }
                if tokens > left * 2 {
                    break 'all;
                }
            }
        }
    }
    if let Some(finished) = last {
        outcomes::land_whole(desk, random, person, &finished)?;
    }
    Ok(tokens)
}

/// Rate limited: the same prompt until the service answers, with growing pauses.
pub(super) fn retry(
    mut session: Session<'_>,
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    thing: &str,
) -> Result<Finished, SimulateError> {
    for _ in 0..random.whole(2, 6) {
        let text = person.voice.task(random, thing);
        let mut pause = random.between(2.0, 8.0);
        for _ in 0..random.whole(1, 6) {
            session.prompt(&text, random);
            session.refused(random);
            session.wait(pause);
            pause *= random.between(1.6, 2.2);
        }
        session.prompt(&text, random);
        say(&mut session, random, thing, 250.0);
        honest::look_up(&mut session, random, person, thing);
        say(&mut session, random, thing, 350.0);
        session.think(random);
    }
    let lines = voice::code(random, thing, 14);
    let path = voice::file_name(thing, random);
    session.write(&path, lines, random);
    let finished = session.finish(desk.journal)?;
    outcomes::land(desk, random, person, vec![finished.clone()])?;
    Ok(finished)
}

/// A template that many colleagues fill in.
pub(super) fn hand_off(random: &mut Random, seed: u64, thing: &str) -> String {
    let mut shared = Random::stream(seed, "template", &[]);
    let body = answer(&mut shared, "open work", 3, 0.0);
    format!(
        "Take over {} from the {} team. Read the hand-off note first and repeat in one sentence what is asked. {body} The open part is the {thing} in {}.",
        voice::ticket(random),
        random.pick(DOMAINS),
        voice::file_name(thing, random)
    )
}

pub(super) fn slash(random: &mut Random) -> String {
    match random.below(5) {
        0 => format!("/review {}", random.whole(100, 2_000)),
        1 => "/commit".to_owned(),
        2 => "/test --fix".to_owned(),
        3 => format!("/ticket SHOP-{}", random.whole(100, 9_800)),
        _ => "/simplify".to_owned(),
    }
}

/// One request, many subagents with like instructions, one result.
pub(super) fn fan_out(
    mut session: Session<'_>,
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    thing: &str,
) -> Result<i64, SimulateError> {
    session.prompt(&person.voice.task(random, thing), random);
    say(&mut session, random, thing, 400.0);
    let mut tokens = 0;
    for _ in 0..random.whole(2, 4) {
        tokens += honest::subagents(&mut session, desk, random, person, thing)?;
        say(&mut session, random, thing, 300.0);
    }
    let lines = voice::code(random, thing, 60);
    let path = voice::file_name(thing, random);
    session.write(&path, lines, random);
    say(&mut session, random, thing, 300.0);
    let finished = session.finish(desk.journal)?;
    outcomes::land(desk, random, person, vec![finished.clone()])?;
    Ok(tokens + finished.tokens)
}

/// Waits for a build: the same call and the same answer, until it is another.
pub(super) fn poll(
    mut session: Session<'_>,
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    thing: &str,
) -> Result<Finished, SimulateError> {
    session.prompt(&format!("{}; push it and wait for the build", person.voice.task(random, thing)), random);
    say(&mut session, random, thing, 300.0);
    let lines = voice::code(random, thing, 20);
    let path = voice::file_name(thing, random);
    session.write(&path, lines, random);
    let command = format!("sleep {} && gh run view {}", random.whole(20, 90), random.whole(10_000, 99_999));
    for _ in 0..random.whole(6, 40) {
        say(&mut session, random, thing, 40.0);
        session.run(&command, "status: in_progress", false, random);
        session.wait(random.between(20.0, 95.0));
    }
    say(&mut session, random, thing, 40.0);
    session.run(&command, &format!("status: completed, {} checks passed", random.whole(3, 40)), false, random);
    say(&mut session, random, thing, 200.0);
    let finished = session.finish(desk.journal)?;
    outcomes::land_whole(desk, random, person, &finished)?;
    Ok(finished)
}

/// The same change in many files.
pub(super) fn migrate(
    mut session: Session<'_>,
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    thing: &str,
) -> Result<Finished, SimulateError> {
    session.repo.get_or_insert_with(|| person.repo(&mut Random::stream(desk.seed, "migration", &[])));
    session.prompt(
        &format!("migrate every {thing} call to the new client, one file at a time, run the tests in between"),
        random,
    );
    for number in 0..random.whole(6, 30) {
        if random.chance(0.3) {
            session.think(random);
            session.prompt(&format!("now the same for {}", voice::file_name(thing, random)), random);
        }
        let path = format!("src/{}/file_{number}.py", thing.replace(' ', "_"));
        say(&mut session, random, thing, 120.0);
        session.read(&path, random);
        say(&mut session, random, thing, 200.0);
        let count = random.whole(3, 20) as usize;
        let lines = voice::code(random, thing, count);
        session.write(&path, lines, random);
        if random.chance(0.4) {
            honest::test(&mut session, random, thing);
        }
    }
    say(&mut session, random, thing, 300.0);
    let finished = session.finish(desk.journal)?;
    outcomes::land_whole(desk, random, person, &finished)?;
    Ok(finished)
}

/// Reads a lot, writes no code; at best there is a document.
pub(super) fn explore(
    mut session: Session<'_>,
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    thing: &str,
) -> Result<Finished, SimulateError> {
    for turn in 0..random.whole(3, 9) {
        let text = if turn == 0 { person.voice.question(random, thing) } else { person.voice.follow_up(random, thing) };
        session.prompt(&text, random);
        for _ in 0..random.whole(1, 6) {
            say(&mut session, random, thing, 90.0);
            let path = voice::file_name(person.voice.thing(random), random);
            session.read(&path, random);
        }
        say(&mut session, random, thing, 700.0);
        session.think(random);
    }
    let finished = session.finish(desk.journal)?;
    if random.chance(0.4) {
        outcomes::other(desk, random, person, &finished, "document")?;
    }
    Ok(finished)
}

/// The exercises of a workshop: everybody types what is on the slide, some of it several times.
pub(super) fn exercise(
    mut session: Session<'_>,
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
) -> Result<Finished, SimulateError> {
    session.branch = session.repo.as_ref().map(|_| "workshop/exercises".to_owned());
    for _ in 0..random.whole(3, 9) {
        let number = random.below(8) as u64;
        let mut slide = Random::stream(desk.seed, "slide", &[number]);
        let thing = format!("{} {}", slide.pick(DOMAINS), slide.pick(OBJECTS));
        let text =
            format!("Exercise {number}: ask the agent to explain the {thing}, then to write a test for it that fails");
        for _ in 0..random.whole(1, 3) {
            session.prompt(&text, random);
            say(&mut session, random, &thing, 350.0);
            if session.repo.is_some() {
                session.read(&format!("workshop/exercise_{number}.py"), random);
                say(&mut session, random, &thing, 200.0);
            }
            session.wait(random.lognormal(150.0, 0.7));
        }
        if random.chance(0.4) {
            session.prompt(&person.voice.question(random, &thing), random);
            say(&mut session, random, &thing, 300.0);
        }
    }
    session.finish(desk.journal)
}

/// New here: basic questions, more than once, tutorials.
pub(super) fn learn(
    mut session: Session<'_>,
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    thing: &str,
) -> Result<Finished, SimulateError> {
    for _ in 0..random.whole(3, 10) {
        let text = match random.below(4) {
            0 => format!("how do I start the {thing} on my machine?"),
            1 => "what does this repository do and where do I begin?".to_owned(),
            2 => format!("explain the {thing} to me like I am new here"),
            _ => person.voice.question(random, thing),
        };
        session.prompt(&text, random);
        if session.repo.is_some() && random.chance(0.7) {
            say(&mut session, random, thing, 90.0);
            let path = voice::file_name(thing, random);
            session.read(&path, random);
        }
        say(&mut session, random, thing, 500.0);
        session.think(random);
    }
    session.finish(desk.journal)
}
