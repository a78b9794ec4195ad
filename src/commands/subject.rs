//! `footlight subject`: one person's own file. Who asks for it and why stands in the access log before anything is written.

use super::base_tables::{self, BaseTables};
use super::identity::{IdentityResolver, UNASSIGNED};
use super::settings::Settings;
use super::{Exit, UsageError, access, explain};
use crate::cli::{Global, SubjectArgs};
use crate::engine::Engine;
use crate::engine::rows::Columns;
use crate::lake::Lake;
use crate::output::Printer;
use crate::privacy::{Domain, Pseudonyms};
use crate::report::case::CaseReading;
use crate::report::inputs::SignalEntry;
use crate::report::subject::{Held, Person, SubjectFile, SubjectSession, SubjectWeek};
use crate::results::{RunFile, explanations, read, write_file};
use crate::score::explain::Explanation;
use crate::score::rows::{ActorWeekRow, AttributionRow, FindingRow, SessionRow};
use anyhow::Context;
use datafusion::prelude::{col, lit};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Runs the command.
pub async fn run(args: &SubjectArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    access::check_reason("subject", &args.reason)?;
    let settings = Settings::resolve(global)?;
    let lake = Lake::open(&args.lake)?;
    let pseudonyms = Pseudonyms::open(settings.config.privacy.key_file.as_deref(), lake.root())?;
    let engine = Engine::new(&settings.engine_limits())?;
    let base = base_tables::register(&engine, &lake, &settings.config, base_tables::Span::default()).await?;
    let account = account(&args.id, &base, &base.resolver, &pseudonyms)?;
    let pseudonym = pseudonyms.of(Domain::Actor, &account);
    access::log(&lake, "subject", &pseudonym, &args.reason)?;
    let mut file = from_results(&args.out.out, &pseudonym)?;
    file.person = person(&account, pseudonym.clone(), &base);
    file.held = held(&engine, &account).await?;
    let directory = args.to.clone().unwrap_or_else(|| args.out.out.join("subjects").join(&pseudonym));
    make_private(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let files = [("subject.html", file.html()?), ("subject.md", file.markdown()?), ("subject.json", file.json()?)];
    let mut paths = Vec::new();
    for (name, text) in files {
        let path = directory.join(name);
        write_file(&path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
        paths.push(path);
    }
    let [weeks, sessions] = [file.weeks.len(), file.sessions.len()];
    printer.text(&format!("{weeks} weeks and {sessions} sessions of {pseudonym}: {}\n", directory.display()))?;
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0,
        "pseudonym": pseudonym, "weeks": weeks, "sessions": sessions, "files": paths,
    }))?;
    Ok(Exit::Done)
}

/// The actor that is meant: an account, one of its aliases, or its pseudonym.
pub(super) fn account(
    id: &str,
    base: &BaseTables,
    resolver: &IdentityResolver,
    pseudonyms: &Pseudonyms,
) -> anyhow::Result<String> {
    let resolved = resolver.session_actor(id, "", "");
    let by_pseudonym = || base.actors.iter().find(|actor| pseudonyms.is_of(Domain::Actor, actor, id)).cloned();
    let found = base.actors.get(&resolved).cloned().or_else(by_pseudonym).filter(|actor| actor != UNASSIGNED);
    // The name is not repeated: messages end in logs.
    Ok(found.ok_or_else(|| UsageError("--id: no account, alias or pseudonym of this lake is called so".to_owned()))?)
}

fn person(account: &str, pseudonym: String, base: &BaseTables) -> Person {
    let entry = base.roster.iter().find(|entry| entry.actor_id == account);
    Person {
        account: account.to_owned(),
        pseudonym,
        aliases: entry.map_or_else(Vec::new, |entry| entry.aliases.clone()),
        team_id: entry.and_then(|entry| entry.team_id.clone()).unwrap_or_else(|| UNASSIGNED.to_owned()),
        role: entry.and_then(|entry| entry.role.clone()),
        time_zone: entry.and_then(|entry| entry.time_zone.clone()),
        active_from: entry.and_then(|entry| entry.active_from.clone()),
        active_to: entry.and_then(|entry| entry.active_to.clone()),
    }
}

/// What the tables of a run hold under one pseudonym.
fn from_results(out: &Path, pseudonym: &str) -> anyhow::Result<SubjectFile> {
    let file = RunFile::read(out)?;
    let mut weeks = read::<ActorWeekRow>(out)?;
    weeks.retain(|row| row.actor == pseudonym);
    weeks.sort_by(|one, two| one.iso_week.cmp(&two.iso_week));
    let mut sessions = read::<SessionRow>(out)?;
    sessions.retain(|row| row.actor == pseudonym);
    sessions.sort_by(|one, two| (one.started_at, &one.session_id).cmp(&(two.started_at, &two.session_id)));
    let own: BTreeSet<String> = sessions.iter().map(|row| row.session_id.clone()).collect();
    let prefix = format!("{pseudonym}/");
    let mut by_unit = BTreeMap::<String, (Explanation, Vec<CaseReading>)>::new();
    for (explanation, rows) in explanations(out, |unit| own.contains(unit) || unit.starts_with(&prefix))? {
        let readings = rows.iter().map(|row| CaseReading::new(row, &file.catalogue)).collect();
        by_unit.insert(explanation.unit_id.clone(), (explanation, readings));
    }
    let signals = spoken(by_unit.values().flat_map(|(_, readings)| readings), &file.catalogue);
    let mut read_of = |unit: &str| {
        by_unit.remove(unit).map_or_else(|| (None, Vec::new()), |(explanation, readings)| (Some(explanation), readings))
    };
    Ok(SubjectFile {
        schema_version: SubjectFile::SCHEMA_VERSION,
        person: Person::default(),
        held: Vec::new(),
        findings: read::<FindingRow>(out)?.into_iter().filter(|row| own.contains(&row.session_id)).collect(),
        attribution: read::<AttributionRow>(out)?.into_iter().filter(|row| own.contains(&row.session_id)).collect(),
        weeks: weeks
            .into_iter()
            .map(|week| {
                let (explanation, readings) = read_of(&format!("{prefix}{}", week.iso_week));
                SubjectWeek { week, explanation, readings }
            })
            .collect(),
        sessions: sessions
            .into_iter()
            .map(|session| {
                let (explanation, readings) = read_of(&session.session_id);
                SubjectSession { session, explanation, readings }
            })
            .collect(),
        signals,
        origin: explain::origin(&file),
    })
}

/// The catalogue's words for the signals that spoke about any of the units.
fn spoken<'a>(readings: impl Iterator<Item = &'a CaseReading>, catalogue: &[SignalEntry]) -> Vec<SignalEntry> {
    let names: BTreeSet<&str> =
        readings.filter(|reading| reading.status == "speak").map(|reading| reading.signal.as_str()).collect();
    catalogue.iter().filter(|entry| names.contains(entry.name.as_str())).cloned().collect()
}

/// What the lake holds of an account, by table and source.
async fn held(engine: &Engine, account: &str) -> anyhow::Result<Vec<Held>> {
    let sql = "select t.name, t.source, t.actor_id, count(distinct t.source_file) as files, count(*) as records,
            min(t.ts) as first, max(t.ts) as last
        from (
            select 'events' as name, e.source, i.actor_id, e.source_file, e.ts
            from events as e
            inner join identities as i
                on coalesce(e.actor_id, '') = i.actor_raw
                and coalesce(e.os_user, '') = i.os_user
                and e.source_file = i.source_file
            union all
            select 'outcomes' as name, o.source, i.actor_id, o.source_file, o.ts
            from outcomes as o
            inner join outcome_identities as i on coalesce(o.actor_id, '') = i.actor_raw
            union all
            select 'aggregates' as name, a.source, i.actor_id, a.source_file, a.from_ts as ts
            from aggregates as a
            inner join aggregate_identities as i on coalesce(a.actor_id, a.key_id, a.group_id, '') = i.actor_raw
            where a.actor_id is not null or a.key_id is not null
        ) as t
        group by t.name, t.source, t.actor_id
        order by t.name, t.source";
    let frame = engine.query(sql).await?.filter(col("actor_id").eq(lit(account)))?;
    let frame = frame.sort(vec![col("name").sort(true, false), col("source").sort(true, false)])?;
    let mut held = Vec::new();
    for batch in frame.collect().await? {
        let columns = Columns::new(&batch);
        let (table, source) = (columns.text("name")?, columns.text("source")?);
        let (files, records) = (columns.integer("files")?, columns.integer("records")?);
        let (first, last) = (columns.time("first")?, columns.time("last")?);
        let moment = |at: Option<i64>| {
            at.and_then(|at| jiff::Timestamp::from_microsecond(at).ok()).map_or_else(String::new, |at| at.to_string())
        };
        for row in 0..batch.num_rows() {
            held.push(Held {
                table: table.required(row)?,
                source: source.required(row)?,
                files: files.required(row)?,
                records: records.required(row)?,
                first: moment(first.get(row)),
                last: moment(last.get(row)),
            });
        }
    }
    Ok(held)
}

/// A directory that only its owner can look into.
fn make_private(directory: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}
