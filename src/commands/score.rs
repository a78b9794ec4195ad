//! `footlight score`: base tables, models, readings, evidence, archetypes, and OUT/tables with pseudonyms.

use super::base_tables::{self, BaseTables, Span};
use super::freshness::Freshness;
use super::identity::UNASSIGNED;
use super::settings::{Settings, span};
use super::{
    Exit, catalogue, cluster as machines, declared, identities, kpis, objections, readings, run_facts, survival,
    team_rows,
};
use crate::cli::{Global, OutArgs, ScoreArgs, ScoringArgs};
use crate::cluster::{self, ClusterUnit};
use crate::engine::{Engine, Limits, Models, Overrides, ParamValue, overrides_from_toml};
use crate::lake::Lake;
use crate::output::Printer;
use crate::privacy::{Domain, Ledger, Pseudonyms, Rules, rounding};
use crate::report::inputs::{Archetype, JobFacts, SurvivalFact};
use crate::report::release::{TeamWeeks, team_weeks};
use crate::results::{self, RunFile, Scoring};
use crate::score::input::SessionInput;
use crate::score::objections::Decision;
use crate::score::rows::{ActorWeekRow, AttributionRow, FindingRow, SessionRow};
use crate::score::{Scored, score};
use anyhow::Context;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// What a scoring run found, for the summary.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ScoreSummary {
    /// Root sessions.
    pub sessions: usize,
    /// Actor-weeks.
    pub actor_weeks: usize,
    /// Sessions and actor-weeks by band.
    pub bands: BTreeMap<String, usize>,
    /// Observed facts by kind.
    pub findings: BTreeMap<String, usize>,
    /// Session-outcome pairs by tier.
    pub attribution: BTreeMap<String, usize>,
    /// How much work lands and stays.
    pub survival: Vec<SurvivalFact>,
    /// People with a scored week, and how many a published cell needs; for the words, not for machines.
    #[serde(skip)]
    pub people: usize,
    /// See `people`.
    #[serde(skip)]
    pub floor: usize,
}

/// Runs the command.
pub async fn run(args: &ScoreArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let settings = Settings::resolve(global)?;
    let lake = Lake::open(&args.lake)?;
    let summary = score_lake(&lake, &settings, &args.scoring, &args.out, &[]).await?;
    printer.text(&text(&summary, &args.out.out))?;
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0, "score": summary,
    }))?;
    Ok(Exit::Done)
}

/// The summary for people. Where there are enough people that they can be protected its counts are rounded like those of a report, and a
/// handful is not counted out: a terminal is read over shoulders and pasted into chats.
pub fn text(summary: &ScoreSummary, out: &Path) -> String {
    let protected = summary.people >= summary.floor.max(1);
    let shown = |count: usize| match i64::try_from(count) {
        Ok(few) if protected && few > 0 && count < summary.floor => format!("fewer than {}", summary.floor),
        Ok(count) if protected => rounding::count(count).to_string(),
        _ => count.to_string(),
    };
    let list = |counts: &BTreeMap<String, usize>| {
        let parts: Vec<String> = counts.iter().map(|(name, count)| format!("{} {name}", shown(*count))).collect();
        if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
    };
    let kept: String = summary
        .survival
        .iter()
        .map(|fact| format!("{}: {:.0} % after {} days, n {}\n", fact.of, 100.0 * fact.share, fact.days, fact.n))
        .collect();
    format!(
        "scored {} sessions and {} person-weeks: {}\nfacts: {}\nlinks to outcomes: {}\n{kept}tables: {}\n",
        shown(summary.sessions),
        shown(summary.actor_weeks),
        list(&summary.bands),
        list(&summary.findings),
        list(&summary.attribution),
        results::tables_directory(out).display()
    )
}

/// Scores a lake into OUT. `inputs` are the input paths of a whole run, for the commands that the report prints.
pub async fn score_lake(
    lake: &Lake,
    settings: &Settings,
    scoring: &ScoringArgs,
    out: &OutArgs,
    inputs: &[std::path::PathBuf],
) -> anyhow::Result<ScoreSummary> {
    // Temporary files go where the results go: the system's directory for them may be in memory.
    std::fs::create_dir_all(&out.out).with_context(|| format!("cannot make {}", out.out.display()))?;
    let limits = Limits { scratch: Some(out.out.clone()), ..settings.engine_limits() };
    let engine = machines::engine(&limits, &scoring.machines, &out.out).await?;
    let base = base_tables::register(&engine, lake, &settings.config, span(scoring)?).await?;
    let models = match &scoring.queries {
        Some(directory) => Models::with_directory(directory)?,
        None => Models::embedded()?,
    };
    engine.run(&models, &overrides(settings, &base, span(scoring)?)?).await?;
    let mut input = readings::score_input(&engine, &models, &settings.config, scoring.seed).await?;
    let pseudonyms = Pseudonyms::open(settings.config.privacy.key_file.as_deref(), lake.root())?;
    if let Some(path) = &settings.objections {
        let names = objections::actors_by_name(&base.actors, |actor| pseudonyms.every(Domain::Actor, actor));
        input.objections = objections::read(path, |name| names.get(name).cloned())?;
    }
    let session_inputs = input.sessions.clone();
    let mut scored = score(input);
    warn_of_unmatched(&scored);
    let archetypes = cluster::archetypes(&cluster_units(&session_inputs, &scored), scoring.seed);
    // Nobody needs no pseudonym, and reports must be able to tell.
    let rename = |actor: &str| match actor {
        UNASSIGNED => UNASSIGNED.to_owned(),
        actor => pseudonyms.of(Domain::Actor, actor),
    };
    let weeks = week_rows(&engine, &scored, &rename).await?;
    let sessions = session_rows(&engine, &scored, &archetypes.labels, &rename).await?;
    let as_of = Timestamp::from_microsecond(base.as_of_us)?;
    // What came later is not looked at.
    let watermark = Freshness::of(lake, settings, as_of).await?.watermark.map(|watermark| watermark.min(as_of));
    let totals = run_facts::weeks(&engine, &base, watermark).await?;
    let (teams, totals, weeks_released) = {
        let roster_size = |team: &str, iso_week: &str| team_rows::roster_size(&base, team, iso_week);
        let input = TeamWeeks { sessions: &sessions, actor_weeks: &weeks, weeks: totals, roster_size: &roster_size };
        let mut ledger = Ledger::open(lake.root(), &pseudonyms)?;
        ledger.look_back(lake.is_of_the_past());
        let released = team_weeks(input, Rules::new(settings.config.privacy.min_people)?, Some(&mut ledger))?;
        // Before the tables are written: what is published and not taken down could be told from the next report.
        ledger.commit()?;
        released
    };
    scored.rename_actors(rename);
    let out = out.out.as_path();
    let findings: Vec<FindingRow> = readings::findings(&engine).await?;
    let attribution: Vec<AttributionRow> = readings::attribution(&engine).await?;
    let mut summary = summarise(&scored, &findings, &attribution);
    summary.floor = settings.config.privacy.min_people;
    let mut file = RunFile::new(
        run_facts::facts(run_facts::FactsOf {
            engine: &engine,
            lake,
            models: &models,
            settings,
            scoring,
            base: &base,
            scored: &scored,
            watermark,
            inputs,
            out,
        })
        .await?,
    );
    file.scoring = Scoring {
        as_of: scoring.as_of.clone(),
        since: scoring.since.clone(),
        queries: scoring.queries.clone(),
        seed: scoring.seed,
    };
    file.days = run_facts::days(&engine).await?;
    file.models = run_facts::models(&engine, &rename).await?;
    (file.weeks, file.weeks_released) = (totals, weeks_released);
    file.systems = run_facts::systems(&engine, &rename).await?;
    file.declared = declared::jobs(&engine, &rename).await?;
    file.policies = run_facts::policies(&settings.config)?;
    file.kpis = kpis::kpis(&settings.config, &scored.histograms)?;
    file.rank_agreement = scored.rank_agreement;
    file.survival = survival::survival(&engine).await?;
    summary.survival.clone_from(&file.survival);
    file.queries = catalogue::queries(&models);
    file.catalogue = catalogue::entries(&models);
    file.archetypes = archetypes
        .published
        .iter()
        .map(|one| Archetype {
            name: one.name.as_str().to_owned(),
            sessions: one.units as i64,
            actors: one.people as i64,
        })
        .collect();
    file.run.calibration_notes.extend(archetypes.notes);
    write(out, &sessions, &weeks, &scored, &findings, &teams, &attribution)?;
    results::write(out, &run_facts::kept_outcomes(&engine).await?)?;
    results::write(out, &readings::session_sources(&engine).await?)?;
    results::write(out, &identities::rows(&base.links, |id| pseudonyms.of(Domain::Actor, id)))?;
    results::write(out, &run_facts::seat_rows(&engine, &rename).await?)?;
    results::write(out, &run_facts::outcome_coverage(&engine, &rename).await?)?;
    results::write(out, &file.run.coverage)?;
    let jobs: Vec<JobFacts> = file.declared.iter().map(|job| job.facts.clone()).collect();
    results::write(out, &jobs)?;
    file.write(out)?;
    results::write_views(out)?;
    Ok(summary)
}

fn warn_of_unmatched(scored: &Scored) {
    let unmatched = scored.objections.unmatched;
    if unmatched > 0 {
        tracing::warn!(
            "{unmatched} objections are about units that are not in this run; `footlight subject` lists the units of a person"
        );
    }
}

/// Scored sessions with their evidence by signal and their size, for clustering.
fn cluster_units(sessions: &[SessionInput], scored: &Scored) -> Vec<ClusterUnit> {
    let mut weights = rustc_hash::FxHashMap::<&str, BTreeMap<String, f64>>::default();
    for row in scored.signals.iter().filter(|row| row.scope == "session") {
        if let Some(weight) = row.weight_db {
            weights.entry(row.unit_id.as_str()).or_default().insert(row.signal.to_string(), weight);
        }
    }
    let by_id: rustc_hash::FxHashMap<&str, &SessionInput> =
        sessions.iter().map(|session| (session.session_id.as_str(), session)).collect();
    scored
        .sessions
        .iter()
        .filter_map(|unit| {
            let session = by_id.get(unit.unit_id.as_str()).filter(|session| !session.declared)?;
            let amounts = [
                ("prompts", session.prompts as f64),
                ("tokens", session.tokens.unwrap_or(0) as f64),
                ("tool_calls", session.tool_calls as f64),
            ];
            Some(ClusterUnit {
                unit_id: unit.unit_id.clone(),
                actor: unit.actor.clone(),
                score_db: unit.score_db()?,
                weights: weights.remove(unit.unit_id.as_str()).unwrap_or_default(),
                amounts: amounts.into_iter().map(|(name, amount)| (name.to_owned(), amount)).collect(),
            })
        })
        .collect()
}

/// Parameters of models, from the configuration and the moments that scores speak for.
pub(super) fn overrides(settings: &Settings, base: &BaseTables, looked_at: Span) -> anyhow::Result<Overrides> {
    let table: toml::Table = settings.config.params.clone().into_iter().collect();
    let mut overrides = overrides_from_toml(&table).context("[params]")?;
    let as_of = jiff::Timestamp::from_microsecond(base.as_of_us)?;
    overrides.insert("int_as_of.as_of".to_owned(), ParamValue::Text(as_of.to_string()));
    let lateness = ParamValue::Int(i64::from(settings.config.schedule.lateness_hours));
    overrides.entry("int_outcomes_until.lateness_hours".to_owned()).or_insert(lateness);
    for (parameter, moment) in [("int_billed.since", looked_at.since_us), ("int_billed.as_of", looked_at.as_of_us)] {
        if let Some(moment) = moment {
            let moment = jiff::Timestamp::from_microsecond(moment)?;
            overrides.insert(parameter.to_owned(), ParamValue::Text(moment.to_string()));
        }
    }
    Ok(overrides)
}

fn write(
    out: &Path,
    sessions: &[SessionRow],
    weeks: &[ActorWeekRow],
    scored: &Scored,
    findings: &[FindingRow],
    teams: &[crate::score::rows::TeamRow],
    attribution: &[AttributionRow],
) -> Result<(), results::ResultsError> {
    results::write(out, sessions)?;
    results::write(out, weeks)?;
    results::write(out, &scored.signals)?;
    results::write(out, &results::rows_of(scored))?;
    results::write(out, findings)?;
    results::write(out, teams)?;
    results::write(out, &scored.population)?;
    results::write(out, attribution)
}

fn summarise(scored: &Scored, findings: &[FindingRow], attribution: &[AttributionRow]) -> ScoreSummary {
    let mut summary = ScoreSummary {
        sessions: scored.sessions.len(),
        actor_weeks: scored.actor_weeks.len(),
        people: scored
            .actor_weeks
            .iter()
            .map(|week| week.actor.as_str())
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        ..ScoreSummary::default()
    };
    for week in &scored.actor_weeks {
        *summary.bands.entry(week.band.as_str().to_owned()).or_default() += 1;
    }
    for finding in findings {
        *summary.findings.entry(finding.finding.clone()).or_default() += 1;
    }
    for pair in attribution {
        *summary.attribution.entry(pair.tier.clone()).or_default() += 1;
    }
    summary
}

async fn session_rows(
    engine: &Engine,
    scored: &Scored,
    archetypes: &BTreeMap<String, String>,
    rename: &impl Fn(&str) -> String,
) -> anyhow::Result<Vec<SessionRow>> {
    let scores: rustc_hash::FxHashMap<&str, _> =
        scored.sessions.iter().map(|unit| (unit.unit_id.as_str(), unit)).collect();
    let mut rows = readings::sessions(engine).await?;
    for row in &mut rows {
        if let Some(unit) = scores.get(row.session_id.as_str()) {
            row.score_db = unit.score_db();
            row.band = unit.band.as_str().to_owned();
            row.objection = unit.objection.map_or("", Decision::as_str).to_owned();
        }
        row.archetype = archetypes.get(&row.session_id).cloned().unwrap_or_default();
        row.actor = rename(&row.actor);
    }
    Ok(rows)
}

async fn week_rows(
    engine: &Engine,
    scored: &Scored,
    rename: &impl Fn(&str) -> String,
) -> anyhow::Result<Vec<ActorWeekRow>> {
    let scores: rustc_hash::FxHashMap<(&str, &str), _> =
        scored.actor_weeks.iter().map(|unit| ((unit.actor.as_str(), unit.iso_week.as_str()), unit)).collect();
    let mut rows = readings::actor_weeks(engine).await?;
    for row in &mut rows {
        if let Some(unit) = scores.get(&(row.actor.as_str(), row.iso_week.as_str())) {
            row.score_db = unit.score_db();
            row.band = unit.band.as_str().to_owned();
            row.objection = unit.objection.map_or("", Decision::as_str).to_owned();
        }
    }
    for row in &mut rows {
        row.actor = rename(&row.actor);
    }
    rows.sort_by(|one, two| (&one.actor, &one.iso_week).cmp(&(&two.actor, &two.iso_week)));
    Ok(rows)
}
