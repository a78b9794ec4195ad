//! `footlight evaluate`: reads what a run wrote and what is true, and says how well they agree.
//!
//! Owns reading; the measures are in `evaluate`.

use super::settings::Settings;
use super::{Exit, UsageError};
use crate::cli::{EvaluateArgs, Global};
use crate::engine::Engine;
use crate::engine::rows::Columns;
use crate::evaluate::{
    EvaluateError, Evaluation, PairReading, PopulationReading, Readings, SessionReading, SignalReading, Truth,
    WeekReading, evaluate,
};
use crate::lake::{Lake, Table};
use crate::output::Printer;
use crate::results::read;
use crate::score::rows::{ActorWeekRow, AttributionRow, PopulationRow, SessionRow, SignalRow};
use std::collections::BTreeMap;
use std::path::Path;

/// Prompts and distinct texts by account.
const PROMPTS: &str = "select actor_id, count(*) as prompts, count(distinct text_hash) as texts from events \
     where kind = 'prompt' and text_hash is not null and actor_id is not null group by actor_id order by actor_id";

/// Runs the command.
pub async fn run(args: &EvaluateArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let wrong_use = |error: EvaluateError| UsageError(error.to_string());
    let truth = Truth::read(&args.truth).map_err(wrong_use)?;
    let mut readings = readings(&args.out.out)?;
    if let Some(lake) = &args.lake {
        readings.prompts = Some(prompts(lake, global).await?);
    }
    let evaluation = evaluate(&truth, &readings, args.resamples as usize, args.seed).map_err(wrong_use)?;
    printer.text(&evaluation.to_string())?;
    printer.json(&Answer { schema_version: 1, status: Exit::Done.word(), exit_code: Exit::Done as u8, evaluation })?;
    Ok(Exit::Done)
}

#[derive(serde::Serialize)]
struct Answer {
    schema_version: u32,
    status: &'static str,
    exit_code: u8,
    evaluation: Evaluation,
}

/// What a run wrote to OUT.
pub(super) fn readings(out: &Path) -> anyhow::Result<Readings> {
    let session = |row: SessionRow| SessionReading {
        session_id: row.session_id,
        actor: row.actor,
        iso_week: row.iso_week,
        started_at: row.started_at,
        tool_calls: row.tool_calls,
    };
    let week = |row: ActorWeekRow| WeekReading {
        actor: row.actor,
        iso_week: row.iso_week,
        tokens: row.tokens.unwrap_or(0),
        outcomes: row.outcomes.unwrap_or(0),
        score_db: row.score_db,
        band: row.band,
    };
    let signal = |row: SignalRow| SignalReading {
        scope: row.scope.into_owned(),
        unit_id: row.unit_id,
        signal: row.signal.into_owned(),
        value: row.value,
        p: row.p,
        weight_db: row.weight_db,
        speaks: row.status == "speak",
    };
    let pair =
        |row: AttributionRow| PairReading { session_id: row.session_id, outcome_id: row.outcome_id, tier: row.tier };
    let test = |row: PopulationRow| PopulationReading {
        fires: row.fires(),
        ci_low: row.ci_low,
        ci_high: row.ci_high,
        test: row.test,
        scope: row.scope,
        status: row.status,
        estimate: row.estimate,
        p: row.p,
        n: row.n,
    };
    Ok(Readings {
        sessions: read::<SessionRow>(out)?.into_iter().map(session).collect(),
        weeks: read::<ActorWeekRow>(out)?.into_iter().map(week).collect(),
        signals: read::<SignalRow>(out)?.into_iter().map(signal).collect(),
        attribution: read::<AttributionRow>(out)?.into_iter().map(pair).collect(),
        population: read::<PopulationRow>(out)?.into_iter().map(test).collect(),
        prompts: None,
    })
}

async fn prompts(lake: &Path, global: &Global) -> anyhow::Result<BTreeMap<String, (i64, i64)>> {
    let settings = Settings::resolve(global)?;
    let engine = Engine::new(&settings.engine_limits())?;
    engine.register(Table::Events.name(), Lake::open(lake)?.provider(Table::Events).await?)?;
    let mut prompts = BTreeMap::new();
    for batch in engine.rows(PROMPTS).await? {
        let columns = Columns::new(&batch);
        let (actors, counts, texts) =
            (columns.text("actor_id")?, columns.integer("prompts")?, columns.integer("texts")?);
        for row in 0..columns.rows() {
            prompts.insert(actors.required(row)?, (counts.required(row)?, texts.required(row)?));
        }
    }
    Ok(prompts)
}
