//! Tasks of Cline and the editor extensions made from it (Roo Code, Kilo Code): `tasks/<task>/ui_messages.json`.
//!
//! Owns which file is which and which product wrote it. Rules and their reasons stand in `README.md`.

mod home;
mod records;
mod task;
#[cfg(test)]
mod tests;
mod tools;
mod usage;

use super::companions::Home;
use super::document::{Items, read_text};
use super::json::parse_last_wins;
use super::{Description, Input, InputError, Probe, Reason, Sink, Source, Unit};
use records::Metadata;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::path::Path;
use task::Task;

/// Tasks of Cline and its kin.
pub struct Cline;

/// Directories of the extensions and the client names of their tasks.
const EXTENSIONS: &[(&str, &str)] = &[
    ("saoudrizwan.claude-dev", "cline"),
    ("rooveterinaryinc.roo-cline", "roo-code"),
    ("kilocode.kilo-code", "kilo-code"),
];
/// What tells nothing more beside a task's rows.
const NEIGHBOURS: &[&str] =
    &["api_conversation_history.json", "task_metadata.json", "taskHistory.json", "history_item.json"];

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `ui_messages.json`, under any name.
    Rows,
    /// Read with the rows, or told again there.
    Neighbour,
}

impl Form {
    fn of(probe: &Probe<'_>) -> Option<Self> {
        if probe.unit != Unit::File {
            return None;
        }
        let name = probe.plain_name();
        let head = probe.head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(probe.head).trim_ascii_start();
        let is_task = probe.path.components().any(|part| {
            part.as_os_str().to_str().is_some_and(|part| EXTENSIONS.iter().any(|(directory, _)| *directory == part))
        });
        if is_task && NEIGHBOURS.contains(&name) {
            return Some(Form::Neighbour);
        }
        let rows = head.strip_prefix(b"[")?;
        // The first row may be longer than the probe: a task can begin with a picture.
        let first = serde_json::Deserializer::from_slice(rows).into_iter::<FirstRow>().next();
        let is_row = match first {
            Some(Ok(row)) => row.is_row(),
            _ => name == "ui_messages.json" && (rows.trim_ascii_start().starts_with(b"{") || is_task),
        };
        is_row.then_some(Form::Rows)
    }
}

/// The fields that every row has, and rows of no other tool.
#[derive(Deserialize)]
struct FirstRow {
    ts: Option<Box<RawValue>>,
    #[serde(rename = "type")]
    kind: Option<String>,
    say: Option<String>,
    ask: Option<String>,
}

impl FirstRow {
    fn is_row(&self) -> bool {
        self.ts.is_some()
            && match self.kind.as_deref() {
                Some("say") => self.say.is_some(),
                Some("ask") => self.ask.is_some(),
                _ => false,
            }
    }
}

impl Source for Cline {
    fn name(&self) -> &'static str {
        "cline"
    }

    fn description(&self) -> Description {
        Description {
            title: "Cline, Roo Code and Kilo Code tasks",
            files: "globalStorage/<extension>/tasks/*/ui_messages.json of VS Code and its kin, with task_metadata.json beside it",
            tells: "prompts, usage and cost of each request, tool calls, who approved them, what was denied, lines written",
            cannot_tell: "the account; usage of condensing; each result by itself; requests deleted with a checkpoint",
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
        if Form::of(&probe) == Some(Form::Neighbour) {
            sink.ignore("task_neighbour");
            return Ok(0);
        }
        let text = match read_text(input, sink)? {
            Ok(text) => text,
            Err(end) => return Ok(end),
        };
        let rows: Items<&RawValue> = match text.parse(sink) {
            Ok(rows) => rows,
            Err(end) => return Ok(end),
        };
        let first = rows.0.first().and_then(|row| parse_last_wins::<FirstRow>(row.get()).ok());
        let Some(task_id) = task_of_path(&input.path).or_else(|| Some(first?.ts?.get().to_owned())) else {
            sink.reject(text.position(""), Reason::MissingField, "ts");
            return Ok(text.length);
        };
        let mut task = Task::new(client_of_path(&input.path), task_id, metadata(input, sink));
        for row in &rows.0 {
            task.row(row.get(), text.position(row.get()), sink);
        }
        task.finish(sink);
        Ok(text.length)
    }
}

/// The models that were chosen during the task, where the file beside the rows says so.
fn metadata(input: &Input, sink: &mut dyn Sink) -> Metadata {
    let Some(beside) = input.beside(input.path.with_file_name("task_metadata.json")) else {
        return Metadata::default();
    };
    let metadata = beside.small_text().map(|text| parse_last_wins(&text));
    match metadata {
        Ok(Ok(metadata)) => metadata,
        Ok(Err(_)) => {
            sink.reject(super::Position::default(), Reason::BadValue, "task_metadata.json");
            Metadata::default()
        }
        Err(error) => {
            sink.reject(super::Position::default(), error.reason(), "task_metadata.json");
            Metadata::default()
        }
    }
}

/// `tasks/<task>/ui_messages.json`.
fn task_of_path(path: &Path) -> Option<String> {
    let directory = path.parent()?;
    let is_task = directory.parent()?.file_name()? == "tasks";
    is_task.then(|| Some(directory.file_name()?.to_str()?.to_owned())).flatten()
}

/// The product whose extension's directory the path leads through.
fn client_of_path(path: &Path) -> &'static str {
    let names = path.components().filter_map(|part| part.as_os_str().to_str());
    let known = names.filter_map(|name| EXTENSIONS.iter().find(|(directory, _)| *directory == name)).next_back();
    known.map_or("cline", |(_, client)| client)
}
