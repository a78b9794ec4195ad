//! The tables that models read and no model makes: the lake's, and those made from configuration and roster.

use super::identity::{IdentityLink, IdentityResolver, Links, Roster, UNASSIGNED};
use crate::config::{Config, datetime_us};
use crate::engine::Engine;
use crate::engine::rows::Columns;
use crate::engine::tables::configuration_schema;
use crate::events::RosterEntry;
use crate::lake::{Lake, Table};
use anyhow::Context;
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datafusion::catalog::TableProvider;
use datafusion::functions_aggregate::expr_fn::max;
use datafusion::prelude::{JoinType, col, lit};
use datafusion::scalar::ScalarValue;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the base tables were made of, for the stages after.
pub struct BaseTables {
    /// The roster, one entry a person or service.
    pub roster: Vec<RosterEntry>,
    /// Whose an id is, for every command that asks.
    pub resolver: IdentityResolver,
    /// Every id of events, outcomes and roster conflicts, with whom it was resolved to.
    pub links: Vec<IdentityLink>,
    /// Every actor, on the roster or seen in the data.
    pub actors: BTreeSet<String>,
    /// Moment of the newest event or outcome, or the one asked for; microseconds since the epoch.
    pub as_of_us: i64,
    /// Whether there is any event or outcome.
    pub has_data: bool,
    /// Moments of the first and the last event, microseconds since the epoch: from when to when use would be known. None without events, whatever
    /// else there is: outcomes reach back to the first commit of a repository, and come after the last log.
    pub logged_us: Option<(i64, i64)>,
    /// Events and outcomes of the lake that lie outside of the span, or have no moment while there is one.
    pub left_out: i64,
}

/// What of the lake is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    /// First moment, microseconds since the epoch; everything when none.
    pub since_us: Option<i64>,
    /// The moment that scores speak for, and the last one that is looked at; the newest event when none.
    pub as_of_us: Option<i64>,
}

impl Span {
    fn is_everything(self) -> bool {
        self.since_us.is_none() && self.as_of_us.is_none()
    }
}

/// Registers every base table.
pub async fn register(engine: &Engine, lake: &Lake, config: &Config, looked_at: Span) -> anyhow::Result<BaseTables> {
    let mut left_out = 0;
    for table in Table::ALL {
        let provider = provider(engine, lake, table).await?;
        match table {
            Table::Events | Table::Outcomes if !looked_at.is_everything() => {
                left_out += register_span(engine, table, provider, looked_at).await?;
            }
            Table::Roster => register_newest_roster(engine, provider)?,
            _ => engine.register(table.name(), provider)?,
        }
    }
    let logged_us = span(engine, Table::Events).await?;
    let landed_us = span(engine, Table::Outcomes).await?;
    let all = logged_us.into_iter().chain(landed_us).reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
    let as_of_us = looked_at.as_of_us.unwrap_or(all.map_or(0, |(_, last)| last));
    let roster = roster(engine, as_of_us).await?;
    let resolver = IdentityResolver::new(&config.identity, &roster.entries)
        .context("[[identity]] path")?
        .barring(roster.of_two_kinds());
    let mut actors: BTreeSet<String> = roster.entries.iter().map(|entry| entry.actor_id.clone()).collect();
    let mut links = Links::default();
    actors.extend(identities(engine, &resolver, &mut links).await?);
    actors.extend(outcome_identities(engine, &resolver, &mut links).await?);
    aggregate_identities(engine, &resolver).await?;
    let links = links.finish(&roster, &resolver);
    warn_of_conflicts(&links);
    let roster = roster.entries;
    register_actors(engine, &actors, &roster)?;
    register_zone_offsets(engine, &roster, all.unwrap_or_default())?;
    register_policy(engine, config)?;
    register_vantages(engine)?;
    Ok(BaseTables { roster, resolver, links, actors, as_of_us, has_data: all.is_some(), logged_us, left_out })
}

/// A table of the lake as the engine reads it: by Delta here, as the list of its files where other machines read them.
async fn provider(engine: &Engine, lake: &Lake, table: Table) -> anyhow::Result<Arc<dyn TableProvider>> {
    if engine.has_workers() {
        let files = lake.held_files(table).await?.into_iter().map(|file| file.path).collect();
        if let Some(provider) = engine.shared_files(table.name(), table.schema(), files).await? {
            return Ok(provider);
        }
    }
    Ok(lake.provider(table).await?)
}

/// Registers what a table holds of a span, and says how many rows it leaves out.
async fn register_span(
    engine: &Engine,
    table: Table,
    provider: Arc<dyn TableProvider>,
    span: Span,
) -> anyhow::Result<i64> {
    let all = engine.context().read_table(provider)?;
    let moment = |us: i64| lit(ScalarValue::TimestampMicrosecond(Some(us), Some("UTC".into())));
    let mut kept = all.clone();
    if let Some(since_us) = span.since_us {
        kept = kept.filter(col("ts").gt_eq(moment(since_us)))?;
    }
    if let Some(as_of_us) = span.as_of_us {
        kept = kept.filter(col("ts").lt_eq(moment(as_of_us)))?;
    }
    let left_out = all.count().await? - kept.clone().count().await?;
    engine.register(table.name(), kept.into_view())?;
    Ok(left_out as i64)
}

fn batch(engine: &Engine, table: &str, columns: Vec<ArrayRef>) -> anyhow::Result<()> {
    let schema = configuration_schema(table).with_context(|| format!("no base table {table}"))?;
    let batch = RecordBatch::try_new(schema.clone(), columns)?;
    Ok(engine.register_batches(table, schema, vec![batch])?)
}

fn texts<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<StringArray>())
}

fn moments(values: impl IntoIterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

/// First and last moment of events or outcomes; none without one.
async fn span(engine: &Engine, table: Table) -> anyhow::Result<Option<(i64, i64)>> {
    let sql = format!("select min(ts) as first, max(ts) as last from {}", table.name());
    for batch in engine.rows(&sql).await? {
        let columns = Columns::new(&batch);
        let (first, last) = (columns.time("first")?, columns.time("last")?);
        if batch.num_rows() > 0 {
            return Ok(first.get(0).zip(last.get(0)));
        }
    }
    Ok(None)
}

/// The messages of a run end in logs, so they name nobody.
fn warn_of_conflicts(links: &[IdentityLink]) {
    let conflicts = links.iter().filter(|link| link.is_conflict).count();
    if conflicts > 0 {
        tracing::warn!(
            "{conflicts} ids contradict themselves; `footlight identities` lists them, and whose each is taken to be"
        );
    }
}

/// Registers the rows of the roster that hold: of each id those of the newest run that read it. The lake keeps the others too.
pub fn register_newest_roster(engine: &Engine, provider: Arc<dyn TableProvider>) -> anyhow::Result<()> {
    let all = engine.context().read_table(provider)?;
    let newest = all
        .clone()
        .aggregate(vec![col("actor_id").alias("newest_actor_id")], vec![max(col("version")).alias("newest_version")])?;
    let held =
        all.join(newest, JoinType::LeftSemi, &["actor_id", "version"], &["newest_actor_id", "newest_version"], None)?;
    Ok(engine.register(Table::Roster.name(), held.into_view())?)
}

async fn roster(engine: &Engine, as_of_us: i64) -> anyhow::Result<Roster> {
    let sql = "select actor_id, array_to_string(aliases, ';') as aliases, team_id, role, kind, time_zone, active_from, active_to,
            array_to_string(licences, ';') as licences, version
        from roster order by source_file, byte_offset, roster_key";
    let mut roster = Vec::new();
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let text = |name: &str| columns.text(name);
        let (actor_id, aliases, team_id, role) = (text("actor_id")?, text("aliases")?, text("team_id")?, text("role")?);
        let (kind, time_zone) = (text("kind")?, text("time_zone")?);
        let (active_from, active_to, licences) = (text("active_from")?, text("active_to")?, text("licences")?);
        let several = |all: Option<String>| -> Vec<String> {
            all.iter().flat_map(|all| all.split(';')).filter(|one| !one.is_empty()).map(str::to_owned).collect()
        };
        let run = columns.integer("version")?;
        for row in 0..batch.num_rows() {
            let entry = RosterEntry {
                actor_id: actor_id.get(row).unwrap_or_default(),
                aliases: several(aliases.get(row)),
                team_id: team_id.get(row),
                role: role.get(row),
                is_service: kind.get(row).as_deref() == Some("service"),
                time_zone: time_zone.get(row),
                active_from: active_from.get(row),
                active_to: active_to.get(row),
                licences: several(licences.get(row)),
            };
            roster.push((entry, run.required(row)?));
        }
    }
    let as_of = jiff::Timestamp::from_microsecond(as_of_us)?.to_zoned(jiff::tz::TimeZone::UTC).date();
    Ok(Roster::of(roster, as_of))
}

async fn identities(
    engine: &Engine,
    resolver: &IdentityResolver,
    links: &mut Links,
) -> anyhow::Result<BTreeSet<String>> {
    let sql =
        "select coalesce(actor_id, '') as actor_raw, coalesce(os_user, '') as os_user, source_file, count(*) as events
        from events group by 1, 2, 3 order by 1, 2, 3";
    let mut combinations = Vec::new();
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let (raw, user, file) = (columns.text("actor_raw")?, columns.text("os_user")?, columns.text("source_file")?);
        let events = columns.integer("events")?;
        for row in 0..batch.num_rows() {
            let part = |column: &crate::engine::rows::Column<StringArray>| column.get(row).unwrap_or_default();
            combinations.push((part(&raw), part(&user), part(&file), events.required(row)?));
        }
    }
    let mut actors = Vec::with_capacity(combinations.len());
    for (raw, user, file, events) in &combinations {
        let resolution = resolver.session(raw, user, file);
        links.add(&resolution, *events, 0);
        actors.push(resolution.actor);
    }
    batch(
        engine,
        "identities",
        vec![
            texts(combinations.iter().map(|one| Some(one.0.as_str()))),
            texts(combinations.iter().map(|one| Some(one.1.as_str()))),
            texts(combinations.iter().map(|one| Some(one.2.as_str()))),
            texts(actors.iter().map(|actor| Some(actor.as_str()))),
        ],
    )?;
    Ok(actors.into_iter().collect())
}

async fn outcome_identities(
    engine: &Engine,
    resolver: &IdentityResolver,
    links: &mut Links,
) -> anyhow::Result<BTreeSet<String>> {
    let sql = "select coalesce(actor_id, '') as actor_raw, count(*) as outcomes from outcomes group by 1 order by 1";
    let (mut raw, mut actors) = (Vec::new(), Vec::new());
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let (authors, outcomes) = (columns.text("actor_raw")?, columns.integer("outcomes")?);
        for row in 0..batch.num_rows() {
            let author = authors.get(row).unwrap_or_default();
            let resolution = resolver.outcome(&author);
            links.add(&resolution, 0, outcomes.required(row)?);
            actors.push(resolution.actor);
            raw.push(author);
        }
    }
    let columns =
        vec![texts(raw.iter().map(|raw| Some(raw.as_str()))), texts(actors.iter().map(|actor| Some(actor.as_str())))];
    batch(engine, "outcome_identities", columns)?;
    Ok(actors.into_iter().collect())
}

/// Whom the reports of vendors mean by an account, a key or a group. They are no actors by that: a seat holder without use is in no figure of users.
/// Registered anew when other aggregates take the place of the lake's.
pub async fn aggregate_identities(engine: &Engine, resolver: &IdentityResolver) -> anyhow::Result<()> {
    let sql = "select distinct coalesce(actor_id, key_id, group_id, '') as actor_raw from aggregates order by 1";
    let mut raw = Vec::new();
    for batch in engine.rows(sql).await? {
        let column = Columns::new(&batch).text("actor_raw")?;
        raw.extend((0..batch.num_rows()).map(|row| column.get(row).unwrap_or_default()));
    }
    let actors: Vec<String> = raw.iter().map(|raw| resolver.session_actor(raw, "", "")).collect();
    let columns =
        vec![texts(raw.iter().map(|raw| Some(raw.as_str()))), texts(actors.iter().map(|actor| Some(actor.as_str())))];
    batch(engine, "aggregate_identities", columns)
}

fn register_actors(engine: &Engine, actors: &BTreeSet<String>, roster: &[RosterEntry]) -> anyhow::Result<()> {
    let by_id: BTreeMap<&str, &RosterEntry> = roster.iter().map(|entry| (entry.actor_id.as_str(), entry)).collect();
    let entries: Vec<Option<&RosterEntry>> = actors.iter().map(|actor| by_id.get(actor.as_str()).copied()).collect();
    let day = |text: Option<&str>| {
        let date: jiff::civil::Date = text?.parse().ok()?;
        let epoch = jiff::civil::date(1970, 1, 1);
        date.since((jiff::Unit::Day, epoch)).ok().map(|span| span.get_days())
    };
    batch(
        engine,
        "actors",
        vec![
            texts(actors.iter().map(|actor| Some(actor.as_str()))),
            texts(entries.iter().map(|entry| {
                Some(
                    entry
                        .and_then(|entry| entry.team_id.as_deref())
                        .filter(|team| !team.is_empty())
                        .unwrap_or(UNASSIGNED),
                )
            })),
            texts(entries.iter().map(|entry| Some(entry.and_then(|entry| entry.role.as_deref()).unwrap_or("")))),
            texts(
                entries
                    .iter()
                    .zip(actors)
                    .map(|(entry, actor)| Some(if is_service(*entry, actor) { "service" } else { "person" })),
            ),
            texts(entries.iter().map(|entry| entry.and_then(|entry| entry.time_zone.as_deref()))),
            Arc::new(
                entries
                    .iter()
                    .map(|entry| day(entry.and_then(|entry| entry.active_from.as_deref())))
                    .collect::<Date32Array>(),
            ),
            Arc::new(
                entries
                    .iter()
                    .map(|entry| day(entry.and_then(|entry| entry.active_to.as_deref())))
                    .collect::<Date32Array>(),
            ),
            Arc::new(entries.iter().map(|entry| Some(entry.is_some())).collect::<BooleanArray>()),
        ],
    )
}

/// The roster decides; whoever is on none and has a name that only GitHub's apps have is no person.
fn is_service(entry: Option<&RosterEntry>, actor: &str) -> bool {
    entry.map_or_else(|| actor.ends_with("[bot]"), |entry| entry.is_service)
}

/// Offsets of the roster's zones over the span of the data and a day beyond. A zone that the database does not know is left out, with a warning.
fn register_zone_offsets(engine: &Engine, roster: &[RosterEntry], span: (i64, i64)) -> anyhow::Result<()> {
    const DAY_US: i64 = 86_400_000_000;
    let zones: BTreeSet<&str> = roster.iter().filter_map(|entry| entry.time_zone.as_deref()).collect();
    let (mut names, mut from, mut to, mut minutes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let first = jiff::Timestamp::from_microsecond(span.0.saturating_sub(DAY_US))?;
    let last = jiff::Timestamp::from_microsecond(span.1.saturating_add(DAY_US))?;
    for zone in zones {
        let Ok(time_zone) = jiff::tz::TimeZone::get(zone) else {
            tracing::warn!("the roster names a time zone that is not in the IANA database");
            continue;
        };
        let mut start = first;
        while start < last {
            let next = time_zone.following(start).next().map_or(last, |transition| transition.timestamp().min(last));
            names.push(zone);
            from.push(Some(start.as_microsecond()));
            to.push(Some(next.as_microsecond()));
            minutes.push(Some(time_zone.to_offset(start).seconds() / 60));
            start = next;
        }
    }
    batch(
        engine,
        "zone_offsets",
        vec![
            texts(names.into_iter().map(Some)),
            moments(from),
            moments(to),
            Arc::new(minutes.into_iter().collect::<Int32Array>()),
        ],
    )
}

/// How much each source of the registry is believed about a request that others saw too.
fn register_vantages(engine: &Engine) -> anyhow::Result<()> {
    let sources = crate::sources::ALL;
    batch(
        engine,
        "vantages",
        vec![
            texts(sources.iter().map(|source| Some(source.name()))),
            Arc::new(sources.iter().map(|source| Some(source.vantage().authority())).collect::<Int32Array>()),
        ],
    )
}

fn register_policy(engine: &Engine, config: &Config) -> anyhow::Result<()> {
    let quotas = &config.quota;
    batch(
        engine,
        "quotas",
        vec![
            Arc::new((1..=quotas.len() as i32).map(Some).collect::<Int32Array>()),
            texts(quotas.iter().map(|quota| Some(quota.metric.as_str()))),
            Arc::new(quotas.iter().map(|quota| Some(quota.threshold)).collect::<Float64Array>()),
            texts(quotas.iter().map(|_| Some("week"))),
            moments(quotas.iter().map(|quota| datetime_us(&quota.announced))),
        ],
    )?;
    let boards = &config.leaderboard;
    batch(
        engine,
        "leaderboards",
        vec![
            texts(boards.iter().map(|board| Some(board.metric.as_str()))),
            moments(boards.iter().map(|board| datetime_us(&board.published))),
            moments(boards.iter().map(|board| board.withdrawn.as_ref().and_then(datetime_us))),
        ],
    )?;
    let automations = &config.automation;
    batch(
        engine,
        "automations",
        vec![
            texts(automations.iter().map(|one| one.actor.as_deref())),
            texts(automations.iter().map(|one| one.r#match.as_deref())),
            texts(automations.iter().map(|one| one.schedule.as_deref())),
            texts(automations.iter().map(|one| one.owner.as_deref())),
        ],
    )?;
    let calendar = &config.calendar;
    batch(
        engine,
        "calendar",
        vec![
            texts(calendar.iter().map(|entry| Some(entry.kind.as_str()))),
            texts(calendar.iter().map(|entry| entry.actor.as_deref())),
            moments(calendar.iter().map(|entry| datetime_us(&entry.from))),
            moments(calendar.iter().map(|entry| datetime_us(&entry.to))),
        ],
    )
}
