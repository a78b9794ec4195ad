//! Model results as the rows that scoring and the result tables are made of.

use super::panels;
use crate::config::{Config, datetime_us};
use crate::engine::Engine;
use crate::engine::rows::Columns;
use crate::score::input::{ActorWeekInput, Quota, ScoreInput, SessionInput, TeamWeekInput};
use crate::score::rows::{ActorWeekRow, AttributionRow, FindingRow, SessionRow, SessionSourceRow};
use arrow::array::RecordBatch;
use futures::TryStreamExt as _;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Hands every batch of a query on while it comes.
pub(super) async fn each_batch(
    engine: &Engine,
    sql: &str,
    mut take: impl FnMut(&Columns<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut batches = engine.stream(sql).await?;
    while let Some(batch) = batches.try_next().await? {
        take(&Columns::new(&batch))?;
    }
    Ok(())
}

/// Turns every row of a query into a value.
pub(super) async fn collect<R>(
    engine: &Engine,
    sql: &str,
    read: impl Fn(&Columns<'_>, &RecordBatch) -> anyhow::Result<Vec<R>>,
) -> anyhow::Result<Vec<R>> {
    let mut rows = Vec::new();
    let mut batches = engine.query(sql).await?.execute_stream().await?;
    while let Some(batch) = batches.try_next().await? {
        rows.extend(read(&Columns::new(&batch), &batch)?);
    }
    Ok(rows)
}

/// Words that rows share, each once.
#[derive(Default)]
struct Shared(FxHashSet<Arc<str>>);

impl Shared {
    fn word(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.0.get(word) {
            return Arc::clone(known);
        }
        let word = Arc::<str>::from(word);
        self.0.insert(Arc::clone(&word));
        word
    }
}

/// The usage targets of the configuration, in its order; one without a day is none.
pub(super) fn quotas(config: &Config) -> Vec<Quota> {
    let quota = |quota: &crate::config::Quota| {
        Some(Quota {
            metric: quota.metric.as_str().to_owned(),
            threshold: quota.threshold,
            period: "week".to_owned(),
            announced: datetime_us(&quota.announced)?,
        })
    };
    config.quota.iter().filter_map(quota).collect()
}

/// Everything that scoring needs but the readings.
pub async fn score_input(engine: &Engine, config: &Config, seed: u64) -> anyhow::Result<ScoreInput> {
    let mut shared = Shared::default();
    Ok(ScoreInput {
        sessions: session_inputs(engine, &mut shared).await?,
        actor_weeks: week_inputs(engine, &mut shared).await?,
        team_weeks: team_weeks(engine).await?,
        panel: panels::panel(engine).await?,
        events: panels::week_events(engine).await?,
        template_uses: panels::template_uses(engine).await?,
        ranks: panels::ranks(engine).await?,
        quotas: quotas(config),
        rollouts: config.rollout.iter().filter_map(|one| Some((one.team.clone(), datetime_us(&one.date)?))).collect(),
        leaderboards: config.leaderboard.iter().filter_map(|board| datetime_us(&board.published)).collect(),
        objections: Vec::new(),
        seed,
    })
}

async fn session_inputs(engine: &Engine, shared: &mut Shared) -> anyhow::Result<Vec<SessionInput>> {
    let sql = "select session_id, actor_id, team_id, client_name, role, trigger, declared, started_at, iso_week, prompts, tool_calls, tokens
        from fct_sessions";
    let mut sessions = Vec::new();
    each_batch(engine, sql, |columns| {
        let (session_id, actor) = (columns.text("session_id")?, columns.text("actor_id")?);
        let (team_id, client_name) = (columns.text("team_id")?, columns.text("client_name")?);
        let (role, trigger) = (columns.text("role")?, columns.text("trigger")?);
        let (declared, started_at) = (columns.boolean("declared")?, columns.time("started_at")?);
        let (iso_week, prompts) = (columns.text("iso_week")?, columns.integer("prompts")?);
        let (tool_calls, tokens) = (columns.integer("tool_calls")?, columns.integer("tokens")?);
        for row in 0..columns.rows() {
            sessions.push(SessionInput {
                session_id: session_id.borrowed_required(row)?.into(),
                actor: shared.word(actor.borrowed_required(row)?),
                team_id: shared.word(team_id.borrowed_required(row)?),
                client_name: shared.word(client_name.borrowed_required(row)?),
                role: shared.word(role.borrowed(row).unwrap_or_default()),
                trigger: shared.word(trigger.borrowed_required(row)?),
                declared: declared.get(row).unwrap_or(false),
                started_at: started_at.required(row)?,
                iso_week: shared.word(iso_week.borrowed_required(row)?),
                prompts: prompts.required(row)?,
                tool_calls: tool_calls.required(row)?,
                tokens: tokens.get(row),
            });
        }
        Ok(())
    })
    .await?;
    Ok(sessions)
}

async fn week_inputs(engine: &Engine, shared: &mut Shared) -> anyhow::Result<Vec<ActorWeekInput>> {
    let sql =
        "select actor_id, team_id, role, actor_kind, iso_week, own_sessions, own_prompts, own_tokens, own_cost_usd
        from fct_actor_weeks order by actor_id, iso_week";
    let mut weeks = Vec::new();
    each_batch(engine, sql, |columns| {
        let (actor, team_id, role) = (columns.text("actor_id")?, columns.text("team_id")?, columns.text("role")?);
        let (kind, iso_week) = (columns.text("actor_kind")?, columns.text("iso_week")?);
        let (sessions, prompts) = (columns.integer("own_sessions")?, columns.integer("own_prompts")?);
        let (tokens, cost) = (columns.integer("own_tokens")?, columns.micro_usd("own_cost_usd")?);
        for row in 0..columns.rows() {
            let iso_week = iso_week.borrowed_required(row)?;
            weeks.push(ActorWeekInput {
                actor: shared.word(actor.borrowed_required(row)?),
                team_id: shared.word(team_id.borrowed_required(row)?),
                role: shared.word(role.borrowed(row).unwrap_or_default()),
                service: kind.borrowed(row) == Some("service"),
                week_start: week_start_us(iso_week).unwrap_or(0),
                iso_week: shared.word(iso_week),
                sessions: sessions.required(row)?,
                // Null where a client logs none: what the log shows is then 0, and tokens and sessions tell the volume beside it.
                prompts: prompts.get(row).unwrap_or(0),
                tokens: tokens.get(row),
                cost_micro_usd: cost.get(row),
            });
        }
        Ok(())
    })
    .await?;
    Ok(weeks)
}

async fn team_weeks(engine: &Engine) -> anyhow::Result<Vec<TeamWeekInput>> {
    let sql = "select distinct team_id, iso_week, n as people, k as active from fct_quota_team_shares order by team_id, iso_week";
    collect(engine, sql, |columns, batch| {
        let (team_id, iso_week) = (columns.text("team_id")?, columns.text("iso_week")?);
        let (people, active) = (columns.integer("people")?, columns.integer("active")?);
        (0..batch.num_rows())
            .map(|row| {
                Ok(TeamWeekInput {
                    team_id: team_id.required(row)?,
                    week_start: week_start_us(&iso_week.required(row)?).unwrap_or(0),
                    people: people.required(row)?.unsigned_abs(),
                    active: active.required(row)?.unsigned_abs(),
                })
            })
            .collect()
    })
    .await
}

/// `sessions` without scores, row by row, actors not yet pseudonyms.
pub async fn sessions(engine: &Engine, mut take: impl FnMut(SessionRow) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let sql = "select s.*, l.outcome_link from fct_sessions as s left join rpt_session_links as l on s.session_id = l.session_id
        order by s.session_id";
    each_batch(engine, sql, |columns| {
        let (session_id, actor) = (columns.text("session_id")?, columns.text("actor_id")?);
        let (team_id, client) = (columns.text("team_id")?, columns.text("client")?);
        let (trigger, iso_week) = (columns.text("trigger")?, columns.text("iso_week")?);
        let (started_at, ended_at) = (columns.time("started_at")?, columns.time("ended_at")?);
        let (prompts, completions) = (columns.integer("prompts")?, columns.integer("completions")?);
        let (tool_calls, input) = (columns.integer("tool_calls")?, columns.integer("input_tokens")?);
        let (output, cache_read) = (columns.integer("output_tokens")?, columns.integer("cache_read_tokens")?);
        let (cache_write, cost) = (columns.integer("cache_write_tokens")?, columns.micro_usd("cost_usd")?);
        let without = columns.integer("completions_without_usage")?;
        let lower_bound = columns.integer("lower_bound_completions")?;
        let link = columns.text("outcome_link")?;
        for row in 0..columns.rows() {
            take(SessionRow {
                session_id: session_id.required(row)?,
                actor: actor.required(row)?,
                team_id: team_id.required(row)?,
                client: client.required(row)?,
                trigger: trigger.required(row)?,
                started_at: started_at.required(row)?,
                ended_at: ended_at.required(row)?,
                iso_week: iso_week.required(row)?,
                prompts: prompts.required(row)?,
                completions: completions.required(row)?,
                tool_calls: tool_calls.required(row)?,
                input_tokens: input.get(row),
                output_tokens: output.get(row),
                cache_read_tokens: cache_read.get(row),
                cache_write_tokens: cache_write.get(row),
                cost_micro_usd: cost.get(row),
                completions_without_usage: without.get(row).unwrap_or(0),
                lower_bound_completions: lower_bound.get(row).unwrap_or(0),
                outcome_link: link.get(row).unwrap_or_else(|| "unknown".to_owned()),
                score_db: None,
                band: "insufficient".to_owned(),
                archetype: String::new(),
                objection: String::new(),
            })?;
        }
        Ok(())
    })
    .await
}

/// `actor_weeks` without scores, actors not yet pseudonyms. Services have no weeks: they leave the person scopes, and their cost stays in
/// sessions and totals.
pub async fn actor_weeks(engine: &Engine) -> anyhow::Result<Vec<ActorWeekRow>> {
    let sql = "select actor_id, team_id, iso_week, sessions, prompts, tokens, cost_usd, outcomes from fct_actor_weeks
        where actor_kind = 'person' order by actor_id, iso_week";
    collect(engine, sql, |columns, batch| {
        let (actor, team_id) = (columns.text("actor_id")?, columns.text("team_id")?);
        let (iso_week, sessions) = (columns.text("iso_week")?, columns.integer("sessions")?);
        let (prompts, tokens) = (columns.integer("prompts")?, columns.integer("tokens")?);
        let (cost, outcomes) = (columns.micro_usd("cost_usd")?, columns.integer("outcomes")?);
        (0..batch.num_rows())
            .map(|row| {
                Ok(ActorWeekRow {
                    actor: actor.required(row)?,
                    team_id: team_id.required(row)?,
                    iso_week: iso_week.required(row)?,
                    sessions: sessions.required(row)?,
                    prompts: prompts.required(row)?,
                    tokens: tokens.get(row),
                    cost_micro_usd: cost.get(row),
                    outcomes: outcomes.get(row),
                    score_db: None,
                    band: "insufficient".to_owned(),
                    objection: String::new(),
                })
            })
            .collect()
    })
    .await
}

/// `findings`, row by row, in an order that leaves nothing open: calls that were made at once share their moments.
pub async fn findings(engine: &Engine, mut take: impl FnMut(FindingRow) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let sql = "select session_id, finding, count, tokens, cost_usd, first_at, last_at, evidence from fct_findings
        order by session_id, finding, first_at, last_at, count, tokens, cost_usd, evidence";
    each_batch(engine, sql, |columns| {
        let (session_id, finding) = (columns.text("session_id")?, columns.text("finding")?);
        let (count, tokens) = (columns.integer("count")?, columns.integer("tokens")?);
        let (cost, evidence) = (columns.micro_usd("cost_usd")?, columns.text("evidence")?);
        let (first_at, last_at) = (columns.time("first_at")?, columns.time("last_at")?);
        for row in 0..columns.rows() {
            take(FindingRow {
                session_id: session_id.required(row)?,
                finding: finding.required(row)?,
                count: count.required(row)?,
                tokens: tokens.get(row),
                cost_micro_usd: cost.get(row),
                first_at: first_at.required(row)?,
                last_at: last_at.required(row)?,
                evidence: evidence.get(row).unwrap_or_else(|| "{}".to_owned()),
            })?;
        }
        Ok(())
    })
    .await
}

/// `attribution`, row by row.
pub async fn attribution(
    engine: &Engine,
    mut take: impl FnMut(AttributionRow) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let sql = "select session_id, outcome_id, tier, confidence, lines_matched, outcome_kind from fct_attribution
        order by session_id, outcome_id, outcome_kind";
    each_batch(engine, sql, |columns| {
        let (session_id, outcome_id) = (columns.text("session_id")?, columns.text("outcome_id")?);
        let (tier, confidence) = (columns.text("tier")?, columns.number("confidence")?);
        let (lines_matched, outcome_kind) = (columns.integer("lines_matched")?, columns.text("outcome_kind")?);
        for row in 0..columns.rows() {
            take(AttributionRow {
                session_id: session_id.required(row)?,
                outcome_id: outcome_id.required(row)?,
                tier: tier.required(row)?,
                confidence: confidence.required(row)?,
                lines_matched: lines_matched.get(row).unwrap_or(0),
                outcome_kind: outcome_kind.required(row)?,
            })?;
        }
        Ok(())
    })
    .await
}

/// `session_sources`, row by row.
pub async fn session_sources(
    engine: &Engine,
    mut take: impl FnMut(SessionSourceRow) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let sql = "select session_id, source, requests_seen, requests_counted from rpt_session_sources order by session_id, source";
    each_batch(engine, sql, |columns| {
        let (session_id, source) = (columns.text("session_id")?, columns.text("source")?);
        let (seen, counted) = (columns.integer("requests_seen")?, columns.integer("requests_counted")?);
        for row in 0..columns.rows() {
            take(SessionSourceRow {
                session_id: session_id.required(row)?,
                source: source.required(row)?,
                requests_seen: seen.required(row)?,
                requests_counted: counted.required(row)?,
            })?;
        }
        Ok(())
    })
    .await
}

/// First microsecond, UTC, of an ISO week such as `2026-W07`.
pub fn week_start_us(iso_week: &str) -> Option<i64> {
    let (year, week) = iso_week.split_once("-W")?;
    let monday = jiff::civil::ISOWeekDate::new(year.parse().ok()?, week.parse().ok()?, jiff::civil::Weekday::Monday)
        .ok()?
        .date()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()?;
    Some(monday.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::{findings, week_start_us};
    use crate::engine::{Engine, Limits};

    /// Calls that were made at once, again and again: two facts with one moment. Whatever order they come in, one order is written.
    #[test]
    fn findings_of_one_moment_have_one_order() {
        let written = |tools: [&str; 3]| {
            let rows = tools.map(|tool| format!("('{{\"tool\":\"{tool}\"}}')")).join(", ");
            let sql = format!(
                "create table fct_findings as
                select 's-1' as session_id, 'identical_calls' as finding, 5 as count, 100 as tokens, cast(null as decimal(18, 6)) as cost_usd,
                    to_timestamp_micros(0) as first_at, to_timestamp_micros(1) as last_at, told.evidence
                from (values {rows}) as told (evidence)"
            );
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
            runtime.block_on(async {
                let engine = Engine::new(&Limits::default()).unwrap();
                engine.context().sql(&sql).await.unwrap().collect().await.unwrap();
                let mut written = Vec::new();
                let take = |row: crate::score::rows::FindingRow| {
                    written.push(row.evidence);
                    Ok(())
                };
                findings(&engine, take).await.unwrap();
                written
            })
        };
        let expected = ["bash", "grep", "read"].map(|tool| format!("{{\"tool\":\"{tool}\"}}"));
        assert_eq!(written(["read", "bash", "grep"]), expected);
        assert_eq!(written(["grep", "read", "bash"]), expected);
    }

    #[test]
    fn iso_weeks_begin_on_monday_also_at_new_year() {
        // 2026-W01 begins on Monday 2025-12-29.
        assert_eq!(week_start_us("2026-W01"), Some(1_766_966_400_000_000));
        assert_eq!(week_start_us("2026"), None);
        assert_eq!(week_start_us("2026-W54"), None);
    }
}
