//! How long work takes to land and how much of it stays, from models to the facts of a run.

use super::readings::collect;
use crate::engine::Engine;
use crate::report::inputs::SurvivalFact;
use crate::score::survival::{Lifetime, Look, current_status, kaplan_meier};

/// Days within which a session's work should land (`uptake.horizon`), and after which landed lines should still be there.
const LANDING_DAYS: i64 = 14;
const SURVIVAL_DAYS: i64 = 30;
/// Fewest sessions, or commits, that a share is said of; a judgement default.
const FEWEST: i64 = 20;

/// Shares by the day in question; what has too little data, or is all too young, is left out.
pub async fn survival(engine: &Engine) -> anyhow::Result<Vec<SurvivalFact>> {
    let mut facts = Vec::new();
    facts.extend(landing(engine).await?);
    for (linked, of) in [(true, "lines of commits linked to a session"), (false, "lines of other commits")] {
        facts.extend(lines(engine, linked, of).await?);
    }
    Ok(facts)
}

async fn landing(engine: &Engine) -> anyhow::Result<Option<SurvivalFact>> {
    let sql = "select days, landed, sessions from fct_landing_times order by days, landed";
    let waits = collect(engine, sql, |columns, batch| {
        let (days, landed) = (columns.integer("days")?, columns.boolean("landed")?);
        let sessions = columns.integer("sessions")?;
        (0..batch.num_rows())
            .map(|row| {
                let time = days.required(row)? as f64;
                Ok(Lifetime { time, weight: sessions.required(row)? as f64, ended: landed.required(row)? })
            })
            .collect()
    })
    .await?;
    let n: f64 = waits.iter().map(|wait| wait.weight).sum();
    Ok(kaplan_meier(&waits, LANDING_DAYS as f64).filter(|_| n >= FEWEST as f64).map(|waiting| SurvivalFact {
        of: "sessions that edited files, work landed".to_owned(),
        days: LANDING_DAYS,
        share: 1.0 - waiting.share,
        n: n as i64,
        method: "Kaplan-Meier".to_owned(),
    }))
}

async fn lines(engine: &Engine, linked: bool, of: &str) -> anyhow::Result<Option<SurvivalFact>> {
    let sql = format!(
        "select age_days, commits, lines, surviving from fct_line_survival where is_linked = {linked} order by age_days"
    );
    let looks: Vec<(i64, Look)> = collect(engine, &sql, |columns, batch| {
        let (age, commits) = (columns.integer("age_days")?, columns.integer("commits")?);
        let (lines, surviving) = (columns.integer("lines")?, columns.integer("surviving")?);
        (0..batch.num_rows())
            .map(|row| {
                let look = Look {
                    age: age.required(row)? as f64,
                    weight: lines.required(row)? as f64,
                    alive: surviving.required(row)? as f64,
                };
                Ok((commits.required(row)?, look))
            })
            .collect()
    })
    .await?;
    let commits: i64 = looks.iter().map(|(commits, _)| commits).sum();
    let looks: Vec<Look> = looks.into_iter().map(|(_, look)| look).collect();
    let found = current_status(&looks, SURVIVAL_DAYS as f64).filter(|_| commits >= FEWEST);
    Ok(found.map(|(share, _)| SurvivalFact {
        of: format!("{of}, still there"),
        days: SURVIVAL_DAYS,
        share,
        n: commits,
        method: "isotonic, one look a commit".to_owned(),
    }))
}
