//! `footlight status`: what the lake holds, how fresh it is, what was rejected, and how the last run ended. Names no person.

use super::Exit;
use super::freshness::Freshness;
use super::settings::Settings;
use crate::cli::{Global, StatusArgs};
use crate::engine::Engine;
use crate::engine::rows::Columns;
use crate::lake::{HeldFile, Lake, LakeVersion, OldFiles, Table};
use crate::output::Printer;
use crate::privacy::{Tombstones, terminal};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;

/// One table.
#[derive(Debug, Serialize)]
struct Held {
    table: &'static str,
    version: Option<i64>,
    rows: usize,
    files: usize,
    bytes: u64,
    /// Of data files that are no part of the table any more.
    old_bytes: u64,
}

/// What one source brought.
#[derive(Debug, Serialize)]
struct OfSource {
    source: String,
    inputs: i64,
    events: i64,
    outcomes: i64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

/// Runs the command.
pub async fn run(args: &StatusArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let settings = Settings::resolve(global)?;
    let lake = Lake::open(&args.lake)?;
    let mut tables = Vec::new();
    for table in Table::ALL.into_iter().filter(|table| lake.directory(*table).is_dir()) {
        let files = lake.held_files(table).await?;
        tables.push(Held {
            table: table.name(),
            version: lake.delta(table).await?.version().map(|version| version as i64),
            rows: files.iter().filter_map(|file: &HeldFile| file.rows).sum(),
            files: files.len(),
            bytes: files.iter().map(|file| file.bytes).sum(),
            old_bytes: lake.vacuum(table, OldFiles::All, true).await?.bytes,
        });
    }
    let versions = (lake.oldest_kept().await?, lake.versions()?.last().copied());
    let engine = Engine::new(&settings.engine_limits())?;
    for table in Table::ALL {
        engine.register(table.name(), lake.provider(table).await?)?;
    }
    let sources = sources(&engine).await?;
    let quarantine = quarantine(&engine).await?;
    let freshness = Freshness::of(&lake, &settings, Timestamp::now()).await?;
    let last_run = last_run(lake.root())?;
    let erased = forgotten(lake.root())?;
    printer.text(&text(&tables, versions, &sources, &quarantine, &freshness, last_run.as_ref(), erased))?;
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0, "lake": args.lake, "tables": tables,
        "oldest_version": versions.0, "newest_version": versions.1,
        "sources": sources, "quarantine": quarantine.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        "freshness": freshness, "last_run": last_run, "people_forgotten": erased,
    }))?;
    Ok(Exit::Done)
}

async fn sources(engine: &Engine) -> anyhow::Result<Vec<OfSource>> {
    let sql = "select source, sum(inputs) as inputs, sum(events) as events, sum(outcomes) as outcomes, min(first) as first, max(last) as last
        from (
            select source, 1 as inputs, 0 as events, 0 as outcomes, cast(null as timestamp with time zone) as first,
                cast(null as timestamp with time zone) as last
            from ingested
            union all
            select source, 0 as inputs, 1 as events, 0 as outcomes, ts as first, ts as last from events
            union all
            select source, 0 as inputs, 0 as events, 1 as outcomes, ts as first, ts as last from outcomes
        ) as t
        group by source
        order by source";
    let mut sources = Vec::new();
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let (source, inputs) = (columns.text("source")?, columns.integer("inputs")?);
        let (events, outcomes) = (columns.integer("events")?, columns.integer("outcomes")?);
        let (first, last) = (columns.time("first")?, columns.time("last")?);
        for row in 0..batch.num_rows() {
            sources.push(OfSource {
                source: source.required(row)?,
                inputs: inputs.required(row)?,
                events: events.required(row)?,
                outcomes: outcomes.required(row)?,
                first: first.get(row).map(Timestamp::from_microsecond).transpose()?,
                last: last.get(row).map(Timestamp::from_microsecond).transpose()?,
            });
        }
    }
    Ok(sources)
}

async fn quarantine(engine: &Engine) -> anyhow::Result<Vec<(String, i64)>> {
    let mut reasons = Vec::new();
    for batch in engine.rows("select reason, count(*) as n from quarantine group by reason order by reason").await? {
        let columns = Columns::new(&batch);
        let (reason, count) = (columns.text("reason")?, columns.integer("n")?);
        for row in 0..batch.num_rows() {
            reasons.push((reason.required(row)?, count.required(row)?));
        }
    }
    Ok(reasons)
}

/// People who were forgotten: tombstones, without what a killed run left of one.
fn forgotten(lake: &Path) -> anyhow::Result<usize> {
    if !Tombstones::exist(lake)? {
        return Ok(0);
    }
    let mut count = 0;
    for entry in std::fs::read_dir(lake.join("tombstones"))? {
        count += usize::from(entry?.path().extension().is_some_and(|extension| extension == "json"));
    }
    Ok(count)
}

/// The record of the newest run, without its arguments and lists; none when there was no run.
fn last_run(lake: &Path) -> anyhow::Result<Option<Value>> {
    let directory = lake.join("runs");
    if !directory.is_dir() {
        return Ok(None);
    }
    let mut records: Vec<_> =
        std::fs::read_dir(&directory)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    records.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    let Some(newest) = records.into_iter().max() else { return Ok(None) };
    let record: Value = serde_json::from_str(&std::fs::read_to_string(newest)?)?;
    let told = ["run_id", "started_at", "finished_at", "seconds", "status", "exit_code", "error", "policy_hash"];
    let told = told.into_iter().map(|key| (key.to_owned(), record.get(key).cloned().unwrap_or(Value::Null)));
    Ok(Some(Value::Object(told.collect())))
}

fn text(
    tables: &[Held],
    versions: (Option<LakeVersion>, Option<LakeVersion>),
    sources: &[OfSource],
    quarantine: &[(String, i64)],
    freshness: &Freshness,
    last_run: Option<&Value>,
    erased: usize,
) -> String {
    let mut out = "table        version         rows   files          bytes      old bytes\n".to_owned();
    for one in tables {
        let version = one.version.map_or_else(String::new, |version| version.to_string());
        let _ = writeln!(
            out,
            "{:<12}{version:>8} {:>12} {:>7} {:>14} {:>14}",
            one.table, one.rows, one.files, one.bytes, one.old_bytes
        );
    }
    if let (Some(oldest), Some(newest)) = versions {
        let of = |version: LakeVersion| format!("{} ({})", version.number, version.committed());
        let span = if oldest == newest { of(newest) } else { format!("{} to {}", of(oldest), of(newest)) };
        let _ = writeln!(out, "\nversions that can be read: {span}");
    }
    out.push_str("\nsource                inputs       events   outcomes  first                last\n");
    let moment = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.strftime("%FT%TZ").to_string());
    for one in sources {
        let name = if one.source.is_empty() { "(unreadable)" } else { one.source.as_str() };
        let _ = writeln!(
            out,
            "{:<20}{:>8} {:>12} {:>10}  {:<21}{}",
            terminal(name),
            one.inputs,
            one.events,
            one.outcomes,
            moment(one.first),
            moment(one.last)
        );
    }
    let _ = writeln!(out, "\nwatermark   {}", moment(freshness.watermark));
    if let Some(lag) = freshness.lag_seconds {
        let _ = writeln!(out, "lag         {} hours", lag / 3_600);
    }
    let rejected: Vec<String> = quarantine.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let _ =
        writeln!(out, "quarantine  {}", if rejected.is_empty() { "nothing".to_owned() } else { rejected.join(", ") });
    let _ = writeln!(out, "forgotten   {erased} people");
    let told = |record: &Value, key: &str| record[key].as_str().map_or_else(|| record[key].to_string(), str::to_owned);
    let last = last_run.map_or_else(
        || "none".to_owned(),
        |record| {
            format!("{} {}, exit code {}", told(record, "started_at"), told(record, "status"), record["exit_code"])
        },
    );
    let _ = writeln!(out, "last run    {}", terminal(&last));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_run_left_is_nobody() {
        let lake = tempfile::tempdir().unwrap();
        assert_eq!(forgotten(lake.path()).unwrap(), 0);
        let directory = lake.path().join("tombstones");
        std::fs::create_dir(&directory).unwrap();
        for name in ["ab.json", "cd.json", ".tmpAb3xYz"] {
            std::fs::write(directory.join(name), "{}").unwrap();
        }
        assert_eq!(forgotten(lake.path()).unwrap(), 2);
    }
}
