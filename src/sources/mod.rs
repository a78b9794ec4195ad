//! Sources: one folder a log format, each turning files or repositories into events, outcomes, facts and rejects.
//!
//! Owns the [`Source`] trait, the registry [`ALL`], the shared reading of files (decompression with limits, line framing,
//! the end of what is committed) and the only way to skip a record, [`Sink::reject`]. Owns no storage, no pricing and no scoring.
//!
//! Adding a source: a folder with `mod.rs`, `README.md` and `fixtures/`, and one line in [`ALL`].

mod ancestors;
mod buckets;
pub mod companions;
pub(crate) mod delimited;
mod document;
mod documents;
mod edits;
mod elements;
mod equal_sums;
pub(crate) mod exports;
pub(crate) mod generated;
mod input;
pub mod json;
#[cfg(any(test, fuzzing))]
pub mod laws;
mod lines;
pub(crate) mod messages;
pub(crate) mod money;
#[cfg(test)]
mod mutations;
mod places;
mod quick_json;
#[cfg(any(test, fuzzing))]
mod recorded;
mod references;
mod reject;
pub(crate) mod requests;
mod sink;
mod slash;
mod spans;
mod tabular;
#[cfg(test)]
pub mod testing;
mod text;
mod utf16;
pub(crate) mod values;

pub mod anthropic_admin;
pub mod canonical;
pub mod ccusage;
pub mod claude_code;
pub mod cline;
pub mod codeburn;
pub mod codex;
pub mod copilot_cli;
pub mod cursor;
pub mod focus;
pub mod gemini_cli;
pub mod git;
pub mod github;
pub mod github_copilot;
pub mod gitlab;
pub mod jira;
pub mod langfuse;
pub mod linear;
pub mod litellm;
pub mod mapping;
pub mod openai_admin;
pub mod openclaw;
pub mod opencode;
pub mod otel;
pub mod sqlite;

pub use input::{
    Input, InputError, JiraOptions, Limits, OpenClawPlatform, PROBE_BYTES, Packing, Probe, SourceOptions, Unit,
    decompressed, packing,
};
pub use lines::{Handled, Line, read_lines};
pub(crate) use places::{home_user, without_credentials};
pub use reject::Reason;
pub(crate) use sink::Unheard;
pub use sink::{Position, Sink};
pub use utf16::{ByteOrder, byte_order};

/// What a source is and what it can tell, shown by `footlight sources` and in the README.
#[derive(Debug, Clone, Copy)]
pub struct Description {
    /// What it reads, in a few words.
    pub title: &'static str,
    /// Which files it takes.
    pub files: &'static str,
    /// What can be learnt from it.
    pub tells: &'static str,
    /// What cannot.
    pub cannot_tell: &'static str,
}

/// From where a source sees a request, the best place first: of two sources that saw one request, the first counts it, and the other fills in what the
/// first does not say (`formats.md` 12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vantage {
    /// The tool itself, step by step.
    Transcript,
    /// An export that its owner made in footlight's own format.
    Export,
    /// What the tool told a collector.
    Telemetry,
    /// A gateway between tool and provider.
    Gateway,
    /// A platform that was told by tool or gateway, and may have counted by itself.
    Observability,
    /// A table of a format that only its owner's configuration knows.
    Declared,
}

impl Vantage {
    /// Its place in the order: 1 is believed first.
    pub fn authority(self) -> i32 {
        self as i32 + 1
    }
}

/// A log or outcome format.
pub trait Source: Sync {
    /// Snake-case name, the `source` column of the lake.
    fn name(&self) -> &'static str;

    /// From where it sees a request.
    fn vantage(&self) -> Vantage {
        Vantage::Transcript
    }

    /// For people.
    fn description(&self) -> Description;

    /// Whether this is the source's, judged by content first and path second.
    fn recognises(&self, probe: &Probe<'_>) -> bool;

    /// Why a file that it recognises is its, for people.
    fn recognised_by(&self, _probe: &Probe<'_>) -> String {
        format!("its content is that of {}", self.description().title)
    }

    /// True when a record means the same whatever stands before it, so that the tail of a grown file can be read alone.
    /// A source with state is given the whole file again; rows that the lake has are recognised by their keys. `path` is that of the input.
    fn reads_tail_alone(&self, _path: &std::path::Path) -> bool {
        false
    }

    /// True for a file that by its name is a spare copy which the source never reads, such as a backup. It must not stand
    /// for another file of the same content.
    fn is_spare_copy(&self, _path: &std::path::Path) -> bool {
        false
    }

    /// The directory in which its tool keeps its logs and more; none for formats that are found in no such directory.
    fn home(&self) -> Option<&'static companions::Home> {
        None
    }

    /// Reads one unit into the sink. Returns where the committed part ends: the byte after the last complete record.
    /// Errors are for what cannot be read at all; a bad record is the sink's.
    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError>;
}

/// Every source, most specific first: the first that recognises a file has it.
pub static ALL: &[&dyn Source] = &[
    &git::Git,
    // What somebody declared on purpose comes before what is recognised.
    &mapping::Declared,
    &canonical::Canonical,
    &github::GitHub,
    &gitlab::GitLab,
    &jira::Jira,
    &linear::Linear,
    &claude_code::ClaudeCode,
    &codex::Codex,
    &openclaw::OpenClaw,
    &gemini_cli::GeminiCli,
    &opencode::OpenCode,
    &cline::Cline,
    &copilot_cli::CopilotCli,
    &anthropic_admin::AnthropicAdmin,
    &openai_admin::OpenAiAdmin,
    &github_copilot::GithubCopilot,
    &cursor::Cursor,
    &focus::Focus,
    &ccusage::Ccusage,
    &codeburn::Codeburn,
    &otel::Otel,
    &litellm::LiteLlm,
    &langfuse::Langfuse,
];

/// The source with this name.
pub fn by_name(name: &str) -> Option<&'static dyn Source> {
    ALL.iter().copied().find(|source| source.name() == name)
}

/// The source that recognises this input.
pub fn recognise(probe: &Probe<'_>) -> Option<&'static dyn Source> {
    ALL.iter().copied().find(|source| source.recognises(probe))
}
