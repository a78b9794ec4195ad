//! One session: a clock, a context that grows, and the rows of its steps as `schema.md` has them.
//!
//! Owns the shape of rows and the arithmetic of tokens. Everybody's rows are made here, so that no field tells who made them.

use super::SimulateError;
use super::journal::{Journal, SessionTruth};
use super::person::Person;
use super::random::Random;
use super::row::{Row, Step};
use super::transcript::{self, Transcript};
use super::voice;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

/// Chance of a sentence of an honest answer to have been said of the same thing before. Measured on the public transcripts that the project looks
/// at, read as one person's: about one sampled shingle in twenty of a session's answers was known.
const USUAL_SAMENESS: f64 = 0.06;

/// How sessions are written down.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Style {
    /// Leave texts, arguments and patches out.
    pub(super) strip_text: bool,
    /// Claude Code's own transcripts for those who use it.
    pub(super) native: bool,
}

/// Models, from the smallest to the largest, and one of another provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    Small,
    Middle,
    Large,
    Other,
}

impl Model {
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Model::Small => ("anthropic", "claude-haiku-4-5"),
            Model::Middle => ("anthropic", "claude-sonnet-4-6"),
            Model::Large => ("anthropic", "claude-opus-4-8"),
            Model::Other => ("openai", "gpt-5.5"),
        }
    }

    /// What the person usually takes.
    pub(super) fn usual(random: &mut Random, person: &Person) -> Self {
        if person.client.starts_with("codex") {
            Model::Other
        } else if random.chance(person.large_model_share) {
            Model::Large
        } else if random.chance(0.12) {
            Model::Small
        } else {
            Model::Middle
        }
    }
}

/// One call of a tool and its answer.
pub(super) struct Call<'a> {
    pub(super) tool: &'static str,
    pub(super) args: String,
    pub(super) result: &'a str,
    pub(super) effect: &'static str,
    pub(super) system: &'static str,
    pub(super) path: Option<&'a str>,
    pub(super) failed: bool,
}

/// The lines that a session wrote to one file.
#[derive(Debug, Clone)]
pub(super) struct WrittenFile {
    pub(super) path: String,
    pub(super) lines: Vec<String>,
}

/// What is left of a session when its rows are written.
#[derive(Debug, Clone)]
pub(super) struct Finished {
    pub(super) id: String,
    pub(super) tokens: i64,
    pub(super) end_ms: i64,
    pub(super) files: Vec<WrittenFile>,
    pub(super) repo: Option<String>,
}

/// A session that is still going on.
pub(super) struct Session<'a> {
    person: &'a Person,
    pub(super) id: String,
    parent: Option<String>,
    trigger: &'static str,
    client: String,
    pub(super) model: Model,
    pub(super) repo: Option<String>,
    pub(super) branch: Option<String>,
    /// Milliseconds since the epoch.
    pub(super) now_ms: i64,
    zone: TimeZone,
    style: Style,
    /// The rows as Claude Code writes them, when that is wanted and its client is used.
    transcript: Option<Transcript>,
    /// Tokens that the next completion reads from the cache, and those that are new to it.
    context: i64,
    fresh: i64,
    /// Tokens of every kind so far.
    pub(super) tokens: i64,
    /// Family of the theater that this session is; `None` for work.
    family: Option<&'static str>,
    /// Chance of a sentence of an answer to be one that is always given.
    sameness: f64,
    files: Vec<WrittenFile>,
    calls: usize,
    events: u64,
    rows: Vec<u8>,
    error: Option<serde_json::Error>,
}

impl<'a> Session<'a> {
    /// Opens a session of a person at a moment. It has the person's usual client, model and, mostly, repository.
    pub(super) fn open(random: &mut Random, person: &'a Person, at_ms: i64, style: Style) -> Self {
        let (repo, branch) = if random.chance(person.chat_share) {
            (None, None)
        } else {
            (Some(person.repo(random)), Some(format!("work/{}", person.voice.thing(random).replace(' ', "-"))))
        };
        Self {
            person,
            id: random.uuid(),
            parent: None,
            trigger: "human",
            client: person.client.to_owned(),
            model: Model::usual(random, person),
            repo,
            branch,
            now_ms: at_ms + random.whole(0, 59_999),
            zone: person.zone.clone(),
            style,
            transcript: (style.native && person.client.starts_with("claude-code/")).then(Transcript::default),
            context: 0,
            fresh: (person.context * random.between(0.8, 1.25)) as i64,
            tokens: 0,
            family: None,
            sameness: USUAL_SAMENESS,
            files: Vec::new(),
            calls: 0,
            events: 0,
            rows: Vec::new(),
            error: None,
        }
    }

    /// Marks the session as theater of a family.
    /// `sameness` is how much its answers say the same.
    pub(super) fn injected(mut self, family: &'static str, sameness: f64) -> Self {
        (self.family, self.sameness) = (Some(family), sameness);
        self
    }

    /// Marks what started it.
    pub(super) fn started_by(mut self, trigger: &'static str) -> Self {
        self.trigger = trigger;
        self
    }

    /// Makes it the session of a subagent; it works where its parent does.
    pub(super) fn child_of(mut self, parent: &Session<'_>) -> Self {
        self.parent = Some(parent.id.clone());
        self.trigger = "agent";
        if self.transcript.is_some() {
            // The reader knows a subagent by its file.
            self.id = format!("{}/agent-{}", parent.id, self.id.replace('-', ""));
        }
        (self.repo, self.branch) = (parent.repo.clone(), parent.branch.clone());
        (self.zone, self.family) = (parent.zone.clone(), parent.family);
        self
    }

    /// Another program than the person's usual one; it has no transcripts of its own.
    pub(super) fn with_client(mut self, client: &str) -> Self {
        self.client = client.to_owned();
        self.transcript = None;
        self
    }

    /// Lets time pass.
    pub(super) fn wait(&mut self, seconds: f64) {
        self.now_ms += (seconds * 1_000.0) as i64;
    }

    /// A person reads, thinks and types.
    pub(super) fn think(&mut self, random: &mut Random) {
        let seconds = if random.chance(0.06) { random.between(900.0, 4_200.0) } else { random.lognormal(65.0, 1.0) };
        self.wait(seconds.clamp(6.0, 5_400.0));
    }

    fn step(&mut self, random: &mut Random, kind: &'static str, step: Step<'_>) {
        let ts = Timestamp::from_millisecond(self.now_ms)
            .map(|moment| moment.to_zoned(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string())
            .unwrap_or_default();
        let row = Row {
            ts,
            session_id: &self.id,
            parent_session_id: self.parent.as_deref(),
            event_id: random.hex(20),
            actor_id: &self.person.actor_id,
            kind,
            trigger: self.trigger,
            client: &self.client,
            repo: self.repo.as_deref(),
            branch: self.branch.as_deref(),
            step,
        };
        let written = match &mut self.transcript {
            Some(transcript) => {
                let at = Timestamp::from_millisecond(self.now_ms);
                let at = at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()).unwrap_or_default();
                transcript.write(&row, &self.person.login(), &at)
            }
            None => serde_json::to_writer(&mut self.rows, &row).map(|()| self.rows.push(b'\n')),
        };
        if let Err(error) = written {
            self.error = Some(error);
        }
        self.events += 1;
    }

    fn text<'t>(&self, text: &'t str) -> Option<&'t str> {
        (!self.style.strip_text).then_some(text)
    }

    /// Text handed to the agent.
    pub(super) fn prompt(&mut self, text: &str, random: &mut Random) {
        self.fresh += 4 + text.len() as i64 / 4;
        let text = self.text(text);
        self.step(random, "prompt", Step { text, ..Step::default() });
        self.now_ms += random.whole(20, 400);
    }

    /// A response about a thing: so many sentences, and about `median` tokens.
    pub(super) fn respond(&mut self, thing: &str, sentences: usize, median: f64, random: &mut Random) {
        let output = random.lognormal(median, 0.8).clamp(8.0, 9_000.0) as i64;
        let reasoning = (output as f64 * random.between(0.0, 0.6)) as i64;
        // As long as its visible tokens say, up to a page: a sentence is about twenty tokens.
        let sentences = sentences.max(((output - reasoning) / 20).min(30) as usize);
        let text = voice::answer(random, thing, sentences, self.sameness);
        self.completion(&text, output, reasoning, random);
    }

    /// A short response after long reasoning.
    pub(super) fn ponder(&mut self, thing: &str, median: f64, random: &mut Random) {
        let output = random.lognormal(median, 0.8).clamp(200.0, 24_000.0) as i64;
        let reasoning = (output as f64 * random.between(0.7, 0.97)) as i64;
        let text = voice::answer(random, thing, 1, self.sameness);
        self.completion(&text, output, reasoning, random);
    }

    /// A response of exactly these words, with as many tokens as they take and some reasoning.
    pub(super) fn reply(&mut self, text: &str, random: &mut Random) {
        let visible = (text.len() as f64 / 4.0).max(2.0);
        let output = visible / random.between(0.55, 1.0);
        self.completion(text, output as i64, (output - visible) as i64, random);
    }

    /// One response of the model; `output` counts its tokens, reasoning among them.
    fn completion(&mut self, text: &str, output: i64, reasoning: i64, random: &mut Random) {
        let (provider, model) = self.model.names();
        let duration_ms = 700 + output * random.whole(9, 22) + random.whole(0, 1_800);
        self.now_ms += duration_ms;
        let base = random.whole(2, 14);
        let (input, cache_write) =
            if provider == "openai" { (base + self.fresh, None) } else { (base, Some(self.fresh)) };
        let step = Step {
            provider: Some(provider),
            model: Some(model),
            token_basis: Some("reported"),
            input_tokens: Some(input),
            output_tokens: Some(output),
            reasoning_tokens: Some(reasoning.min(output)),
            cache_read_tokens: Some(self.context),
            cache_write_tokens: cache_write,
            text: self.text(text),
            duration_ms: Some(duration_ms),
            ..Step::default()
        };
        self.tokens += base + self.fresh + output + self.context;
        self.step(random, "completion", step);
        self.context += self.fresh + output;
        self.fresh = 0;
        if self.context > 150_000 {
            // The client compacts: a summary is what is left.
            self.context = 12_000;
            self.fresh = random.whole(3_000, 9_000);
        }
    }

    /// A request that the provider refused (429, overloaded): no usage, nothing done.
    pub(super) fn refused(&mut self, random: &mut Random) {
        let (provider, model) = self.model.names();
        self.now_ms += random.whole(150, 1_500);
        let step = Step {
            provider: Some(provider),
            model: Some(model),
            token_basis: Some("absent"),
            is_error: Some(true),
            text: self.text("429 rate_limit_error: try again later"),
            ..Step::default()
        };
        self.step(random, "completion", step);
    }

    /// A call and its result.
    pub(super) fn call(&mut self, call: &Call<'_>, random: &mut Random) {
        self.calls += 1;
        let call_id = format!("call_{}", random.hex(16));
        let step = Step {
            tool_name: Some(call.tool),
            tool_args: self.text(&call.args),
            call_id: Some(&call_id),
            effect: Some(call.effect),
            system: Some(call.system),
            approval: Some(if call.effect == "read" || random.chance(0.6) { "auto" } else { "human" }),
            path: call.path,
            ..Step::default()
        };
        self.step(random, "tool_call", step);
        let duration_ms = random.lognormal(420.0, 1.0).clamp(8.0, 90_000.0) as i64;
        self.now_ms += duration_ms;
        let step = Step {
            tool_name: Some(call.tool),
            call_id: Some(&call_id),
            text: self.text(call.result),
            is_error: Some(call.failed),
            duration_ms: Some(duration_ms),
            ..Step::default()
        };
        self.step(random, "tool_result", step);
        self.now_ms += random.whole(5, 120);
        self.fresh += 30 + (call.args.len() + call.result.len()) as i64 / 4;
    }

    /// Reads a part of a file. What the file holds beyond the shown result counts as context too.
    pub(super) fn read(&mut self, path: &str, random: &mut Random) {
        self.read_version(path, None, random);
    }

    /// Reads a part of a file that answers as it did before, or, when nothing is known of it, of a file as it is now.
    pub(super) fn read_version(&mut self, path: &str, known: Option<&str>, random: &mut Random) {
        let offset = random.whole(0, 60) * 20;
        let (tool, args) = match random.below(5) {
            0 => ("Grep", json!({"pattern": path.rsplit('/').next(), "path": path, "context": offset / 20})),
            1 => ("Glob", json!({"pattern": format!("{path}*"), "limit": offset + 20})),
            _ => ("Read", json!({"file_path": path, "offset": offset, "limit": 200})),
        };
        let result = match known {
            Some(known) => known.to_owned(),
            None => format!("{} lines of {path}, version {}", random.whole(12, 900), random.hex(8)),
        };
        self.call(
            &Call {
                tool,
                args: args.to_string(),
                result: &result,
                effect: "read",
                system: "filesystem",
                path: Some(path),
                failed: false,
            },
            random,
        );
        self.fresh += random.lognormal(900.0, 0.8).clamp(40.0, 9_000.0) as i64;
    }

    /// Writes lines into a file, whole or as an edit.
    pub(super) fn write(&mut self, path: &str, lines: Vec<String>, random: &mut Random) {
        let content = lines.join("\n");
        let (tool, args) = if lines.len() > 40 && random.chance(0.6) {
            ("Write", json!({"file_path": path, "content": content}))
        } else {
            ("Edit", json!({"file_path": path, "old_string": format!("# {}", random.hex(6)), "new_string": content}))
        };
        let result = format!("{path} updated");
        self.call(
            &Call {
                tool,
                args: args.to_string(),
                result: &result,
                effect: "write",
                system: "filesystem",
                path: Some(path),
                failed: false,
            },
            random,
        );
        self.files.push(WrittenFile { path: path.to_owned(), lines });
    }

    /// Runs a command.
    pub(super) fn run(&mut self, command: &str, result: &str, failed: bool, random: &mut Random) {
        let args = json!({ "command": command }).to_string();
        self.call(&Call { tool: "Bash", args, result, effect: "execute", system: "shell", path: None, failed }, random);
    }

    /// Writes the rows away.
    pub(super) fn finish(self, journal: &mut Journal) -> Result<Finished, SimulateError> {
        if let Some(error) = self.error {
            return Err(error.into());
        }
        let truth = SessionTruth {
            session_id: &self.id,
            actor_id: &self.person.actor_id,
            family: self.family,
            tokens: self.tokens,
        };
        match self.transcript {
            Some(transcript) => {
                let login = self.person.login();
                let place = transcript::place(&login, self.repo.as_deref(), &self.id, self.parent.as_deref());
                journal.transcript(&place, &transcript.lines, self.events, &truth)?;
            }
            None => journal.session(self.person.index, &self.rows, self.events, &truth)?,
        }
        Ok(Finished { id: self.id, tokens: self.tokens, end_ms: self.now_ms, files: self.files, repo: self.repo })
    }
}
