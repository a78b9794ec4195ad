//! What held-out theater types and is answered: templates, documents that go round, small talk.
//!
//! Owns texts of the held-out families alone. In a template `{file}`, `{thing}`, `{aspect}`, `{one}`, `{other}` and `{number}` are filled in.

use crate::simulate::random::Random;
use crate::simulate::words::{FAILURES, REASONS};

/// Asks for one more look at a file.
pub(super) const REVIEWS: &[&str] = &[
    "review {file} again, this time for {aspect}",
    "what would a very strict reviewer say about {aspect} in {file}?",
    "rate the {aspect} of {file} from 1 to 10 and explain the grade",
    "list {number} more improvements for {file}, do not change anything",
    "look at {file} once more, I think we were too kind about {aspect}",
    "give me a table of everything one could say about {aspect} in {file}",
    "how could the {thing} be better? only {aspect}, only {file}",
    "pretend you have never seen {file} and comment on its {aspect}",
    "compare {file} to best practice for {aspect}",
    "suggest alternatives for every function in {file}, looking at {aspect}",
    "is there anything left to say about {aspect} in {file}?",
    "what would you rewrite in {file} if you had a week for {aspect}?",
];

/// Points of view on a file.
pub(super) const ASPECTS: &[&str] = &[
    "naming",
    "error handling",
    "readability",
    "speed",
    "security",
    "test coverage",
    "comments",
    "edge cases",
    "logging",
    "dependencies",
    "thread safety",
    "scaling",
    "consistency",
    "magic numbers",
    "dead code",
    "documentation",
    "compatibility",
    "structure",
    "memory use",
    "observability",
    "localisation",
    "configuration",
];

/// Keeps the assistant talking.
pub(super) const MORE: &[&str] = &[
    "ok, what else?",
    "interesting. more",
    "noted, next",
    "and beyond that?",
    "more detail please",
    "any others?",
    "go deeper",
    "good. another round",
    "anything I should worry about?",
    "expand on the third point",
    "now the opposite view",
    "and in the long run?",
];

/// Has documentation written that nobody asked for.
pub(super) const DOCUMENTS: &[&str] = &[
    "write complete documentation for {file}, with examples",
    "write an architecture decision record about the {thing}",
    "make a handbook for the {thing}, at least {number} sections",
    "document every parameter of every function in {file}",
    "write a glossary of everything around the {thing}",
    "draft a tutorial on the {thing} for people who know nothing",
    "produce a long design document for the {thing} as it is today",
    "write release notes for the {thing} for the last {number} versions",
];

/// Has tests written that nobody will run.
pub(super) const TESTS: &[&str] = &[
    "write unit tests for every function in {file}",
    "generate {number} test cases for the {thing}",
    "write property tests for {file}, as many as you can think of",
    "cover every branch of the {thing} with a test of its own",
    "write an end to end test plan for the {thing} and the tests too",
    "add fixtures for {number} kinds of customers to the tests of {file}",
];

/// Throws away what was written.
pub(super) const DISCARDS: &[&str] = &[
    "thanks, drop that again",
    "ok. revert it, I only wanted to see it",
    "leave it out for now, undo",
    "reset the working copy please",
    "not needed after all, clean up",
    "stash that somewhere",
];

/// Wants a whole code base read, and hardly anything said.
pub(super) const VERDICTS: &[&str] = &[
    "read every file around the {thing} and answer with one word: is it {one}?",
    "go through the whole repository. yes or no: is the {thing} {one}?",
    "load all of the {thing} code, then give me a grade and nothing else",
    "look at everything before you answer. {one} or not? one word",
    "scan the complete code base and tell me only whether it is {one}",
    "with the entire repository in mind: {one}, yes or no",
];

/// What code can be.
pub(super) const JUDGEMENTS: &[&str] = &[
    "modern",
    "tidy",
    "well tested",
    "maintainable",
    "fast enough",
    "too big",
    "too clever",
    "finished",
    "safe",
    "portable",
    "boring",
    "documented",
];

/// All that is said of it.
pub(super) const WORDS: &[&str] =
    &["Yes.", "No.", "Mostly.", "Partly.", "Good.", "Seven.", "Unclear.", "Medium.", "B.", "Acceptable.", "Hardly."];

/// Sends an agent into an old repository.
pub(super) const HUNTS: &[&str] = &[
    "look for bugs in this repository and do not stop until I tell you",
    "keep searching the {thing} code for problems, one after the other, no fixes",
    "go through all of it again and write down everything suspicious around the {thing}",
    "find as many issues as you can, start with {file} and keep going",
    "audit everything here. take your time, do not ask me anything",
    "work through the whole history and find what nobody noticed in the {thing}",
];

/// Keeps it going.
pub(super) const NUDGES: &[&str] = &[
    "keep going",
    "there must be more",
    "continue with the rest",
    "now the other directories",
    "do not stop, look again",
    "check the parts that you skipped",
    "go on until you have {number} findings",
    "next round, be more thorough",
];

/// Wants the same answer once more.
pub(super) const AGAIN: &[&str] = &[
    "again, other words please",
    "a bit shorter",
    "a bit longer",
    "more formal",
    "less formal",
    "as bullet points",
    "as one paragraph",
    "try once more",
    "another version",
    "in {number} words",
    "same but friendlier",
    "same but for managers",
    "hmm, one more variant",
    "with a different opening",
    "without the last sentence",
    "regenerate",
];

/// Small changes of a question.
const TAILS: &[&str] =
    &["", "?", " please", " (short)", " - in detail", " now", ", thanks", " again", " in general", " for version 2"];

/// Who the two assistants play.
pub(super) const ROLES: &[[&str; 2]] = &[
    ["the product owner", "the architect"],
    ["a sceptical customer", "our sales engineer"],
    ["the optimist", "the pessimist"],
    ["a junior developer", "a patient mentor"],
    ["the finance lead", "the platform lead"],
    ["an interviewer", "a candidate"],
    ["the author", "the critic"],
    ["a philosopher", "an engineer"],
];

/// How a turn of their talk begins.
const TURNS: &[&str] = &[
    "I see what you mean",
    "That is one way to look at it",
    "Let me push back a little",
    "Building on that",
    "You raise a good point",
    "I am not convinced yet",
    "Suppose we agree",
    "From where I stand",
    "Let us take a step back",
    "To play the advocate",
    "I would go further",
    "Before we decide",
];

/// And how it hands over.
const RETURNS: &[&str] = &[
    "what would you give up for that?",
    "how would you measure it?",
    "who would notice?",
    "can you make the opposite case?",
    "what happens in a year?",
    "which risk did we forget?",
    "would you sign that?",
    "how do the others do it?",
    "what is the smallest version?",
    "why not leave it alone?",
];

/// Languages that documents are translated into.
pub(super) const LANGUAGES: &[&str] = &[
    "German",
    "French",
    "Spanish",
    "Italian",
    "Dutch",
    "Polish",
    "Portuguese",
    "Swedish",
    "Finnish",
    "Turkish",
    "Czech",
];

const SUBJECTS: &[&str] = &[
    "The steering group",
    "Our regional office",
    "The supplier",
    "Each department",
    "The works council",
    "Facilities",
    "The onboarding team",
    "Customer care",
    "The project office",
    "The second shift",
    "Procurement",
    "The training centre",
    "The audit committee",
    "Every team lead",
];

const ACTIONS: &[&str] = &[
    "will review",
    "has postponed",
    "agreed on",
    "asked for",
    "is preparing",
    "cannot yet confirm",
    "has renewed",
    "would like to simplify",
    "collects comments on",
    "takes over",
    "reported progress on",
    "has set a date for",
];

const MATTERS: &[&str] = &[
    "the travel budget",
    "a second workshop",
    "the seating plan",
    "the parking rules",
    "the summer schedule",
    "the cleaning contract",
    "the survey of last autumn",
    "the visitor policy",
    "the spare parts list",
    "the catering offer",
    "the new badge system",
    "the holiday calendar",
    "the recycling scheme",
    "the meeting room booking",
    "the safety briefing",
];

const ENDINGS: &[&str] = &[
    "before the end of the quarter",
    "with two votes against",
    "at no additional cost",
    "after the move",
    "in the usual form",
    "as soon as the numbers are in",
    "for all sites",
    "without further delay",
    "under the existing agreement",
    "together with the landlord",
    "until further notice",
    "on a trial basis",
];

/// How things are, in talk about anything.
const MANNERS: &[&str] = &[
    "forgotten",
    "crooked",
    "patient",
    "amber",
    "hollow",
    "restless",
    "modest",
    "velvet",
    "distant",
    "noisy",
    "frugal",
    "gilded",
    "northern",
    "sleepy",
    "stubborn",
    "borrowed",
    "rusty",
    "cheerful",
    "narrow",
    "ancient",
    "polite",
    "salty",
    "wandering",
    "quiet",
    "curious",
    "heavy",
    "painted",
    "early",
    "reluctant",
    "shallow",
    "bright",
    "folded",
    "humble",
    "royal",
    "windy",
    "spare",
    "secret",
    "round",
    "bitter",
    "generous",
    "late",
    "tame",
];

/// Things of every kind.
const NOUNS: &[&str] = &[
    "harbour",
    "orchard",
    "letter",
    "clock",
    "bridge",
    "kettle",
    "garden",
    "mountain",
    "choir",
    "lantern",
    "market",
    "island",
    "ferry",
    "castle",
    "violin",
    "recipe",
    "meadow",
    "tunnel",
    "comet",
    "library",
    "statue",
    "river",
    "carpet",
    "parade",
    "village",
    "compass",
    "bakery",
    "forest",
    "painter",
    "sailor",
    "teacher",
    "merchant",
    "gardener",
    "poet",
    "judge",
    "neighbour",
    "goat",
    "heron",
    "otter",
    "pigeon",
    "hedgehog",
    "falcon",
    "chess club",
    "weather vane",
    "tax roll",
    "opening night",
    "winter",
    "legend",
    "census",
    "balcony",
    "coin",
    "anthem",
    "vineyard",
    "chimney",
    "raft",
    "mirror",
    "postcard",
    "staircase",
    "quarrel",
    "holiday",
];

/// What they do to each other.
const EVENTS: &[&str] = &[
    "outlived",
    "remembered",
    "followed",
    "replaced",
    "inspired",
    "doubted",
    "imitated",
    "surprised",
    "rescued",
    "ignored",
    "joined",
    "measured",
    "survived",
    "praised",
    "borrowed from",
    "collided with",
    "waited for",
    "depended on",
    "argued with",
    "grew beside",
    "vanished behind",
    "resembled",
    "funded",
    "disturbed",
    "protected",
    "welcomed",
    "paid for",
    "sang about",
    "travelled with",
    "envied",
    "described",
    "forgave",
];

/// Questions that have nothing to do with anybody's work.
pub(super) const TRIVIA: &[&str] = &[
    "tell me something surprising about a {one}",
    "who would win, a {one} or a {other}?",
    "write a limerick about a {one}",
    "what happened in {number}?",
    "which is older, the first {one} or the first {other}?",
    "give me a dinner idea with {one} as the theme",
    "invent a horoscope for somebody who has a {one}",
    "plan a weekend around a {one} and a {other}",
    "what would you name a boat that looks like a {one}?",
    "ten quiz questions about the {one} please",
    "write the next chapter, now with a {other}",
    "explain the {one} like a pirate",
    "what should I watch tonight, something like {one}",
    "is a {one} more romantic than a {other}?",
    "how many of the {one} kind are there in the world?",
    "best present for somebody who collects every {one}?",
    "a joke about a {one} walking into a {other}",
    "what did people in {number} think of a {one}?",
    "describe a {one} to someone who has never left home",
    "what is the plural of {one} in old English?",
    "rank these: {one}, {other}, and anything else you like",
    "would a {one} survive on the moon?",
    "a poem, {one}, four lines, sad",
    "a name for a cat that reminds you of a {other}",
];

/// A template with its places filled in.
pub(super) fn fill(template: &str, places: &[(&str, &str)]) -> String {
    places.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// Sentences of an office's circular, about so many words.
pub(super) fn document(random: &mut Random, words: usize) -> Vec<String> {
    (0..(words / 12).max(2)).map(|_| notice(random)).collect()
}

/// One sentence of it.
pub(super) fn notice(random: &mut Random) -> String {
    let (subject, action, matter) = (random.pick(SUBJECTS), random.pick(ACTIONS), random.pick(MATTERS));
    match random.below(3) {
        0 => format!("{subject} {action} {matter} {}, item {}.", random.pick(ENDINGS), random.whole(1, 60)),
        1 => format!("{subject} {action} {matter} and the {}.", pair(random)),
        _ => format!("{subject} {action} the {} {}.", pair(random), random.pick(ENDINGS)),
    }
}

/// Something and how it is.
fn pair(random: &mut Random) -> String {
    format!("{} {}", random.pick(MANNERS), random.pick(NOUNS))
}

/// Something that happened, out of very many things.
fn event(random: &mut Random) -> String {
    format!("the {} {} the {}", pair(random), random.pick(EVENTS), pair(random))
}

/// The same sentences, of which a share is said in another way.
pub(super) fn worn(
    random: &mut Random,
    sentences: &[String],
    share: f64,
    mut other: impl FnMut(&mut Random) -> String,
) -> Vec<String> {
    sentences.iter().map(|sentence| if random.chance(share) { other(random) } else { sentence.clone() }).collect()
}

/// A text in no language, word for word: the same word always becomes the same.
pub(super) fn foreign(text: &str, language: &str) -> String {
    let word = |word: &str| -> String {
        if word.len() < 3 {
            return word.to_owned();
        }
        let mut random = Random::stream(word.len() as u64, &format!("{language} {word}"), &[]);
        let mut made = String::new();
        for _ in 0..word.len().div_ceil(3) {
            made.push(char::from(b"bdfgklmnprstvz"[random.below(14)]));
            made.push(char::from(b"aeiou"[random.below(5)]));
            if random.chance(0.35) {
                made.push(char::from(b"lnrst"[random.below(5)]));
            }
        }
        made
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// A question with a little something changed.
pub(super) fn retouched(random: &mut Random, question: &str) -> String {
    let mut words: Vec<&str> = question.split(' ').collect();
    match random.below(3) {
        // A word is left out, or said twice.
        0 if words.len() > 6 => {
            words.remove(random.below(words.len()));
        }
        1 => words.insert(random.below(words.len()), *random.pick(&["really", "also", "just", "maybe", "exactly"])),
        _ => {}
    }
    format!("{}{}", words.join(" "), random.pick(TAILS))
}

/// A turn of a talk that leads nowhere.
pub(super) fn talk(random: &mut Random, thing: &str, sentences: usize) -> Vec<String> {
    let mut turn: Vec<String> = (0..sentences)
        .map(|_| match random.below(4) {
            0 => format!("{}: the {thing} {}, as if {}.", random.pick(TURNS), random.pick(FAILURES), event(random)),
            1 => format!("{}, {}, like the day when {}.", random.pick(TURNS), random.pick(REASONS), event(random)),
            2 => format!("{}: {}, and {}.", random.pick(TURNS), event(random), event(random)),
            _ => format!("If {}, then the {thing} {}.", event(random), random.pick(FAILURES)),
        })
        .collect();
    turn.push(format!("So {}", random.pick(RETURNS)));
    turn
}

/// A question for the idle.
pub(super) fn trivia(random: &mut Random, template: &str) -> String {
    let (one, other) = (pair(random), pair(random));
    fill(template, &[("one", &one), ("other", &other), ("number", &random.whole(1200, 1999).to_string())])
}

/// What is answered to it, about so many words.
pub(super) fn lore(random: &mut Random, words: usize) -> String {
    let sentences = (words / 14).max(1);
    let sentence = |random: &mut Random| match random.below(4) {
        0 => format!("In {}, {}.", random.whole(1200, 1999), event(random)),
        1 => format!("They say that {}, and that {}.", event(random), event(random)),
        2 => format!("Some {} people still hold that {}.", random.pick(MANNERS), event(random)),
        _ => format!("Whenever {}, {}.", event(random), event(random)),
    };
    (0..sentences).map(|_| sentence(random)).collect::<Vec<_>>().join(" ")
}
