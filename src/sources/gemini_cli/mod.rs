//! Gemini CLI chats: `~/.gemini/tmp/<project>/chats/`, one document a session in versions up to 0.38, lines in later ones.
//!
//! Owns which file is which. Rules and their reasons stand in `README.md`.

mod chat;
mod home;
mod prompts;
mod records;
#[cfg(test)]
mod tests;
mod tools;
mod usage;

use super::companions::Home;
use super::document::{Items, read_text};
use super::{Description, Input, InputError, Probe, Sink, Source, Unit, read_lines};
use chat::Chat;
use records::Header;
use serde_json::value::RawValue;
use std::path::Path;

/// Chats of Gemini CLI.
pub struct GeminiCli;

/// The messages of the older form; its other fields are a [`Header`].
#[derive(serde::Deserialize)]
struct Messages<'a> {
    #[serde(borrow)]
    messages: Items<&'a RawValue>,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One document.
    Document,
    /// One record a line.
    Lines,
    /// `logs.json`: the typed prompts of all sessions, told again.
    PromptLog,
}

impl Form {
    fn of(probe: &Probe<'_>) -> Option<Self> {
        if probe.unit != Unit::File {
            return None;
        }
        let first = probe.lines().next()?.trim_ascii();
        let holds = |needle: &[u8]| memchr::memmem::find(probe.head, needle).is_some();
        if first.starts_with(b"[") {
            let is_prompt_log = probe.plain_name() == "logs.json" && holds(b"\"sessionId\"") && holds(b"\"messageId\"");
            return is_prompt_log.then_some(Form::PromptLog);
        }
        if !first.starts_with(b"{") || !holds(b"\"sessionId\"") || !holds(b"\"projectHash\"") {
            return None;
        }
        match serde_json::from_slice::<Header>(first) {
            // One line with everything is a document that was not printed prettily.
            Ok(header) if header.session_id.is_some() && header.project_hash.is_some() => {
                let is_document = memchr::memmem::find(first, b"\"messages\"").is_some();
                Some(if is_document { Form::Document } else { Form::Lines })
            }
            Ok(_) => None,
            Err(_) => Some(Form::Document),
        }
    }
}

impl Source for GeminiCli {
    fn name(&self) -> &'static str {
        "gemini_cli"
    }

    fn description(&self) -> Description {
        Description {
            title: "Gemini CLI chats",
            files: "~/.gemini/tmp/*/chats/session-*.json and .jsonl, subagents' chats below them",
            tells: "prompts, usage of each response (cached input and thoughts apart), tool calls and results, lines written, subagents",
            cannot_tell: "the account; the version; cost; the working directory (only its hash); headless runs from typed ones",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        Form::of(probe).is_some()
    }

    fn home(&self) -> Option<&'static Home> {
        Some(&home::HOME)
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        let head = input.head()?;
        let probe = Probe { path: &input.path, unit: input.unit, head: &head, options: &input.options };
        let mut chat = Chat::new(&session_of_path(&input.path), parent_of_path(&input.path));
        match Form::of(&probe) {
            Some(Form::PromptLog) => {
                sink.ignore("prompt_log");
                Ok(0)
            }
            Some(Form::Lines) | None => {
                let committed = read_lines(input, sink, |line, sink| chat.line(&line, sink))?;
                chat.finish(sink);
                Ok(committed)
            }
            Some(Form::Document) => {
                let text = match read_text(input, sink)? {
                    Ok(text) => text,
                    Err(end) => return Ok(end),
                };
                let (header, Messages { messages }) =
                    match text.parse(sink).and_then(|header| Ok((header, text.parse(sink)?))) {
                        Ok(document) => document,
                        Err(end) => return Ok(end),
                    };
                chat.header(header);
                for message in &messages.0 {
                    chat.message(message.get(), text.position(message.get()), sink);
                }
                chat.finish(sink);
                Ok(text.length)
            }
        }
    }
}

/// The session that a file's name tells, for one that has lost its header.
fn session_of_path(path: &Path) -> String {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
    name.split(".json").next().unwrap_or(name).to_owned()
}

/// The session whose subagents' chats stand in this directory: `chats/<session>/<subagent>.jsonl`.
fn parent_of_path(path: &Path) -> Option<&str> {
    let directory = path.parent()?;
    let above = directory.parent()?.file_name()?;
    (above == "chats").then(|| directory.file_name()?.to_str()).flatten()
}
