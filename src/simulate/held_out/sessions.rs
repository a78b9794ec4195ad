//! One sitting of each held-out family.
//!
//! Owns what happens in it and how long it takes. A person's habits come first in each function, from draws that repeat; what differs from
//! sitting to sitting comes from the week's own stream.

use super::Player;
use super::phrases::{self, fill, foreign, worn};
use crate::simulate::SimulateError;
use crate::simulate::honest;
use crate::simulate::random::Random;
use crate::simulate::session::Model;
use crate::simulate::voice;

impl Player<'_, '_> {
    /// Ever new reviews and grades of a few files that nobody changes; the answers are long, and the next question comes before they can be read.
    pub(super) fn endless_review(&mut self, random: &mut Random, limit: i64) -> Result<i64, SimulateError> {
        let mut habits = self.habits("review", &[]);
        let (hurry, reads) = (habits.lognormal(20.0, 0.8).clamp(4.0, 300.0), habits.between(0.15, 1.0));
        let (chats, length) = (habits.between(0.05, 0.5), habits.between(300.0, 1_400.0));
        let (count, weeks, sameness) = (habits.whole(1, 4), habits.whole(2, 14), habits.between(0.1, 0.6));
        let thing = self.matter(weeks);
        let mut names = self.habits("files", &[self.week as u64 / weeks as u64]);
        let files: Vec<(String, String)> = (0..count)
            .map(|_| {
                let path = voice::file_name(&thing, &mut names);
                let version = format!("{} lines of {path}, version {}", names.whole(12, 900), names.hex(8));
                (path, version)
            })
            .collect();
        let mut session = self.open(random, sameness);
        self.settle(&mut session, random, &thing);
        for turn in 0..random.whole(4, 30) {
            let (path, version) = random.pick(&files);
            let text = if turn > 0 && random.chance(chats) {
                self.way(random, phrases::MORE).to_owned()
            } else {
                let (aspect, number) = (random.pick(phrases::ASPECTS), random.whole(3, 25).to_string());
                let places = [("file", path.as_str()), ("aspect", aspect), ("thing", &thing), ("number", &number)];
                fill(self.way(random, phrases::REVIEWS), &places)
            };
            self.say(&mut session, random, &thing, text);
            if turn == 0 || random.chance(reads) {
                session.respond(&thing, 1, 90.0, random);
                session.read_version(path, Some(version), random);
            }
            let sentences = random.whole(3, 9) as usize;
            session.respond(&thing, sentences, length, random);
            if session.tokens >= limit {
                break;
            }
            session.wait(hurry * random.lognormal(1.0, 0.6));
        }
        self.finish(session, random)
    }

    /// A document that goes round: into another language and back, condensed and drawn out again, from prose to a list and back.
    pub(super) fn document_shuttle(&mut self, random: &mut Random, limit: i64) -> Result<i64, SimulateError> {
        let mut habits = self.habits("shuttle", &[]);
        let (kind, words) = (habits.below(3), habits.whole(120, 800) as usize);
        let (pastes, wear) = (habits.between(0.3, 1.0), habits.between(0.01, 0.15));
        let (hurry, count) = (habits.lognormal(35.0, 0.7).clamp(5.0, 600.0), habits.whole(1, 8) as usize);
        let languages: Vec<&str> = (0..habits.whole(1, 4)).map(|_| *habits.pick(phrases::LANGUAGES)).collect();
        let number = random.below(count) as u64;
        let mut sentences = phrases::document(&mut self.habits("document", &[number]), words);
        let mut shown = sentences.join(" ");
        let mut session = self.open(random, 0.0);
        for turn in 0..random.whole(4, 26) {
            let out = turn % 2 == 0;
            let language = random.pick(&languages);
            let ask = match (kind, out) {
                (0, true) => format!("{} into {language}", self.way(random, &["translate this", "put this", "now"])),
                (0, false) => format!("{} into English", self.way(random, &["and back", "now back", "translate that"])),
                (1, true) => {
                    self.way(random, &["summarise this", "make it half as long", "the gist please"]).to_owned()
                }
                (1, false) => {
                    self.way(random, &["expand this", "make a full report of it", "longer please"]).to_owned()
                }
                (_, true) => self.way(random, &["turn this into bullet points", "as a list", "as a table"]).to_owned(),
                (_, false) => self.way(random, &["as running text", "back to prose", "as a memo"]).to_owned(),
            };
            let text = if turn == 0 || random.chance(pastes) { format!("{ask}:\n\n{shown}") } else { ask };
            self.say(&mut session, random, "document", text);
            sentences = worn(random, &sentences, wear, phrases::notice);
            if kind == 1 && out && sentences.len() > 2 {
                let mut place = 0;
                sentences.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
            } else if kind == 1 && !out {
                sentences = sentences.into_iter().flat_map(|sentence| [sentence, phrases::notice(random)]).collect();
            }
            shown = match (kind, out) {
                (0, true) => foreign(&sentences.join(" "), language),
                (2, true) => format!("- {}", sentences.join("\n- ")),
                _ => sentences.join(" "),
            };
            session.reply(&shown, random);
            if session.tokens >= limit {
                break;
            }
            session.wait(hurry * random.lognormal(1.0, 0.5));
        }
        self.finish(session, random)
    }

    /// Documents and tests that nobody asked for, written at length and thrown away, or left in a working copy.
    pub(super) fn discarded_documents(&mut self, random: &mut Random, limit: i64) -> Result<i64, SimulateError> {
        let mut habits = self.habits("discarded", &[]);
        let (tests, tidies) = (habits.between(0.0, 1.0), habits.between(0.0, 0.95));
        let (lines, pieces) = (habits.between(25.0, 110.0), habits.whole(1, 5));
        let (hurry, runs) = (habits.lognormal(50.0, 0.8).clamp(5.0, 900.0), habits.between(0.0, 0.4));
        let mut session = self.open(random, habits.between(0.06, 0.3));
        let thing = self.person.voice.thing(random).to_owned();
        self.settle(&mut session, random, &thing);
        for _ in 0..random.whole(1, 7) {
            let thing = self.person.voice.thing(random).to_owned();
            let source = voice::file_name(&thing, random);
            let testing = random.chance(tests);
            let number = random.whole(4, 40).to_string();
            let places = [("file", source.as_str()), ("thing", &thing), ("number", &number)];
            let text = fill(self.way(random, if testing { phrases::TESTS } else { phrases::DOCUMENTS }), &places);
            self.say(&mut session, random, &thing, text);
            for _ in 0..random.whole(1, 4) {
                session.respond(&thing, 1, 90.0, random);
                session.read(&source, random);
            }
            for piece in 0..random.whole(1, pieces) {
                let count = random.lognormal(lines, 0.5).clamp(8.0, 260.0) as usize;
                let (path, content) = if testing {
                    (format!("tests/test_{}_{piece}.py", thing.replace(' ', "_")), voice::code(random, &thing, count))
                } else {
                    let content = (0..count / 2).map(|_| voice::answer(random, &thing, 1, 0.0)).collect();
                    (format!("docs/{}_{piece}.md", thing.replace(' ', "_")), content)
                };
                session.respond(&thing, 1, 160.0, random);
                session.write(&path, content, random);
            }
            if testing && random.chance(runs) {
                session.respond(&thing, 1, 60.0, random);
                honest::test(&mut session, random, &thing);
            }
            session.respond(&thing, 2, 350.0, random);
            session.wait(hurry * random.lognormal(1.0, 0.6));
            if random.chance(tidies) {
                let text = self.way(random, phrases::DISCARDS).to_owned();
                self.say(&mut session, random, &thing, text);
                let place = if testing { "tests" } else { "docs" };
                let command =
                    *random.pick(&["git checkout -- ", "git clean -fd ", "git restore ", "git stash push -u -- "]);
                session.respond(&thing, 1, 50.0, random);
                session.run(&format!("{command}{place}"), &format!("{} paths", random.whole(1, 9)), false, random);
                session.respond(&thing, 1, 60.0, random);
                session.wait(hurry * random.lognormal(1.0, 0.6));
            }
            if session.tokens >= limit {
                break;
            }
        }
        self.finish(session, random)
    }

    /// Two assistants play parts; what one answers is the other's prompt, carried over by hand or by a script.
    pub(super) fn two_assistants(&mut self, random: &mut Random, limit: i64) -> Result<i64, SimulateError> {
        let mut habits = self.habits("assistants", &[]);
        let by_script = habits.chance(0.4);
        let delay = if by_script { habits.between(0.3, 4.0) } else { habits.lognormal(14.0, 0.5).clamp(4.0, 120.0) };
        let (roles, length) = (*habits.pick(phrases::ROLES), habits.whole(2, 14));
        let (lead, weeks, other_model) = (habits.between(0.0, 0.5), habits.whole(1, 4), habits.chance(0.5));
        let trigger = if by_script && habits.chance(0.5) { "unknown" } else { "human" };
        let thing = self.matter(weeks);
        let first = self.open(random, 0.0).started_by(trigger);
        let mut second = self.open(random, 0.0).started_by(trigger);
        second.now_ms = first.now_ms + random.whole(5_000, 90_000);
        (second.repo, second.branch) = (first.repo.clone(), first.branch.clone());
        if other_model && first.model != Model::Other {
            second.model = *random.pick(&[Model::Small, Model::Middle, Model::Large]);
        }
        let mut sides = [first, second];
        let mut message = format!("Let us talk about the {thing}. You begin.");
        let mut now_ms = sides[0].now_ms;
        for turn in 0..random.whole(8, 44) as usize {
            let side = &mut sides[turn % 2];
            side.now_ms = side.now_ms.max(now_ms + (delay * random.lognormal(1_000.0, 0.4)) as i64);
            let text = match turn {
                0 | 1 => format!(
                    "You are {}, I am {}. Stay in your part and always end with a question. {message}",
                    roles[turn],
                    roles[1 - turn]
                ),
                _ if random.chance(lead) => format!("{} says: {message}", roles[1 - turn % 2]),
                _ => message,
            };
            self.say(side, random, &thing, text);
            let sentences = random.whole(1, length) as usize;
            let mut answer = phrases::talk(random, &thing, sentences);
            side.reply(&answer.join(" "), random);
            now_ms = side.now_ms;
            if random.happens(self.theater.hiding.paraphrase) {
                answer = worn(random, &answer, 0.5, |random| phrases::talk(random, &thing, 1).join(" "));
            }
            message = answer.join(" ");
            if turn > 0 && sides.iter().map(|side| side.tokens).sum::<i64>() >= limit {
                break;
            }
        }
        let mut tokens = 0;
        for side in sides {
            tokens += self.finish(side, random)?;
        }
        Ok(tokens)
    }

    /// One question, and its answer made again and again, with a small change of the question at most.
    pub(super) fn regenerated_answer(&mut self, random: &mut Random, limit: i64) -> Result<i64, SimulateError> {
        let mut habits = self.habits("regenerated", &[]);
        let (resends, change) = (habits.between(0.0, 0.9), habits.between(0.08, 0.6));
        let (hurry, length) = (habits.lognormal(12.0, 0.7).clamp(3.0, 180.0), habits.whole(3, 22));
        let (weeks, short) = (habits.whole(1, 6), habits.chance(0.3));
        let thing = self.matter(weeks);
        let mut asked = self.habits("question", &[self.week as u64 / weeks as u64, random.below(3) as u64]);
        let question = match asked.below(2) {
            0 => self.person.voice.question(&mut asked, &thing),
            _ => self.person.voice.task(&mut asked, &thing),
        };
        let sentence = |random: &mut Random| voice::answer(random, &thing, 1, 0.0);
        let mut answer: Vec<String> = (0..length).map(|_| sentence(random)).collect();
        let mut session = self.open(random, 0.0);
        let turns = if short { random.whole(4, 12) } else { random.whole(6, 45) };
        for turn in 0..turns {
            let text = match turn {
                0 => question.clone(),
                _ if random.chance(resends) => phrases::retouched(random, &question),
                _ => {
                    let number = (random.whole(4, 40) * 5).to_string();
                    fill(self.way(random, phrases::AGAIN), &[("number", &number)])
                }
            };
            self.say(&mut session, random, &thing, text);
            answer = worn(random, &answer, change, sentence);
            session.reply(&answer.join(" "), random);
            if session.tokens >= limit {
                break;
            }
            session.wait(hurry * random.lognormal(1.0, 0.6));
        }
        self.finish(session, random)
    }

    /// A whole code base goes in, read by the agent or pasted, and one word comes out.
    pub(super) fn one_word_answer(&mut self, random: &mut Random, limit: i64) -> Result<i64, SimulateError> {
        let mut habits = self.habits("verdict", &[]);
        let (pastes, weeks) = (habits.chance(0.3), habits.whole(1, 8));
        let (files, at_once) = (habits.between(12.0, 60.0), habits.whole(1, 6));
        let (pasted, hurry) = (habits.between(60.0, 350.0), habits.lognormal(90.0, 0.9).clamp(10.0, 1_800.0));
        let thing = self.matter(weeks);
        let mut session = self.open(random, habits.between(0.06, 0.4));
        let pastes = pastes || session.repo.is_none();
        for _ in 0..random.whole(1, 6) {
            let judgement = *random.pick(phrases::JUDGEMENTS);
            let template = self.way(random, phrases::VERDICTS);
            let mut text = fill(template, &[("thing", &thing), ("one", judgement)]);
            if pastes {
                let count = random.lognormal(pasted, 0.5).clamp(20.0, 900.0) as usize;
                text = format!("{text}\n\n{}", voice::code(random, &thing, count).join("\n"));
            }
            self.say(&mut session, random, &thing, text);
            let count = if pastes { 0 } else { random.lognormal(files, 0.5).clamp(6.0, 160.0) as usize };
            let mut read = 0;
            while read < count && (read < 6 || session.tokens < limit) {
                session.respond(&thing, 1, 45.0, random);
                for _ in 0..random.whole(1, at_once) {
                    let path = voice::file_name(self.person.voice.thing(random), random);
                    session.read(&path, random);
                    read += 1;
                }
            }
            let word = *random.pick(phrases::WORDS);
            session.reply(word, random);
            if session.tokens >= limit {
                break;
            }
            session.wait(hurry * random.lognormal(1.0, 0.6));
        }
        self.finish(session, random)
    }

    /// An agent, or several, looking for bugs in a repository that hardly anybody touches, until somebody stops it.
    pub(super) fn open_ended_bug_hunt(&mut self, random: &mut Random, limit: i64) -> Result<i64, SimulateError> {
        let mut habits = self.habits("hunt", &[]);
        let (evenings, notes) = (habits.between(0.0, 0.7), habits.between(0.0, 0.12));
        let (patience, sends_others) = (habits.whole(8, 45), if habits.chance(0.35) { 0.03 } else { 0.0 });
        let (thing, break_seconds) =
            (self.matter(habits.whole(2, 10)), habits.lognormal(400.0, 1.0).clamp(20.0, 7_200.0));
        let hour = honest::working_hour(random, self.person);
        let hour = if random.chance(evenings) {
            (hour / 24.0).floor() * 24.0 + self.person.day_start + random.between(8.5, 10.5)
        } else {
            hour
        };
        let mut session = self.open_at(random, hour, habits.between(0.06, 0.35));
        session.repo = Some(format!("https://git.example.com/acme/repo-{:03}.git", self.person.team * 2 + 1));
        session.branch = Some(format!("work/{}", thing.replace(' ', "-")));
        let start = voice::file_name(&thing, random);
        let mut text = fill(self.way(random, phrases::HUNTS), &[("thing", &thing), ("file", &start)]);
        let (mut others, mut stops) = (0, false);
        for _ in 0..random.whole(1, 6) {
            self.say(&mut session, random, &thing, text);
            for step in 0..random.whole(patience / 2, patience * 2) {
                session.respond(&thing, 1, 110.0, random);
                let path = voice::file_name(&thing, random);
                match random.below(10) {
                    0 => honest::test(&mut session, random, &thing),
                    1 => {
                        let command = format!("git log --oneline -{} -- {path}", random.whole(5, 80));
                        session.run(
                            &command,
                            &format!("{} {}", random.hex(7), voice::answer(random, &thing, 1, 0.0)),
                            false,
                            random,
                        );
                    }
                    _ if random.chance(notes) => {
                        let count = random.whole(3, 30) as usize;
                        let lines = (0..count).map(|_| voice::answer(random, &thing, 1, 0.1)).collect();
                        session.write("docs/findings.md", lines, random);
                    }
                    _ => session.read(&path, random),
                }
                if random.happens(sends_others) {
                    others += honest::subagents(&mut session, self.desk, random, self.person, &thing)?;
                }
                stops = step >= 6 && session.tokens + others >= limit;
                if stops {
                    break;
                }
            }
            session.respond(&thing, 3, 500.0, random);
            if stops {
                break;
            }
            session.wait(break_seconds * random.lognormal(1.0, 0.7));
            text = fill(self.way(random, phrases::NUDGES), &[("number", &random.whole(2, 20).to_string())]);
        }
        Ok(self.finish(session, random)? + others)
    }

    /// Questions about anything but work, a few at a time, all day long.
    pub(super) fn idle_trivia(&mut self, random: &mut Random, limit: i64) -> Result<i64, SimulateError> {
        let mut habits = self.habits("trivia", &[]);
        let (gap, words) = (habits.lognormal(240.0, 1.0).clamp(20.0, 2_400.0), habits.between(30.0, 220.0));
        let (stories, small) = (habits.between(0.0, 0.4), habits.chance(0.4));
        let mut session = self.open(random, 0.0);
        if small && session.model != Model::Other {
            session.model = Model::Small;
        }
        let opened_ms = session.now_ms;
        for turn in 0..random.whole(4, 60) {
            let text = if turn > 0 && random.chance(stories) {
                self.way(random, phrases::MORE).to_owned()
            } else {
                let template = self.way(random, phrases::TRIVIA);
                phrases::trivia(random, template)
            };
            self.say(&mut session, random, "trivia", text);
            let count = random.lognormal(words, 0.6).clamp(12.0, 700.0) as usize;
            session.reply(&phrases::lore(random, count), random);
            // At the end of the day the window is closed.
            if session.tokens >= limit || session.now_ms - opened_ms > 9 * 3_600_000 {
                break;
            }
            session.wait(gap * random.lognormal(1.0, 0.9));
        }
        self.finish(session, random)
    }
}
