//! `footlight sources try`: what would be read of a file, which source would read it, and why. Nothing is written.

use super::settings::Settings;
use super::{Exit, UsageError};
use crate::cli::{Global, SourcesTryArgs};
use crate::events::{Aggregate, Event, Fact, Outcome, RosterEntry};
use crate::ingest::{Redactor, from_root};
use crate::output::Printer;
use crate::privacy::{Secrets, terminal};
use crate::sources::companions::{Companion, Companions};
use crate::sources::{
    self, Input, Limits, PROBE_BYTES, Position, Probe, Reason, Sink, Source, SourceOptions, Unit, canonical,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// Runs the command.
pub fn run(args: &SourcesTryArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let settings = Settings::resolve(global)?;
    let source = super::settings::named_source(&args.source)?;
    let options = Arc::new(settings.config.source_options());
    let mut files = Vec::new();
    let mut text = String::new();
    for path in &args.file {
        let tried = try_file(path, source, &options, args.records)?;
        text.push_str(&tried.text(path));
        files.push(tried.json(path));
    }
    let is_whole = files.iter().all(|file| file["rejected"].as_object().is_some_and(Map::is_empty));
    let exit = if is_whole { Exit::Done } else { Exit::Partial };
    printer.text(&text)?;
    printer.json(&json!({ "schema_version": 1, "status": exit.word(), "exit_code": exit as u8, "files": files }))?;
    Ok(exit)
}

/// Reads one file into counts and first records.
fn try_file(
    path: &Path,
    source: Option<&'static dyn Source>,
    options: &Arc<SourceOptions>,
    records: usize,
) -> anyhow::Result<Tried> {
    let unit = match std::fs::metadata(path) {
        Ok(found) if found.is_file() => Unit::File,
        Ok(_) if path.join(".git").exists() || path.join("HEAD").is_file() => Unit::GitRepository,
        Ok(_) => return Err(UsageError(format!("{} is a directory; name files", path.display())).into()),
        Err(_) => return Err(UsageError(format!("there is no {}", path.display())).into()),
    };
    let place = from_root(path);
    let input = Input {
        path: place.clone(),
        name: path.to_string_lossy().into_owned(),
        unit,
        start: 0,
        limits: Limits::default(),
        as_of_us: None,
        options: Arc::clone(options),
        unpacked: None,
    };
    let mut tried = Tried { wanted: records, ..Tried::default() };
    let mut head = Vec::new();
    if unit == Unit::File {
        let read = input.open().and_then(|file| {
            file.take(PROBE_BYTES as u64).read_to_end(&mut head).map_err(|error| input.io_error(error))
        });
        if let Err(error) = read {
            tried.reject(Position::default(), error.reason(), &error.to_string());
            return Ok(tried);
        }
    }
    let probe = Probe { path: &place, unit, head: &head, options };
    let recognised = sources::recognise(&probe);
    let mismatches = options.mappings.iter().filter_map(|mapping| Some((mapping.name(), mapping.mismatch(&probe)?)));
    tried.mismatches = mismatches.map(|(name, mismatch)| (name.to_owned(), mismatch)).collect();
    let Some(source) = source.or(recognised) else {
        tried.reject(Position::default(), Reason::UnknownFormat, &unrecognised(&probe));
        return Ok(tried);
    };
    tried.source = Some(source.name());
    tried.reason = match recognised {
        Some(found) if found.name() == source.name() => source.recognised_by(&probe),
        _ => "because --source says so; by its content it is not".to_owned(),
    };
    if let Err(error) = source.read(&input, &mut tried) {
        tried.reject(Position::default(), error.reason(), &error.to_string());
    }
    Ok(tried)
}

/// Why there is no source: a tool keeps more in its directory than logs, and a run over that directory passes such files over; or a name says more than a header
/// holds.
fn unrecognised(probe: &Probe<'_>) -> String {
    let nothing = "no source recognises its content";
    match Companions::new(probe.options).of(probe.path) {
        Some(Companion { source, kind, is_work: false }) => {
            format!(
                "{nothing}: it is what {source} keeps beside its logs ({kind}), which a run over the whole directory passes over"
            )
        }
        _ => canonical::lacking(probe).map_or_else(|| nothing.to_owned(), |lacking| format!("{nothing}: {lacking}")),
    }
}

/// Names and values, in the order in which people read them.
type Fields = Vec<(&'static str, Value)>;

/// What was seen of one file.
#[derive(Default)]
struct Tried {
    source: Option<&'static str>,
    reason: String,
    /// Why the file is not that of each `[[mapping]]` that it is not.
    mismatches: BTreeMap<String, String>,
    /// First records and rejects to keep, of each kind.
    wanted: usize,
    counts: BTreeMap<&'static str, u64>,
    records: Vec<Fields>,
    rejected: BTreeMap<&'static str, u64>,
    rejects: Vec<Fields>,
    ignored: BTreeMap<&'static str, u64>,
    unknown_fields: BTreeMap<String, u64>,
}

impl Tried {
    fn record(&mut self, table: &'static str, at: Position, mut fields: Fields) {
        *self.counts.entry(table).or_default() += 1;
        if self.records.len() < self.wanted {
            fields.retain(|(_, value)| !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty()));
            fields.splice(0..0, [("line", at.line.into()), ("byte_offset", at.offset.into()), ("table", table.into())]);
            self.records.push(fields);
        }
    }

    fn json(&self, path: &Path) -> Value {
        let objects =
            |lines: &[Fields]| -> Vec<Value> { lines.iter().map(|fields| fields.iter().cloned().collect()).collect() };
        json!({
            "file": path.to_string_lossy(), "source": self.source, "recognised_by": self.reason, "not_of_mapping": self.mismatches,
            "read": self.counts,
            "records": objects(&self.records), "rejected": self.rejected, "rejects": objects(&self.rejects), "ignored": self.ignored,
            "unknown_fields": self.unknown_fields,
        })
    }

    fn text(&self, path: &Path) -> String {
        let mut out = format!("{}\n", terminal(&path.to_string_lossy()));
        match self.source {
            Some(source) => {
                let _ = writeln!(out, "  source: {source}, {}", terminal(&self.reason));
            }
            None => out.push_str("  source: none\n"),
        }
        // Where a mapping has the file, nobody asks why the others have not.
        for (mapping, mismatch) in self.mismatches.iter().filter(|_| self.source != Some("mapping")) {
            let _ = writeln!(out, "  not of mapping `{mapping}`: {}", terminal(mismatch));
        }
        for (table, count) in &self.counts {
            let _ = writeln!(out, "  {count:>9} {table}");
        }
        for (reason, count) in &self.rejected {
            let _ = writeln!(out, "  {count:>9} rejected: {reason}");
        }
        for (kind, count) in &self.ignored {
            let _ = writeln!(out, "  {count:>9} ignored: {kind}");
        }
        if !self.unknown_fields.is_empty() {
            let names: Vec<&str> = self.unknown_fields.keys().map(String::as_str).collect();
            let _ = writeln!(out, "  not read: {}", terminal(&names.join(", ")));
        }
        for (title, lines) in [("first records", &self.records), ("first rejects", &self.rejects)] {
            if lines.is_empty() {
                continue;
            }
            let _ = writeln!(out, "  {title}:");
            for line in lines {
                let _ = writeln!(out, "    {}", fields_of(line));
            }
        }
        out
    }
}

/// A record in one line: its fields by name.
fn fields_of(fields: &Fields) -> String {
    let spelled = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap_or("?")).collect::<Vec<_>>().join(";"),
        other => other.to_string(),
    };
    terminal(&fields.iter().map(|(name, value)| format!("{name}={}", spelled(value))).collect::<Vec<_>>().join(" "))
}

fn time(us: i64) -> Value {
    jiff::Timestamp::from_microsecond(us).map_or(Value::Null, |moment| moment.to_string().into())
}

impl Sink for Tried {
    fn event(&mut self, at: Position, mut event: Event) {
        Redactor::new(&Secrets::unkeyed()).event(&mut event);
        let dollars = event.cost_micro_usd.map(|micro| format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000));
        let fields = vec![
            ("ts", time(event.ts_us)),
            ("kind", event.kind.as_str().into()),
            ("session_id", event.session_id.into()),
            ("parent_session_id", event.parent_session_id.into()),
            ("event_id", event.event_id.into()),
            ("actor_id", event.actor_id.into()),
            ("trigger", event.trigger.as_str().into()),
            ("client", event.client.into()),
            ("model", event.model.into()),
            ("input_tokens", event.tokens.input.into()),
            ("output_tokens", event.tokens.output.into()),
            ("cache_read_tokens", event.tokens.cache_read.into()),
            ("cache_write_tokens", event.tokens.cache_write.into()),
            ("token_basis", event.token_basis.map(|basis| basis.as_str()).into()),
            ("cost_usd", dollars.into()),
            ("text_words", event.text.map(|text| text.words).into()),
            ("tool_name", event.tool_name.into()),
            ("effect", event.effect.map(|effect| effect.as_str()).into()),
            ("system", event.system.into()),
            ("path", event.path.into()),
            ("repo", event.repo.into()),
        ];
        self.record("events", at, fields);
    }

    fn outcome(&mut self, at: Position, mut outcome: Outcome) {
        Redactor::new(&Secrets::unkeyed()).outcome(&mut outcome);
        let fields = vec![
            ("ts", time(outcome.ts_us)),
            ("kind", outcome.kind.as_str().into()),
            ("status", outcome.status.as_str().into()),
            ("outcome_id", outcome.outcome_id.into()),
            ("actor_id", outcome.actor_id.into()),
            ("session_id", outcome.session_ids.into()),
            ("repo", outcome.repo.into()),
            ("branch", outcome.branch.into()),
            ("paths", outcome.paths.into()),
            ("lines_added", outcome.lines_added.into()),
            ("lines_deleted", outcome.lines_deleted.into()),
            ("lines_surviving", outcome.lines_surviving.into()),
            ("refs", outcome.refs.into()),
        ];
        self.record("outcomes", at, fields);
    }

    fn fact(&mut self, at: Position, mut fact: Fact) {
        Redactor::new(&Secrets::unkeyed()).fact(&mut fact);
        let fields = vec![
            ("session_id", fact.session_id.into()),
            ("ts", fact.ts_us.map_or(Value::Null, time)),
            ("name", fact.name.as_str().into()),
            ("value", fact.value.into()),
            ("evidence", fact.evidence.into()),
        ];
        self.record("facts", at, fields);
    }

    fn aggregate(&mut self, at: Position, mut aggregate: Aggregate) {
        Redactor::new(&Secrets::unkeyed()).aggregate(&mut aggregate);
        let fields = vec![
            ("report", aggregate.report.into()),
            ("from", time(aggregate.from_us)),
            ("to", time(aggregate.to_us)),
            ("client", aggregate.client.into()),
            ("actor_id", aggregate.actor_id.into()),
            ("model", aggregate.model.into()),
            ("requests", aggregate.requests.into()),
            ("input_tokens", aggregate.tokens.input.into()),
            ("output_tokens", aggregate.tokens.output.into()),
        ];
        self.record("aggregates", at, fields);
    }

    fn roster(&mut self, at: Position, mut entry: RosterEntry) {
        Redactor::new(&Secrets::unkeyed()).roster(&mut entry);
        let fields = vec![
            ("actor_id", entry.actor_id.into()),
            ("aliases", entry.aliases.into()),
            ("team_id", entry.team_id.into()),
            ("role", entry.role.into()),
            ("kind", if entry.is_service { "service" } else { "person" }.into()),
            ("time_zone", entry.time_zone.into()),
        ];
        self.record("roster", at, fields);
    }

    fn reject(&mut self, at: Position, reason: Reason, detail: &str) {
        *self.rejected.entry(reason.as_str()).or_default() += 1;
        if self.rejects.len() < self.wanted {
            self.rejects.push(vec![
                ("line", at.line.into()),
                ("byte_offset", at.offset.into()),
                ("reason", reason.as_str().into()),
                ("detail", Secrets::unkeyed().redact(detail, |_| {}).into()),
            ]);
        }
    }

    fn ignore(&mut self, kind: &'static str) {
        *self.ignored.entry(kind).or_default() += 1;
    }

    fn unknown_field(&mut self, name: &str) {
        *self.unknown_fields.entry(Secrets::unkeyed().redact(name, |_| {}).into_owned()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn fixtures() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sources/mapping/fixtures")
    }

    fn options() -> Arc<SourceOptions> {
        let (config, _) = Config::load(Some(&fixtures().join("footlight.toml"))).unwrap();
        Arc::new(config.source_options())
    }

    #[test]
    fn a_file_is_shown_with_its_source_first_records_and_rejects() {
        let tried = try_file(&fixtures().join("helpdesk.csv"), None, &options(), 1).unwrap();
        insta::assert_snapshot!(tried.text(Path::new("helpdesk.csv")), @r"
        helpdesk.csv
          source: mapping, mapping `helpdesk`: it has the columns Agent, Queue, Ticket, Linked, State, Closed, Opened
                  3 outcomes
                  1 rejected: bad_timestamp
                  1 rejected: bad_value
                  1 rejected: missing_field
                  1 rejected: ragged_row
          first records:
            line=2 byte_offset=53 table=outcomes ts=2026-06-02T15:30:00Z kind=ticket status=landed outcome_id=helpdesk/eu/H-1 actor_id=ada@example.test refs=PROJ-7;acme/shop#7
          first rejects:
            line=5 byte_offset=251 reason=bad_value detail=status
        ");
        assert_eq!(tried.json(Path::new("x"))["read"]["outcomes"], 3);
    }

    #[test]
    fn a_file_that_nobody_knows_and_a_source_that_was_forced_are_said_to_be_so() {
        let toml = fixtures().join("footlight.toml");
        let tried = try_file(&toml, None, &options(), 5).unwrap();
        assert_eq!((tried.source, tried.rejected.contains_key("unknown_format")), (None, true));
        let tried = try_file(&toml, sources::by_name("linear"), &options(), 5).unwrap();
        assert!(tried.reason.starts_with("because --source"), "{}", tried.reason);
        assert!(tried.rejected.contains_key("missing_field"), "{:?}", tried.rejected);
        let requests =
            try_file(&fixtures().join("requests.ndjson"), sources::by_name("mapping"), &options(), 1).unwrap();
        assert_eq!(requests.counts["events"], 3, "forced, a mapping reads what its path does not fit");
        assert!(try_file(&fixtures(), None, &options(), 5).is_err(), "a directory");
        assert!(try_file(Path::new("/nowhere"), None, &options(), 5).is_err());
    }
}
