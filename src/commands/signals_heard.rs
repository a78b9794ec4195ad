//! The readings of signals: their numbers signal by signal for scoring, and all of them with their words for the table.
//!
//! Owns the two questions and that both give the same rows. Owns no score and no row.

use super::readings::each_batch;
use crate::engine::rows::Columns;
use crate::engine::{Engine, Model, Models};
use crate::score::Scoring;
use crate::score::input::{Reading, Scope};

/// The session and actor-week signals. A signal added by `--queries` is read too: its model only has to be named `sig_`.
fn signal_models(models: &Models) -> impl Iterator<Item = &str> {
    models.iter().map(Model::name).filter(|name| name.starts_with("sig_"))
}

/// The numbers of every row of a signal's model, with `words` as further columns.
async fn readings_of(engine: &Engine, model: &str, words: &str) -> anyhow::Result<String> {
    let has_limit = engine.context().table(model).await?.schema().has_column_with_unqualified_name("most_db");
    let limit = if has_limit { "cast(most_db as double)" } else { "cast(null as double)" };
    Ok(format!(
        "select scope, unit_id, cast(value as double) as value, cast(n as bigint) as n, status, cast(discount as double) as discount,
            cast(exculpation_db as double) as exculpation_db, {limit} as most_db{words}
        from \"{model}\" where scope in ('session', 'actor_week')"
    ))
}

/// Lets scoring hear every signal.
pub async fn hear(engine: &Engine, models: &Models, scoring: &mut Scoring) -> anyhow::Result<()> {
    for model in signal_models(models) {
        let sql = readings_of(engine, model, "").await?;
        let signal = model.trim_start_matches("sig_");
        let mut hearing = scoring.hear(signal);
        each_batch(engine, &sql, |columns| each_reading(columns, Some(signal), |_, reading| hearing.add(&reading)))
            .await?;
        hearing.weigh();
    }
    Ok(())
}

/// Every reading with its words, in the order in which its row is written: `unit_name` is a function of SQL that says how the unit of an actor-week is called
/// there.
pub async fn told(
    engine: &Engine,
    models: &Models,
    unit_name: &str,
    mut take: impl FnMut(&str, Reading<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut parts = Vec::new();
    for model in signal_models(models) {
        let signal = model.trim_start_matches("sig_").replace('\'', "''");
        let words = format!(
            ", cast(abstain_reason as varchar) as abstain_reason, cast(evidence as varchar) as evidence, '{signal}' as signal,
            case when scope = 'session' then unit_id else {unit_name}(unit_id) end as name"
        );
        parts.push(readings_of(engine, model, &words).await?);
    }
    if parts.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "select * from ({}) as readings
        order by scope desc, name, unit_id, signal, status desc, value nulls last, n, discount, exculpation_db, most_db nulls last, evidence",
        parts.join(" union all ")
    );
    let mut failed = Ok(());
    each_batch(engine, &sql, |columns| {
        let name = columns.text("name")?;
        each_reading(columns, None, |row, reading| {
            if failed.is_ok() {
                failed = name.borrowed_required(row).map_err(Into::into).and_then(|name| take(name, reading));
            }
        })
    })
    .await?;
    failed
}

/// The readings of a batch; of one that has words with them.
fn each_reading(
    columns: &Columns<'_>,
    of_signal: Option<&str>,
    mut take: impl FnMut(usize, Reading<'_>),
) -> anyhow::Result<()> {
    let (scope, unit_id, status) = (columns.text("scope")?, columns.text("unit_id")?, columns.text("status")?);
    let (value, n) = (columns.number("value")?, columns.integer("n")?);
    let (discount, exculpation) = (columns.number("discount")?, columns.number("exculpation_db")?);
    let most_db = columns.number("most_db")?;
    let words = match of_signal {
        Some(_) => None,
        None => Some((columns.text("signal")?, columns.text("abstain_reason")?, columns.text("evidence")?)),
    };
    for row in 0..columns.rows() {
        let signal = match &words {
            Some((signal, ..)) => signal.borrowed_required(row)?,
            None => of_signal.unwrap_or_default(),
        };
        let reading = Reading {
            scope: if scope.borrowed_required(row)? == "session" { Scope::Session } else { Scope::ActorWeek },
            unit_id: unit_id.borrowed_required(row)?,
            signal,
            value: value.get(row),
            n: n.get(row).unwrap_or(0),
            speaks: status.borrowed_required(row)? == "speak",
            abstain_reason: words.as_ref().and_then(|(_, reason, _)| reason.borrowed(row)),
            discount: discount.get(row).unwrap_or(1.0),
            exculpation_db: exculpation.get(row).unwrap_or(0.0),
            most_db: most_db.get(row),
            evidence: words.as_ref().and_then(|(.., evidence)| evidence.borrowed(row)).unwrap_or("{}"),
        };
        take(row, reading);
    }
    Ok(())
}
