//! What people type, what agents answer and what code they write: grammars over `words`, each person with a vocabulary of their own.
//!
//! Owns texts. Owns no behaviour: how often a text comes again is decided by who sends it.

use super::random::Random;
use super::words::{
    ANSWERS, CIRCUMSTANCES, CLOSERS, DEEDS, DOMAINS, FAILURES, FAR_OBJECTS, FAR_TOPICS, FAR_VERBS, LIMITS, LINKS,
    OBJECTS, OPENERS, PARTS, QUALITIES, REASONS, SHORT, VERBS, WORDINGS,
};

/// How one person writes.
#[derive(Debug, Clone)]
pub(super) struct Voice {
    verbs: Vec<&'static str>,
    things: Vec<String>,
    reasons: Vec<&'static str>,
    limits: Vec<&'static str>,
    openers: Vec<&'static str>,
    closers: Vec<&'static str>,
    /// How talkative, as a chance that another clause follows.
    clauses: f64,
    /// How often a sentence loses a letter.
    typos: f64,
    /// Chance that letters are capitalised as in print.
    capitals: f64,
}

fn some<T: Clone>(random: &mut Random, all: &[T], low: i64, high: i64) -> Vec<T> {
    let mut items = all.to_vec();
    random.shuffle(&mut items);
    items.truncate(random.whole(low, high) as usize);
    items
}

impl Voice {
    /// Draws a voice: a part of the vocabulary and a few habits.
    pub(super) fn draw(random: &mut Random) -> Self {
        let count = random.whole(18, 60);
        let domains = some(random, DOMAINS, 8, 20);
        let things = (0..count).map(|_| format!("{} {}", random.pick(&domains), random.pick(OBJECTS))).collect();
        Self {
            verbs: some(random, VERBS, 10, 24),
            things,
            reasons: some(random, REASONS, 12, 22),
            limits: some(random, LIMITS, 8, 16),
            openers: some(random, OPENERS, 3, 8),
            closers: some(random, CLOSERS, 3, 7),
            clauses: random.between(0.15, 0.7),
            typos: random.between(0.0, 0.25),
            capitals: random.between(0.0, 1.0),
        }
    }

    /// What somebody is busy with.
    pub(super) fn thing(&self, random: &mut Random) -> &str {
        &self.things[random.below(self.things.len())]
    }

    fn finished(&self, random: &mut Random, mut text: String) -> String {
        if random.chance(self.typos) && text.len() > 20 {
            let at = random.below(text.len() - 8) + 4;
            if text.is_char_boundary(at) && text.is_char_boundary(at + 1) {
                text.remove(at);
            }
        }
        if random.chance(self.capitals)
            && let Some(first) = text.get(..1).map(str::to_ascii_uppercase)
        {
            text.replace_range(..1, &first);
        }
        text.push_str(self.closers[random.below(self.closers.len())]);
        text
    }

    /// A request for work on a thing.
    pub(super) fn task(&self, random: &mut Random, thing: &str) -> String {
        let (verb, opener) = (random.pick(&self.verbs), random.pick(&self.openers));
        let mut text = match random.below(7) {
            0 => format!("{opener}{verb} the {thing} so that {}", random.pick(&self.reasons)),
            1 => format!("the {thing} {}. {opener}{verb} it", random.pick(FAILURES)),
            2 => format!("{opener}{verb} {} in the {thing}", file_name(thing, random)),
            3 => format!("in {} line {}: {verb} the {thing}", file_name(thing, random), random.whole(3, 900)),
            4 => format!("{}: {opener}{verb} the {thing}", ticket(random)),
            5 => {
                format!(
                    "since {}, {opener}{verb} the {thing} and the {}",
                    random.pick(&self.reasons),
                    self.thing(random)
                )
            }
            _ => format!("{opener}{verb} the {thing}: it {}", random.pick(FAILURES)),
        };
        while random.chance(self.clauses) && text.len() < 420 {
            match random.below(3) {
                0 => text.push_str(&format!("; {}", random.pick(&self.limits))),
                1 => text.push_str(&format!(", because {}", random.pick(&self.reasons))),
                _ => text.push_str(&format!(". The {} {} too", self.thing(random), random.pick(FAILURES))),
            }
        }
        if random.chance(0.07) {
            text.push_str(&format!("\n\n```\n{}\n```", trace(random, thing)));
        }
        self.finished(random, text)
    }

    /// A question about a thing.
    pub(super) fn question(&self, random: &mut Random, thing: &str) -> String {
        let reason = random.pick(&self.reasons);
        let text = match random.below(8) {
            0 => format!("why does the {thing} behave differently in staging when {reason}?"),
            1 => format!("what would break if we dropped the {thing}?"),
            2 => format!("where is the {thing} configured, and who reads it?"),
            3 => format!("explain how the {thing} works with the {}", self.thing(random)),
            4 => format!("which part of the {thing} is slow? {reason}, I was told"),
            5 => format!("what changed around the {thing} in the last {} weeks", random.whole(2, 9)),
            6 => format!("is it true that {reason}? the {thing} {}", random.pick(FAILURES)),
            _ => format!(
                "compare the {thing} to the {}: which one should {}",
                self.thing(random),
                random.pick(&self.limits)
            ),
        };
        self.finished(random, text)
    }

    /// What follows in a conversation: short words, or more of the same matter.
    pub(super) fn follow_up(&self, random: &mut Random, thing: &str) -> String {
        match random.below(10) {
            0..=2 => (*random.pick(SHORT)).to_owned(),
            3 => format!("now the same in {}", file_name(thing, random)),
            4 => format!("it still {}", random.pick(FAILURES)),
            5 => format!("and what about the {}?", self.thing(random)),
            6 => format!("no: {}", random.pick(&self.limits)),
            7 => format!("line {} is wrong, {}", random.whole(2, 700), random.pick(&self.reasons)),
            8 => self.question(random, thing),
            _ => self.task(random, thing),
        }
    }
}

/// A ticket's id.
pub(super) fn ticket(random: &mut Random) -> String {
    format!("SHOP-{}", random.whole(100, 9_800))
}

/// A path that belongs to a thing.
pub(super) fn file_name(thing: &str, random: &mut Random) -> String {
    let stem = thing.replace(' ', "_");
    let directory = random.pick(&["src", "src/core", "app", "lib", "services/api", "web", "jobs"]);
    let extension = random.pick(&["py", "ts", "rs", "go", "java", "sql"]);
    match random.below(4) {
        0 => format!("tests/test_{stem}.{extension}"),
        1 => format!("{directory}/{stem}/mod_{}.{extension}", random.whole(1, 40)),
        _ => format!("{directory}/{stem}.{extension}"),
    }
}

/// An error as a runtime prints it.
fn trace(random: &mut Random, thing: &str) -> String {
    format!(
        "Error: {} (code {})\n  at {}:{}\n  at {}:{}\n  request {}",
        random.pick(FAILURES),
        random.whole(100, 599),
        file_name(thing, random),
        random.whole(1, 400),
        file_name(thing, random),
        random.whole(1, 400),
        random.hex(12)
    )
}

/// What an agent answers about a thing. `sameness` is the chance of each sentence to be one of the few that are always said of it; the others are
/// of this moment.
pub(super) fn answer(random: &mut Random, thing: &str, sentences: usize, sameness: f64) -> String {
    let mut text = String::new();
    for _ in 0..sentences.max(1) {
        let sentence = if random.happens(sameness) {
            statement(&mut Random::stream(random.below(STOCK) as u64, thing, &[]), thing)
        } else {
            statement(random, thing)
        };
        text.push_str(&sentence);
    }
    text.truncate(text.trim_end().len());
    text
}

/// Sentences that are always said of one thing.
const STOCK: usize = 16;

/// One sentence of an answer.
fn statement(random: &mut Random, thing: &str) -> String {
    let part =
        |random: &mut Random| format!("the {} {} {}", random.pick(QUALITIES), random.pick(PARTS), random.pick(DEEDS));
    let (one, other) = (part(random), part(random));
    match random.below(6) {
        0 => {
            format!("{} {}: {one}, so that {}. ", random.pick(ANSWERS), file_name(thing, random), random.pick(REASONS))
        }
        1 => format!("At line {} {one}, and the {thing} {}. ", random.whole(3, 940), random.pick(FAILURES)),
        2 => format!("{} {other}, while {one} {}. ", random.pick(LINKS), random.pick(CIRCUMSTANCES)),
        3 => format!("In the {thing} {one} {}; {other}. ", random.pick(CIRCUMSTANCES)),
        4 => format!("{} the {thing}: {one} {}. ", random.pick(ANSWERS), random.pick(CIRCUMSTANCES)),
        _ => format!(
            "{} {one}; {} tests ran in {} ms. ",
            random.pick(LINKS),
            random.whole(4, 600),
            random.whole(90, 9_000)
        ),
    }
}

/// Paragraphs about something far away.
pub(super) fn article(random: &mut Random, words: usize) -> String {
    let (topic, mut text, mut count) = (*random.pick(FAR_TOPICS), String::new(), 0);
    while count < words {
        let other = random.pick(FAR_TOPICS);
        let sentence = match random.below(3) {
            0 => format!("The {topic} {} {}. ", random.pick(FAR_VERBS), random.pick(FAR_OBJECTS)),
            1 => format!(
                "In {}, {} {} {}, whereas the {other} did not. ",
                random.whole(1400, 1960),
                random.pick(FAR_OBJECTS),
                random.pick(FAR_VERBS),
                random.pick(FAR_OBJECTS)
            ),
            _ => format!(
                "Not far from the {other}, the {topic} {} {}. ",
                random.pick(FAR_VERBS),
                random.pick(FAR_OBJECTS)
            ),
        };
        count += sentence.split(' ').count();
        text.push_str(&sentence);
    }
    text
}

/// Words without a meaning.
pub(super) fn gibberish(random: &mut Random, words: usize) -> String {
    let mut text = String::new();
    for _ in 0..words {
        for _ in 0..random.whole(1, 4) {
            text.push(char::from(b"bcdfghjklmnprstvwz"[random.below(18)]));
            text.push(char::from(b"aeiou"[random.below(5)]));
        }
        text.push(' ');
    }
    text
}

/// Something at the end of a prompt that no other prompt has.
pub(super) fn tail(random: &mut Random) -> String {
    match random.below(3) {
        0 => format!(" [{}]", random.hex(8)),
        1 => format!("\nrun {} of {}", random.whole(1, 9_999), random.whole(1_000, 99_999)),
        _ => format!(" {}", gibberish(random, 6)),
    }
}

/// One of very many wordings of one request.
pub(super) fn reworded(random: &mut Random, thing: &str) -> String {
    let words: Vec<&str> = WORDINGS.iter().map(|row| *random.pick(row)).collect();
    match random.below(3) {
        0 => format!(
            "{} {} {} {thing} {} {}, {} {}",
            words[0], words[1], words[2], words[3], words[4], words[5], words[6]
        ),
        1 => format!("{}: {} {} {} of the {thing}, {} {}", words[4], words[1], words[2], words[3], words[5], words[6]),
        _ => format!("for the {thing}, {} {} {} {} {} {}", words[0], words[1], words[2], words[3], words[5], words[6]),
    }
}

/// Lines of a module about a thing; most are this draw's own, some are what every file has.
pub(super) fn code(random: &mut Random, thing: &str, count: usize) -> Vec<String> {
    let nouns: Vec<&str> = thing.split(' ').collect();
    let mut lines = Vec::with_capacity(count);
    while lines.len() < count {
        let noun = *random.pick(&nouns);
        let (other, object) = (*random.pick(DOMAINS), random.pick(OBJECTS).replace(' ', "_"));
        let (first, second) = (random.whole(2, 9_999), random.whole(1, 99));
        lines.push(match random.below(12) {
            0 => format!("def {noun}_{object}_{second}(row, {other}, limit={first}):"),
            1 => format!("    {noun}_{second} = {other}.load(\"{noun}/{object}\", {first})"),
            2 => format!("    if {noun}_{second} is None or {other}.total > {first}:"),
            3 => format!("        raise {}Error(\"{noun} {second} of {other} {first}\")", noun.to_uppercase()),
            4 => format!("    for {other} in {noun}.{object}({first}):"),
            5 => format!("        {noun}.append({other}.{object} * {second})"),
            6 => format!("    assert {noun}_{object}({first}) == {second}"),
            7 => format!("    log.info(\"{noun} {object}\", {other}={first}, step={second})"),
            8 => "    return None".to_owned(),
            9 => String::new(),
            10 => format!("    {other}_{object} = {{\"{noun}\": {first}, \"at\": {second}}}"),
            _ => format!("    return {noun}.{object}({other}, {first})"),
        });
    }
    lines
}
