//! What a report says about the run itself, and its small panels.

use super::base_tables::BaseTables;
use super::catalogue;
use super::holders;
use super::identity::UNASSIGNED;
use super::kpis;
use super::readings::week_start_us;
use super::reproduce::Typed;
use super::retention;
use super::settings::Settings;
use crate::cli::{IngestArgs, ScoringArgs};
use crate::config::{Config, datetime_us};
use crate::engine::rows::Columns;
use crate::engine::{Engine, Models};
use crate::lake::Lake;
use crate::report::inputs::{
    CoverageFact, DayTotals, ModelTotals, OutcomeFact, PolicyMarker, RunFacts, SeatFact, SourceSight, SystemActs,
    WeekTotals,
};
use crate::score::Scored;
use crate::score::rows::{OutcomeCoverageRow, SeatRow};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::path::Path;

/// What `facts` needs to know.
pub struct FactsOf<'a> {
    /// The engine after all models ran.
    pub engine: &'a Engine,
    /// The lake.
    pub lake: &'a Lake,
    /// The models that ran.
    pub models: &'a Models,
    /// Settings.
    pub settings: &'a Settings,
    /// How it was scored.
    pub scoring: &'a ScoringArgs,
    /// Base tables.
    pub base: &'a BaseTables,
    /// Scores.
    pub scored: &'a Scored,
    /// Up to where all sources have delivered.
    pub watermark: Option<Timestamp>,
    /// What was ingested, when that was part of the run.
    pub ingest: Option<&'a IngestArgs>,
    /// Where results go.
    pub out: &'a Path,
}

/// Facts about the run.
pub async fn facts(of: FactsOf<'_>) -> anyhow::Result<RunFacts> {
    let FactsOf { engine, lake, models, settings, scoring, base, scored, watermark, ingest, out } = of;
    let config = &settings.config;
    let day = |us: i64| Timestamp::from_microsecond(us).map(|at| at.to_zoned(TimeZone::UTC).date());
    let (identities, identity_conflicts) = super::identities::counts(&base.links);
    let seat_use = seat_use(engine).await?;
    let tokens = integer(engine, "select sum(tokens) as n from fct_sessions").await?;
    let unassigned =
        integer(engine, &format!("select sum(tokens) as n from fct_sessions where actor_id = '{UNASSIGNED}'")).await?;
    Ok(RunFacts {
        title: config.title.clone().unwrap_or_else(|| "AI usage".to_owned()),
        as_of: base.has_data.then(|| Timestamp::from_microsecond(base.as_of_us)).transpose()?,
        watermark,
        period_start: base.logged_us.map(|(first, _)| day(first)).transpose()?,
        period_end: base.logged_us.map(|(_, last)| day(last)).transpose()?,
        footlight_version: env!("CARGO_PKG_VERSION").to_owned(),
        lake_version: Some(lake.version().await?),
        policy_hash: policy_hash(settings)?,
        queries_hash: catalogue::hash(models),
        price_table: format!("litellm {}", crate::pricing::table_version().split(' ').next().unwrap_or_default()),
        reproduce: Typed { ingest, scoring, settings, lake: lake.root(), out }.published(),
        seats: held_seats(&seat_use).or_else(|| Some(holders::on_roster(base)?.len() as i64)),
        active_without_seat: holders::active_without_seat(engine, base, held_seats(&seat_use).is_some()).await?,
        coverage: coverage(engine).await?,
        seat_use,
        retention: retention::remembered(lake.root())?,
        small_cell_floor: config.privacy.min_people as i64,
        files_read: integer(engine, "select count(*) as n from ingested").await?.unwrap_or(0),
        events: integer(engine, "select count(*) as n from events").await?.unwrap_or(0),
        duplicates: duplicates(engine, base.left_out).await?,
        sources: sources(engine).await?,
        identities,
        identity_conflicts,
        quarantined: counts(engine, "select reason as name, count(*) as n from quarantine group by reason order by reason")
            .await?,
        ignored_kinds: ignored(engine).await?,
        unpriced_models: counts(
            engine,
            "select coalesce(model, '(none)') as name, count(*) as n from events where cost_basis = 'unpriced' group by 1 order by 1",
        )
        .await?
        .into_iter()
        .map(|(model, _)| model)
        .collect(),
        outcome_coverage: number(
            engine,
            "select cast(sum(covered_paths) as double) / sum(edited_paths) as x from fct_coverage having sum(edited_paths) > 0",
        )
        .await?,
        unassigned_tokens_share: tokens
            .filter(|tokens| *tokens > 0)
            .map(|tokens| unassigned.unwrap_or(0) as f64 / tokens as f64),
        calibration_rung: calibration_rung(scored).to_owned(),
        calibration_notes: scored.calibration_notes.clone(),
        silenced: scored.silenced.iter().map(|(reason, count)| (reason.clone(), *count as i64)).collect(),
        objections: scored.objection_counts,
    })
}

/// People who hold a seat of anything; none where nobody says who does.
fn held_seats(seats: &[SeatFact]) -> Option<i64> {
    seats.iter().find(|fact| fact.product == "(any)").map(|fact| fact.seats)
}

/// R0 of the calibration ladder (`signals.md` 3).
fn calibration_rung(scored: &Scored) -> &'static str {
    if scored.calibrated > 0 {
        "R0: conformal p against the organisation's own sessions, the person's own left out"
    } else {
        "none: too few readings to compare with"
    }
}

/// Identity of everything that decides the numbers: the configuration file and the objections.
pub(super) fn policy_hash(settings: &Settings) -> anyhow::Result<String> {
    let text = match &settings.config_path {
        Some(path) => std::fs::read(path)?,
        None => Vec::new(),
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update(&text);
    if let Some(path) = &settings.objections {
        hasher.update(&std::fs::read(path)?);
    }
    Ok(hasher.finalize().to_hex()[..16].to_owned())
}

/// Records that the files held and the lake did not take a second time. `left_out` are in the lake and not looked at.
async fn duplicates(engine: &Engine, left_out: i64) -> anyhow::Result<i64> {
    let read = integer(engine, "select sum(records) as n from ingested").await?.unwrap_or(0);
    let sql = "select (select count(*) from events) + (select count(*) from outcomes) + (select count(*) from facts)
        + (select count(*) from aggregates) + (select count(*) from roster) as n";
    Ok((read - left_out - integer(engine, sql).await?.unwrap_or(0)).max(0))
}

/// What each source of sessions saw.
async fn sources(engine: &Engine) -> anyhow::Result<Vec<SourceSight>> {
    let sql = "select source, requests_seen, requests_shared, requests_merged_by_id, requests_merged_by_counts, other_steps_merged,
        tokens_seen, tokens_counted from rpt_sources order by source";
    let mut rows = Vec::new();
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let source = columns.text("source")?;
        let [seen, shared, by_id] = [
            columns.integer("requests_seen")?,
            columns.integer("requests_shared")?,
            columns.integer("requests_merged_by_id")?,
        ];
        let [by_counts, other] =
            [columns.integer("requests_merged_by_counts")?, columns.integer("other_steps_merged")?];
        let [tokens_seen, tokens_counted] = [columns.integer("tokens_seen")?, columns.integer("tokens_counted")?];
        for row in 0..batch.num_rows() {
            rows.push(SourceSight {
                source: source.required(row)?,
                seen: seen.required(row)?,
                shared: shared.required(row)?,
                merged_by_id: by_id.required(row)?,
                merged_by_counts: by_counts.required(row)?,
                other_steps_merged: other.required(row)?,
                tokens_seen: tokens_seen.get(row).unwrap_or(0),
                tokens_counted: tokens_counted.get(row).unwrap_or(0),
                people: BTreeMap::new(),
                merged_people: BTreeMap::new(),
            });
        }
    }
    Ok(rows)
}

/// Fills in whom each source saw, under the names that `rename` gives people.
pub async fn source_people(
    engine: &Engine,
    rename: &impl Fn(&str) -> String,
    sources: &mut [SourceSight],
) -> anyhow::Result<()> {
    let sql = "select source, actor_id, requests_seen, requests_merged_by_id, requests_merged_by_counts, tokens_seen, tokens_counted
        from rpt_source_people order by source, actor_id";
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let (source, actor) = (columns.text("source")?, columns.text("actor_id")?);
        let figures =
            [columns.integer("requests_seen")?, columns.integer("tokens_seen")?, columns.integer("tokens_counted")?];
        let merged = [columns.integer("requests_merged_by_id")?, columns.integer("requests_merged_by_counts")?];
        for row in 0..batch.num_rows() {
            let source = source.required(row)?;
            let Some(sight) = sources.iter_mut().find(|sight| sight.source == source) else { continue };
            let actor = rename(&actor.get(row).unwrap_or_else(|| UNASSIGNED.to_owned()));
            let merged = merged.each_ref().map(|count| count.get(row).unwrap_or(0));
            if merged != [0, 0] {
                sight.merged_people.insert(actor.clone(), merged);
            }
            sight.people.insert(actor, figures.each_ref().map(|figure| figure.get(row).unwrap_or(0)));
        }
    }
    Ok(())
}

/// How much of the billed use the logs hold.
async fn coverage(engine: &Engine) -> anyhow::Result<Vec<CoverageFact>> {
    let mut rows = Vec::new();
    let sql =
        "select *, substr(cast(month as varchar), 1, 7) as month_name from rpt_coverage order by month, scope, measure";
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let (month, scope, measure) = (columns.text("month_name")?, columns.text("scope")?, columns.text("measure")?);
        for row in 0..batch.num_rows() {
            let amount = |column: &str| columns.integer(column)?.required(row);
            rows.push(CoverageFact {
                month: month.required(row)?,
                scope: scope.required(row)?,
                measure: measure.required(row)?,
                billed: amount("billed")?,
                logged: amount("logged")?,
                held_low: amount("held_low")?,
                held_high: amount("held_high")?,
                billed_periods: amount("billed_periods")?,
                people: amount("people")?,
            });
        }
    }
    Ok(rows)
}

/// Seats by tool.
async fn seat_use(engine: &Engine) -> anyhow::Result<Vec<SeatFact>> {
    let mut rows = Vec::new();
    for batch in engine.rows("select * from rpt_seats order by product").await? {
        let columns = Columns::new(&batch);
        let (product, cost) = (columns.text("product")?, columns.micro_usd("monthly_cost_usd")?);
        for row in 0..batch.num_rows() {
            let count = |column: &str| columns.integer(column)?.required(row);
            rows.push(SeatFact {
                product: product.required(row)?,
                seats: count("seats")?,
                used: count("used")?,
                idle: count("idle")?,
                never_used: count("never_used")?,
                use_unknown: count("use_unknown")?,
                monthly_cost_micro_usd: cost.get(row),
            });
        }
    }
    Ok(rows)
}

/// Holders of seats, under the names that `rename` gives them.
pub async fn seat_rows(engine: &Engine, rename: &impl Fn(&str) -> String) -> anyhow::Result<Vec<SeatRow>> {
    let sql = "select actor_id, product, team_id, used, ever_used,
            to_char(arrow_cast(last_used_at, 'Timestamp(Microsecond, None)'), '%G-W%V') as last_used_week
        from fct_seats";
    let mut rows = Vec::new();
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let text = |name: &str| columns.text(name);
        let (actor, product, team, week) =
            (text("actor_id")?, text("product")?, text("team_id")?, text("last_used_week")?);
        let (used, ever_used) = (columns.boolean("used")?, columns.boolean("ever_used")?);
        for row in 0..batch.num_rows() {
            rows.push(SeatRow {
                actor: rename(&actor.required(row)?),
                product: product.required(row)?,
                team_id: team.required(row)?,
                used: used.get(row),
                ever_used: ever_used.get(row),
                last_used_week: week.get(row),
            });
        }
    }
    rows.sort_by(|one, two| (&one.actor, &one.product).cmp(&(&two.actor, &two.product)));
    Ok(rows)
}

/// How much of each person's work outcomes are known of, under the names that `rename` gives them.
pub async fn outcome_coverage(
    engine: &Engine,
    rename: &impl Fn(&str) -> String,
) -> anyhow::Result<Vec<OutcomeCoverageRow>> {
    let mut rows = Vec::new();
    for batch in engine.rows("select actor_id, edited_paths, covered_paths from fct_coverage").await? {
        let columns = Columns::new(&batch);
        let actor = columns.text("actor_id")?;
        let (edited, covered) = (columns.integer("edited_paths")?, columns.integer("covered_paths")?);
        for row in 0..batch.num_rows() {
            rows.push(OutcomeCoverageRow {
                actor: rename(&actor.required(row)?),
                edited_paths: edited.required(row)?,
                covered_paths: covered.required(row)?,
            });
        }
    }
    rows.sort_by(|one, two| one.actor.cmp(&two.actor));
    Ok(rows)
}

async fn ignored(engine: &Engine) -> anyhow::Result<Vec<(String, i64)>> {
    let mut kinds = BTreeMap::<String, i64>::new();
    for batch in engine.rows("select source, ignored from ingested order by source_file").await? {
        let columns = Columns::new(&batch);
        let (source, ignored) = (columns.text("source")?, columns.text("ignored")?);
        for row in 0..batch.num_rows() {
            let counts: BTreeMap<String, i64> = serde_json::from_str(&ignored.get(row).unwrap_or_default())?;
            for (kind, count) in counts {
                *kinds.entry(format!("{}: {kind}", source.get(row).unwrap_or_default())).or_default() += count;
            }
        }
    }
    Ok(kinds.into_iter().collect())
}

/// Totals by day.
pub async fn days(engine: &Engine) -> anyhow::Result<Vec<DayTotals>> {
    let sql = "select cast(day as varchar) as day, sessions, prompts, tokens, cost_usd from rpt_days order by day";
    let mut rows = Vec::new();
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let (day, sessions, prompts) =
            (columns.text("day")?, columns.integer("sessions")?, columns.integer("prompts")?);
        let (tokens, cost) = (columns.integer("tokens")?, columns.micro_usd("cost_usd")?);
        for row in 0..batch.num_rows() {
            rows.push(DayTotals {
                day: day.required(row)?.parse()?,
                sessions: sessions.required(row)?,
                prompts: prompts.required(row)?,
                tokens: tokens.get(row),
                cost_micro_usd: cost.get(row),
            });
        }
    }
    Ok(rows)
}

/// Who used each model, by pseudonym: completions, tokens, micro-dollars.
async fn model_people(
    engine: &Engine,
    rename: &impl Fn(&str) -> String,
) -> anyhow::Result<BTreeMap<String, BTreeMap<String, [i64; 3]>>> {
    let sql = "select model, actor_id, completions, tokens, cost_usd from rpt_model_people order by model, actor_id";
    let mut people: BTreeMap<String, BTreeMap<String, [i64; 3]>> = BTreeMap::new();
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let (model, actor) = (columns.text("model")?, columns.text("actor_id")?);
        let (completions, tokens) = (columns.integer("completions")?, columns.integer("tokens")?);
        let cost = columns.micro_usd("cost_usd")?;
        for row in 0..batch.num_rows() {
            let figures = [completions.required(row)?, tokens.get(row).unwrap_or(0), cost.get(row).unwrap_or(0)];
            let actor = rename(&actor.get(row).unwrap_or_else(|| UNASSIGNED.to_owned()));
            people.entry(model.required(row)?).or_default().insert(actor, figures);
        }
    }
    Ok(people)
}

/// Totals by model.
pub async fn models(engine: &Engine, rename: &impl Fn(&str) -> String) -> anyhow::Result<Vec<ModelTotals>> {
    let mut people = model_people(engine, rename).await?;
    let sql = "select model, sum(completions) as completions, sum(input_tokens) as input_tokens,
        sum(output_tokens) as output_tokens, sum(cache_read_tokens) as cache_read_tokens,
        sum(cache_write_tokens) as cache_write_tokens, sum(cost_usd) as cost_usd
        from rpt_totals_by_day_model group by 1 order by 1";
    let mut rows = Vec::new();
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let (model, completions) = (columns.text("model")?, columns.integer("completions")?);
        let (input, output) = (columns.integer("input_tokens")?, columns.integer("output_tokens")?);
        let (read, write) = (columns.integer("cache_read_tokens")?, columns.integer("cache_write_tokens")?);
        let cost = columns.micro_usd("cost_usd")?;
        for row in 0..batch.num_rows() {
            rows.push(ModelTotals {
                model: model.required(row)?,
                completions: completions.required(row)?,
                input_tokens: input.get(row),
                output_tokens: output.get(row),
                cache_read_tokens: read.get(row),
                cache_write_tokens: write.get(row),
                cost_micro_usd: cost.get(row),
                people: people.remove(&model.required(row)?).unwrap_or_default(),
            });
        }
    }
    Ok(rows)
}

const DAY_US: i64 = 86_400_000_000;
const WEEK_US: i64 = 7 * DAY_US;

/// Whether the logs hold the whole of the week that begins then: they begin no later than its Monday and reach its Friday. A week that only
/// outcomes are known of is none in which nobody used a tool.
fn is_logged(logged_us: Option<(i64, i64)>, week_us: i64) -> bool {
    logged_us.is_some_and(|(first, last)| first < week_us + DAY_US && last >= week_us + WEEK_US - 3 * DAY_US)
}

/// The weekly panel.
pub async fn weeks(
    engine: &Engine,
    base: &BaseTables,
    watermark: Option<Timestamp>,
) -> anyhow::Result<Vec<WeekTotals>> {
    let sql = "select iso_week, active_people, sessions, prompts, tokens, cost_usd, outcomes from rpt_weekly order by iso_week";
    let mut rows = Vec::new();
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let (iso_week, active) = (columns.text("iso_week")?, columns.integer("active_people")?);
        let (sessions, prompts) = (columns.integer("sessions")?, columns.integer("prompts")?);
        let (tokens, cost) = (columns.integer("tokens")?, columns.micro_usd("cost_usd")?);
        let outcomes = columns.integer("outcomes")?;
        for row in 0..batch.num_rows() {
            let iso_week = iso_week.required(row)?;
            let start = week_start_us(&iso_week).unwrap_or(0);
            rows.push(WeekTotals {
                iso_week,
                active_actors: active.required(row)?,
                sessions: sessions.required(row)?,
                prompts: prompts.required(row)?,
                tokens: tokens.get(row),
                cost_micro_usd: cost.get(row),
                outcomes: outcomes.get(row),
                partial: !is_logged(base.logged_us, start),
                withheld: false,
                is_open: watermark.is_some_and(|watermark| start + WEEK_US > watermark.as_microsecond()),
            });
        }
    }
    Ok(rows)
}

/// Calls that act on each system, by pseudonym.
async fn system_people(
    engine: &Engine,
    rename: &impl Fn(&str) -> String,
) -> anyhow::Result<BTreeMap<String, BTreeMap<String, i64>>> {
    let sql = "select system, actor_id, calls from rpt_system_people order by system, actor_id";
    let mut people: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let (system, actor, calls) = (columns.text("system")?, columns.text("actor_id")?, columns.integer("calls")?);
        for row in 0..batch.num_rows() {
            let actor = rename(&actor.get(row).unwrap_or_else(|| UNASSIGNED.to_owned()));
            people.entry(system.required(row)?).or_default().insert(actor, calls.required(row)?);
        }
    }
    Ok(people)
}

/// What agents did to each system.
pub async fn systems(engine: &Engine, rename: &impl Fn(&str) -> String) -> anyhow::Result<Vec<SystemActs>> {
    let mut people = system_people(engine, rename).await?;
    let mut rows = Vec::new();
    for batch in engine.rows("select * from rpt_governance order by system").await? {
        let columns = Columns::new(&batch);
        let system = columns.text("system")?;
        for row in 0..batch.num_rows() {
            let count = |column: &str| columns.integer(column)?.required(row);
            rows.push(SystemActs {
                system: system.required(row)?,
                actors: count("actors")?,
                people: people.remove(&system.required(row)?).unwrap_or_default(),
                sessions: count("sessions")?,
                writes: count("writes")?,
                sends: count("sends")?,
                executes: count("executes")?,
                started_by_human: count("started_by_human")?,
                started_by_schedule: count("started_by_schedule")?,
                started_by_agent: count("started_by_agent")?,
                started_by_unknown: count("started_by_unknown")?,
                approved_by_human: count("approved_by_human")?,
                approved_by_rule: count("approved_by_rule")?,
                approved_by_nobody: count("approved_by_nobody")?,
                approval_unknown: count("approval_unknown")?,
                off_hours: count("off_hours")?,
                unattended: count("unattended")?,
            });
        }
    }
    Ok(rows)
}

/// Whether each linked outcome was kept.
pub async fn kept_outcomes(engine: &Engine) -> anyhow::Result<Vec<OutcomeFact>> {
    let mut rows = Vec::new();
    let sql = "select outcome_id, kept, outcome_kind from rpt_kept_outcomes order by outcome_id, outcome_kind";
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let (outcome_id, kept) = (columns.text("outcome_id")?, columns.boolean("kept")?);
        let outcome_kind = columns.text("outcome_kind")?;
        for row in 0..batch.num_rows() {
            rows.push(OutcomeFact {
                outcome_id: outcome_id.required(row)?,
                kept: kept.get(row),
                outcome_kind: outcome_kind.required(row)?,
            });
        }
    }
    Ok(rows)
}

/// Dates of quotas and leaderboards.
pub fn policies(config: &Config) -> anyhow::Result<Vec<PolicyMarker>> {
    let mut markers = Vec::new();
    let mut mark = |at: Option<i64>, label: String| -> anyhow::Result<()> {
        if let Some(at) = at {
            let date = Timestamp::from_microsecond(at)?.to_zoned(TimeZone::UTC).date();
            markers.push(PolicyMarker { date, label });
        }
        Ok(())
    };
    for quota in &config.quota {
        mark(datetime_us(&quota.announced), format!("quota announced: {}", kpis::target(quota)))?;
    }
    for board in &config.leaderboard {
        mark(datetime_us(&board.published), format!("leaderboard by {} published", board.metric.as_str()))?;
        mark(
            board.withdrawn.as_ref().and_then(datetime_us),
            format!("leaderboard by {} withdrawn", board.metric.as_str()),
        )?;
    }
    markers.sort_by(|one, two| (one.date, &one.label).cmp(&(two.date, &two.label)));
    Ok(markers)
}

async fn integer(engine: &Engine, sql: &str) -> anyhow::Result<Option<i64>> {
    for batch in engine.rows(sql).await? {
        if batch.num_rows() > 0 {
            return Ok(Columns::new(&batch).integer("n")?.get(0));
        }
    }
    Ok(None)
}

async fn number(engine: &Engine, sql: &str) -> anyhow::Result<Option<f64>> {
    for batch in engine.rows(sql).await? {
        if batch.num_rows() > 0 {
            return Ok(Columns::new(&batch).number("x")?.get(0));
        }
    }
    Ok(None)
}

async fn counts(engine: &Engine, sql: &str) -> anyhow::Result<Vec<(String, i64)>> {
    let mut rows = Vec::new();
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let (name, n) = (columns.text("name")?, columns.integer("n")?);
        for row in 0..batch.num_rows() {
            rows.push((name.required(row)?, n.required(row)?));
        }
    }
    Ok(rows)
}
