//! Model results as the panels that the population tests read.

use super::identity::UNASSIGNED;
use super::readings::{collect, week_start_us};
use crate::engine::Engine;
use crate::score::input::{PanelWeek, RankWeek, TemplateUse, WeekEvent};

/// People and whole weeks.
pub async fn panel(engine: &Engine) -> anyhow::Result<Vec<PanelWeek>> {
    let sql =
        "select actor_id, team_id, iso_week, is_new, tokens, prompts, outcomes, outcome_coverage from fct_population_panel
        order by actor_id, iso_week";
    collect(engine, sql, |columns, batch| {
        let (actor, iso_week) = (columns.text("actor_id")?, columns.text("iso_week")?);
        let (team_id, is_new) = (columns.text("team_id")?, columns.boolean("is_new")?);
        let (tokens, prompts) = (columns.integer("tokens")?, columns.integer("prompts")?);
        let (outcomes, coverage) = (columns.integer("outcomes")?, columns.number("outcome_coverage")?);
        (0..batch.num_rows())
            .map(|row| {
                Ok(PanelWeek {
                    actor: actor.required(row)?,
                    team_id: team_id.get(row).filter(|team| team != UNASSIGNED).unwrap_or_default(),
                    week_start: week_start_us(&iso_week.required(row)?).unwrap_or(0),
                    is_new: is_new.get(row).unwrap_or(false),
                    tokens: tokens.get(row),
                    prompts: prompts.get(row),
                    outcomes: outcomes.get(row),
                    coverage: coverage.get(row),
                })
            })
            .collect()
    })
    .await
}

/// What happened to everybody.
pub async fn week_events(engine: &Engine) -> anyhow::Result<Vec<WeekEvent>> {
    collect(engine, "select kind, iso_week, share from fct_week_events order by kind, iso_week", |columns, batch| {
        let (kind, iso_week, share) = (columns.text("kind")?, columns.text("iso_week")?, columns.number("share")?);
        (0..batch.num_rows())
            .map(|row| {
                Ok(WeekEvent {
                    kind: kind.required(row)?,
                    week_start: week_start_us(&iso_week.required(row)?).unwrap_or(0),
                    share: share.required(row)?,
                })
            })
            .collect()
    })
    .await
}

/// Templates and the people who used them.
pub async fn template_uses(engine: &Engine) -> anyhow::Result<Vec<TemplateUse>> {
    let sql = "select template, actor_id, first_use, first_on_busiest_day, is_new, judged_sessions, used_sessions, expected_used
        from fct_template_uses order by template, actor_id";
    collect(engine, sql, |columns, batch| {
        let (template, actor) = (columns.integer("template")?, columns.text("actor_id")?);
        let (first_use, busiest) = (columns.time("first_use")?, columns.boolean("first_on_busiest_day")?);
        let (is_new, judged) = (columns.boolean("is_new")?, columns.integer("judged_sessions")?);
        let (used, expected) = (columns.integer("used_sessions")?, columns.number("expected_used")?);
        (0..batch.num_rows())
            .map(|row| {
                Ok(TemplateUse {
                    template: template.required(row)?,
                    actor: actor.required(row)?,
                    first_use: first_use.required(row)?,
                    first_on_busiest_day: busiest.get(row).unwrap_or(false),
                    is_new: is_new.get(row).unwrap_or(false),
                    judged_sessions: judged.required(row)?,
                    used_sessions: used.required(row)?,
                    expected_used: expected.required(row)?,
                })
            })
            .collect()
    })
    .await
}

/// Ranks of published leaderboards.
pub async fn ranks(engine: &Engine) -> anyhow::Result<Vec<RankWeek>> {
    let sql = "select board, actor_id, iso_week, published, rank, cut, growth from fct_rank_panel order by board, actor_id, iso_week";
    collect(engine, sql, |columns, batch| {
        let (board, actor) = (columns.text("board")?, columns.text("actor_id")?);
        let (iso_week, published) = (columns.text("iso_week")?, columns.boolean("published")?);
        let (rank, cut, growth) = (columns.integer("rank")?, columns.integer("cut")?, columns.number("growth")?);
        (0..batch.num_rows())
            .map(|row| {
                Ok(RankWeek {
                    board: board.required(row)?,
                    actor: actor.required(row)?,
                    week_start: week_start_us(&iso_week.required(row)?).unwrap_or(0),
                    published: published.get(row).unwrap_or(false),
                    rank: usize::try_from(rank.required(row)?)?,
                    cut: usize::try_from(cut.required(row)?)?,
                    growth: growth.get(row),
                })
            })
            .collect()
    })
    .await
}
