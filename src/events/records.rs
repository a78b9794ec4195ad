//! The canonical records. Field meanings and units are those of `schema.md`; prompt text itself is never
//! part of a record, only what [`crate::fingerprint`] made of it.

use super::{Approval, CostBasis, CountedBy, Effect, Kind, OutcomeKind, OutcomeStatus, TokenBasis, Trigger};

/// Token counts of one model response, each null when the log does not state it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Fresh input, without cache reads and writes.
    pub input: Option<i64>,
    /// All output, reasoning included.
    pub output: Option<i64>,
    /// The part of `output` that was reasoning.
    pub reasoning: Option<i64>,
    /// Input served from the prompt cache.
    pub cache_read: Option<i64>,
    /// Input written to the prompt cache, every retention tier together.
    pub cache_write: Option<i64>,
    /// The part of `cache_write` that was written to the one-hour tier, which is priced higher.
    pub cache_write_1h: Option<i64>,
}

impl Tokens {
    /// Whether the log states any of the four counts that a response is paid by.
    pub fn is_stated(&self) -> bool {
        [self.input, self.output, self.cache_read, self.cache_write].iter().any(Option::is_some)
    }
}

/// Fingerprints of one text, computed once while it is hot in cache. The text is not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextSketch {
    /// Length in Unicode scalar values.
    pub chars: i64,
    /// Words after typed masking (`signals.md` stage 0.5); of scripts that write no blanks between words half the characters.
    pub words: i64,
    /// Hash of the text with white space folded.
    pub exact_hash: i64,
    /// Hash of the text after typed masking: numbers, ids, dates, URLs, paths and quoted strings replaced.
    pub masked_hash: i64,
    /// Sorted distinct hashes of word shingles of the masked text. Of a prompt all of them up to 256, then the 256 smallest; of an answer those of
    /// the lowest quarter of the hash range up to 64, then the 64 smallest (`signals.md` S5).
    pub shingles: Vec<i64>,
    /// 32 LSH band hashes of 4 MinHash rows each of a prompt (`signals.md` S1, 32x4); empty under 8 words, and of an answer.
    pub bands: Vec<i64>,
    /// Sorted distinct hashes of winnowed spans of about 200 bytes (`signals.md` S2): all of them up to 512, then the 512 smallest.
    pub spans: Vec<i64>,
    /// Thousandths of the text that stand in spans which the text has had before; null for texts under one span.
    pub repeated_permille: Option<i64>,
    /// Compressed size in thousandths of the size; null for texts under 2,000 bytes.
    pub packed_permille: Option<i64>,
    /// Sorted distinct hashes of names and words of five characters or more: all of them up to 512, then the 512 smallest.
    pub identifiers: Vec<i64>,
}

/// One step of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When, in microseconds since the Unix epoch, UTC.
    pub ts_us: i64,
    /// Client's offset from UTC in minutes, where the log has it.
    pub utc_offset_min: Option<i32>,
    /// The source's own session id, unchanged.
    pub session_id: String,
    /// The session that started this one (subagent, fork).
    pub parent_session_id: Option<String>,
    /// The source's own id of the step. Two records with the same (source, event_id) are one step.
    /// Where the source has none, leave it null: identity is then a hash of the canonical fields.
    pub event_id: Option<String>,
    /// The id under which whoever took the request knows it (`req_...`), else that of the span around it. Of a prompt, the prompt's own id, where other
    /// logs have it too. Compared across sources after [`super::ids::shared_id`].
    pub request_id: Option<String>,
    /// The id of the model's response (`msg_...`, `chatcmpl-...`), which gateways and telemetry see too. Of completions alone.
    pub response_id: Option<String>,
    /// Account as the log has it; null when the log does not say, to be resolved by `[[identity]]`.
    pub actor_id: Option<String>,
    /// Operating-system user read off a home directory in the log, an input to `[[identity]]`.
    pub os_user: Option<String>,
    /// What kind of step.
    pub kind: Kind,
    /// What started it.
    pub trigger: Trigger,
    /// The rule that decided `trigger`, for example `origin.kind=human`.
    pub trigger_evidence: Option<&'static str>,
    /// Tool that wrote the log, with its version after a slash: `claude-code/2.1.80`.
    pub client: String,
    /// Model provider, where stated.
    pub provider: Option<String>,
    /// Model as logged.
    pub model: Option<String>,
    /// Usage. All null on steps that are not completions.
    pub tokens: Tokens,
    /// Where `tokens` comes from; null on steps that are not completions.
    pub token_basis: Option<TokenBasis>,
    /// The logged output count is known to be too low (a streaming placeholder was the last record).
    pub output_is_lower_bound: bool,
    /// max(logged output, visible characters / 4) where `output_is_lower_bound`; else null. Never summed with reported counts.
    pub output_estimate: Option<i64>,
    /// Cost in millionths of a US dollar as logged; null when the log has none (priced later).
    pub cost_micro_usd: Option<i64>,
    /// Set by the source only when `cost_micro_usd` is; pricing sets the rest.
    pub cost_basis: Option<CostBasis>,
    /// Fingerprints of the prompt, completion or result text.
    pub text: Option<TextSketch>,
    /// Length of the text in characters, as its client counts them, where the log has that and not the text; else null.
    pub stated_chars: Option<i64>,
    /// What the text was, where it was a known form: `no_op`, `slash_command`, `interrupt`, `continue`, `retry`; on a tool call `poll`, a command
    /// that only waits or asks.
    pub marker: Option<&'static str>,
    /// Slash command, with its slash, when `marker` is `slash_command`.
    pub command: Option<String>,
    /// Tool name on tool steps.
    pub tool_name: Option<String>,
    /// Joins a call and its result.
    pub call_id: Option<String>,
    /// The step failed.
    pub is_error: Option<bool>,
    /// What the tool step did to the world.
    pub effect: Option<Effect>,
    /// What it touched: `filesystem`, `git`, `shell`, `slack`, `email`, `calendar`, `ticket`, `browser`, `database`, ...
    pub system: Option<String>,
    /// Who let it run.
    pub approval: Option<Approval>,
    /// File or resource touched, as logged.
    pub path: Option<String>,
    /// Working repository: remote URL or directory.
    pub repo: Option<String>,
    /// Working branch.
    pub branch: Option<String>,
    /// Duration in milliseconds.
    pub duration_ms: Option<i64>,
    /// Hash of (tool, normalised arguments) on tool calls.
    pub call_hash: Option<i64>,
    /// Hashes of the names in the arguments of a tool call (see [`crate::fingerprint::sketch_call`]).
    pub call_names: Vec<i64>,
    /// Hash of the masked result on tool results.
    pub result_hash: Option<i64>,
    /// Sorted distinct hashes of the non-trivial lines that an edit added (see [`crate::fingerprint::line_hashes`]). Ingest empties those of files that
    /// nobody writes: lock files, vendored, generated and minified ones.
    pub added_lines: Vec<i64>,
    /// When the source last changed what it says of the step, microseconds since the epoch, where later copies correct earlier ones: it decides before all
    /// counts which copy stays (see [`super::ids::event_version`]). In no column.
    pub updated_us: Option<i64>,
}

impl Event {
    /// An event with the required fields set and everything else null, unknown or empty.
    pub fn new(ts_us: i64, session_id: impl Into<String>, kind: Kind, client: impl Into<String>) -> Self {
        Self {
            ts_us,
            utc_offset_min: None,
            session_id: session_id.into(),
            parent_session_id: None,
            event_id: None,
            request_id: None,
            response_id: None,
            actor_id: None,
            os_user: None,
            kind,
            trigger: Trigger::Unknown,
            trigger_evidence: None,
            client: client.into(),
            provider: None,
            model: None,
            tokens: Tokens::default(),
            token_basis: None,
            output_is_lower_bound: false,
            output_estimate: None,
            cost_micro_usd: None,
            cost_basis: None,
            text: None,
            stated_chars: None,
            marker: None,
            command: None,
            tool_name: None,
            call_id: None,
            is_error: None,
            effect: None,
            system: None,
            approval: None,
            path: None,
            repo: None,
            branch: None,
            duration_ms: None,
            call_hash: None,
            call_names: Vec::new(),
            result_hash: None,
            added_lines: Vec::new(),
            updated_us: None,
        }
    }
}

/// Something that came of the work.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// When it landed (or was last seen), microseconds since the epoch, UTC.
    pub ts_us: i64,
    /// Commit SHA, `owner/repo#12`, `PROJ-7`.
    pub outcome_id: String,
    /// What it is.
    pub kind: OutcomeKind,
    /// What became of it.
    pub status: OutcomeStatus,
    /// Author as the source has it (for git: the e-mail after mailmap); null when unknown.
    pub actor_id: Option<String>,
    /// Sessions that the source itself names (trailer, checkpoint, note, pull-request link).
    pub session_ids: Vec<String>,
    /// Repository: remote URL or directory.
    pub repo: Option<String>,
    /// Branch, where known.
    pub branch: Option<String>,
    /// Files changed, relative to the repository root.
    pub paths: Vec<String>,
    /// Lines added.
    pub lines_added: Option<i64>,
    /// Lines deleted.
    pub lines_deleted: Option<i64>,
    /// Added lines still on the default branch at the as-of date.
    pub lines_surviving: Option<i64>,
    /// Sorted distinct hashes of the non-trivial added lines.
    pub added_lines: Vec<i64>,
    /// Ids of other outcomes that it names (`#12`, `PROJ-7`, a reverted SHA).
    pub refs: Vec<String>,
    /// Which view of the source is newer: the larger version replaces the smaller one of the same
    /// (kind, outcome_id). For git it grows with the newest commit read, then with what has landed; elsewhere it is the second since the
    /// epoch in which the source last changed the outcome; 0 where nobody says. See [`super::ids::outcome_version`].
    pub version: i64,
}

impl Outcome {
    /// An outcome with the required fields set and everything else null or empty.
    pub fn new(ts_us: i64, outcome_id: impl Into<String>, kind: OutcomeKind, status: OutcomeStatus) -> Self {
        Self {
            ts_us,
            outcome_id: outcome_id.into(),
            kind,
            status,
            actor_id: None,
            session_ids: Vec::new(),
            repo: None,
            branch: None,
            paths: Vec::new(),
            lines_added: None,
            lines_deleted: None,
            lines_surviving: None,
            added_lines: Vec::new(),
            refs: Vec::new(),
            version: 0,
        }
    }
}

/// A sum over a span of time that somebody else counted: a vendor's admin report, or another reader of the same logs.
///
/// It holds what requests hold, so it stands beside the totals of events, for comparison and for seats without logs, and is never added to them.
/// Every count is null where the report does not state it.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// First moment of the span, microseconds since the epoch, UTC.
    pub from_us: i64,
    /// First moment after it.
    pub to_us: i64,
    /// The report: `anthropic.messages`, `ccusage.daily`.
    pub report: &'static str,
    /// Who counted.
    pub counted_by: CountedBy,
    /// The tool whose use is summed; null where the report covers every use of a provider.
    pub client: Option<String>,
    /// Account, where the report has one.
    pub actor_id: Option<String>,
    /// API key, where the report has one.
    pub key_id: Option<String>,
    /// Workspace, project, organisation or enterprise, where the report has one.
    pub group_id: Option<String>,
    /// Session, where the sum is over one.
    pub session_id: Option<String>,
    /// Model provider.
    pub provider: Option<String>,
    /// Model; null where the sum is over all.
    pub model: Option<String>,
    /// What else tells this row from others of the same span: service tier, terminal, or the number of one of several equal rows.
    pub dimension: Option<String>,
    /// What started the requests, where the report tells people from machines.
    pub trigger: Trigger,
    /// Usage.
    pub tokens: Tokens,
    /// Cost in millionths of a US dollar, as reported.
    pub cost_micro_usd: Option<i64>,
    /// Requests to a model.
    pub requests: Option<i64>,
    /// Prompts of people.
    pub prompts: Option<i64>,
    /// Sessions.
    pub sessions: Option<i64>,
    /// Lines that suggestions held.
    pub lines_suggested: Option<i64>,
    /// Lines added.
    pub lines_added: Option<i64>,
    /// Lines deleted.
    pub lines_deleted: Option<i64>,
    /// Suggested edits that were taken.
    pub edits_accepted: Option<i64>,
    /// Suggested edits that were not.
    pub edits_rejected: Option<i64>,
    /// Commits.
    pub commits: Option<i64>,
    /// Pull requests.
    pub pull_requests: Option<i64>,
    /// Whether the account used its seat in the span; null where the report has no seats. False is a seat without use.
    pub seat_used: Option<bool>,
}

impl Aggregate {
    /// An aggregate over a span, with everything else null.
    pub fn new(from_us: i64, to_us: i64, report: &'static str, counted_by: CountedBy) -> Self {
        Self {
            from_us,
            to_us,
            report,
            counted_by,
            client: None,
            actor_id: None,
            key_id: None,
            group_id: None,
            session_id: None,
            provider: None,
            model: None,
            dimension: None,
            trigger: Trigger::Unknown,
            tokens: Tokens::default(),
            cost_micro_usd: None,
            requests: None,
            prompts: None,
            sessions: None,
            lines_suggested: None,
            lines_added: None,
            lines_deleted: None,
            edits_accepted: None,
            edits_rejected: None,
            commits: None,
            pull_requests: None,
            seat_used: None,
        }
    }
}

/// One line of `roster.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterEntry {
    /// Canonical id of the person or service.
    pub actor_id: String,
    /// E-mails, logins, API key ids.
    pub aliases: Vec<String>,
    /// Team.
    pub team_id: Option<String>,
    /// Role family: `engineer`, `manager`, ...
    pub role: Option<String>,
    /// True for a service account.
    pub is_service: bool,
    /// IANA zone.
    pub time_zone: Option<String>,
    /// First day on the roster, `YYYY-MM-DD`.
    pub active_from: Option<String>,
    /// Last day on the roster, `YYYY-MM-DD`.
    pub active_to: Option<String>,
    /// Tools that they hold a seat of, by the name that logs give them (`claude-code`, `github-copilot`); empty where the roster does not say.
    pub licences: Vec<String>,
}

/// What a [`Fact`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactName {
    /// `value` is a [`Trigger`] word; `rank` says how reliable the evidence is (1 is best, `formats.md` 3.3).
    Trigger,
    /// A scheduled run's delivery: `delivered`, `not_delivered`, `not_requested`, `unknown`.
    Delivery,
    /// A declared schedule: the cron expression, `every:<ms>` or `at:<time>`.
    Schedule,
    /// The session's parent, `value` is its id.
    Parent,
    /// The source says nothing came of this run (`skipped`, `no_op`).
    RunStatus,
    /// An outcome that the log itself names, `value` is its id: a pull request that the session opened.
    Outcome,
    /// Lines of a commit that are the session's by a record that the tool itself left: `value` is the commit and their number, `<sha> 13`.
    AttestedLines,
    /// A note that totals need, for example `output_lower_bound`.
    Note,
}

impl FactName {
    /// The word that the lake uses.
    pub fn as_str(self) -> &'static str {
        match self {
            FactName::Trigger => "trigger",
            FactName::Delivery => "delivery",
            FactName::Schedule => "schedule",
            FactName::Parent => "parent",
            FactName::RunStatus => "run_status",
            FactName::Outcome => "outcome",
            FactName::AttestedLines => "attested_lines",
            FactName::Note => "note",
        }
    }
}

/// Something that one file says about a session whose steps may stand in another file. Facts are joined
/// in SQL, so that the order in which files are read cannot matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The session it is about.
    pub session_id: String,
    /// When, microseconds since the epoch; null when it holds for the whole session.
    pub ts_us: Option<i64>,
    /// What it says.
    pub name: FactName,
    /// What it says, as a word.
    pub value: String,
    /// Reliability of the evidence: 1 is best.
    pub rank: i32,
    /// The rule or record that says it, for example `trajectory.trigger=cron`.
    pub evidence: String,
}
