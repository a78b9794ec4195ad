//! `footlight score`: base tables, models, readings, evidence, archetypes, and OUT/tables with pseudonyms.

mod summary;

use summary::published_tests;
pub use summary::{ScoreSummary, text};

use super::base_tables::{self, BaseTables, Span};
use super::freshness::Freshness;
use super::hold::hold;
use super::identity::UNASSIGNED;
use super::settings::{Settings, span};
use super::{
    Exit, catalogue, cluster as machines, declared, identities, kpis, objections, readings, run_facts, signals_heard,
    survival,
    team_rows::{self, RosterSpans},
};
use crate::cli::{Global, IngestArgs, OutArgs, ScoreArgs, ScoringArgs};
use crate::cluster::{self, ClusterUnit};
use crate::engine::{Engine, Limits, Models, Overrides, ParamValue};
use crate::lake::Lake;
use crate::output::Printer;
use crate::privacy::{Domain, Ledger, Pseudonyms, Rules};
use crate::report::inputs::{Archetype, JobFacts};
use crate::report::release::{TeamWeeks, team_weeks};
use crate::results::{self, RunFile, Scoring, Table};
use crate::score::input::Scope;
use crate::score::objections::Decision;
use crate::score::rows::{ActorWeekRow, AttributionRow, FindingRow, SessionSourceRow};
use crate::score::{Scored, Scoring as ScoringRun, SignalRows};
use anyhow::Context;
use jiff::Timestamp;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How far ahead a record may be dated before it is said. Clocks and time zones differ by less.
const FUTURE: jiff::SignedDuration = jiff::SignedDuration::from_hours(48);

/// Runs the command.
pub async fn run(args: &ScoreArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let settings = Settings::resolve(global)?;
    let lake = Lake::open(&args.lake)?;
    let _held = hold(&lake, &args.out.out, Duration::ZERO).await?;
    let summary = score_lake(&lake, &settings, &args.scoring, &args.out, None).await?;
    printer.text(&text(&summary, &args.out.out))?;
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0, "score": summary,
    }))?;
    Ok(Exit::Done)
}

/// Scores a lake into OUT. `ingest` is what a whole run read, for the commands that the report prints.
pub async fn score_lake(
    lake: &Lake,
    settings: &Settings,
    scoring: &ScoringArgs,
    out: &OutArgs,
    ingest: Option<&IngestArgs>,
) -> anyhow::Result<ScoreSummary> {
    // Temporary files go where the results go: the system's directory for them may be in memory.
    std::fs::create_dir_all(&out.out).with_context(|| format!("cannot make {}", out.out.display()))?;
    let limits = Limits { scratch: Some(out.out.clone()), ..settings.engine_limits() };
    let engine = machines::engine(&limits, &scoring.machines, &out.out).await?;
    let base = base_tables::register(&engine, lake, &settings.config, span(scoring)?).await?;
    warn_of_the_future(scoring, &base);
    let (models, _) = settings.models(scoring.queries.as_deref())?;
    engine.run_keeping(&models, &overrides(settings, &base, span(scoring)?)?, &is_asked_for_later).await?;
    let mut input = readings::score_input(&engine, &settings.config, scoring.seed).await?;
    let pseudonyms = Pseudonyms::open(settings.config.privacy.key_file.as_deref(), lake.root())?;
    if let Some(path) = &settings.objections {
        let names = objections::actors_by_name(&base.actors, |actor| pseudonyms.every(Domain::Actor, actor));
        input.objections = objections::read(path, |name| names.get(name).cloned())?;
    }
    let mut run = ScoringRun::new(input);
    signals_heard::hear(&engine, &models, &mut run).await?;
    let scored = run.finish();
    engine.set_aside(scored.bytes());
    warn_of_unmatched(&scored);
    let archetypes = archetypes(&scored, scoring.seed);
    let names = Published::new(pseudonyms.clone());
    let rename = |actor: &str| names.of(actor);
    let weeks = week_rows(&engine, &scored, &rename).await?;
    let as_of = Timestamp::from_microsecond(base.as_of_us)?;
    // What came later is not looked at.
    let watermark = Freshness::of(lake, settings, as_of).await?.watermark.map(|watermark| watermark.min(as_of));
    let totals = run_facts::weeks(&engine, &base, watermark).await?;
    let (teams, totals, weeks_released) = {
        let roster = RosterSpans::of(&base.roster);
        let roster_size = |team: &str, iso_week: &str| roster.size(team, iso_week);
        let links = team_rows::links(&engine, &rename).await?;
        let input = TeamWeeks {
            links: &links,
            actor_weeks: &weeks,
            weeks: totals,
            roster_size: &roster_size,
            roster_teams: &roster.teams(),
        };
        let mut ledger = Ledger::open(lake.root(), &pseudonyms)?;
        ledger.look_back(lake.is_of_the_past());
        let released = team_weeks(input, Rules::new(settings.config.privacy.min_people)?, Some(&mut ledger))?;
        // Before the tables are written: what is published and not taken down could be told from the next report.
        ledger.commit()?;
        released
    };
    let out = out.out.as_path();
    let mut summary = summarise(&scored, &weeks);
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
            ingest,
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
    run_facts::source_people(&engine, &rename, &mut file.run.sources).await?;
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
    RunFile::withdraw(out)?;
    write_sessions(&engine, &scored, &archetypes.labels, &rename, out).await?;
    results::write(out, &weeks)?;
    // A few hundred bytes of each session and week, which nothing below reads and the sort of readings has use for.
    drop((archetypes.labels, weeks));
    write_signals(&engine, &models, &scored, &names, out).await?;
    results::write_evidence(out, &scored, rename)?;
    summary.findings = write_findings(&engine, out).await?;
    results::write(out, &teams)?;
    results::write(out, &published_tests(&scored.population, summary.is_protected()))?;
    summary.attribution = write_attribution(&engine, out).await?;
    results::write(out, &run_facts::kept_outcomes(&engine).await?)?;
    let mut sources = Table::<SessionSourceRow>::create(out)?;
    readings::session_sources(&engine, |row| Ok(sources.push(row)?)).await?;
    sources.finish()?;
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

/// Whether the result of a model is read once all models have run: what only other models read is dropped before, the steps of everybody among it.
fn is_asked_for_later(model: &str) -> bool {
    !(model.starts_with("int_") || model.starts_with("stg_")) || model == "int_automation_runs"
}

/// One record of a machine whose clock is wrong moves the moment that everything is judged as of.
fn warn_of_the_future(scoring: &ScoringArgs, base: &BaseTables) {
    let newest = Timestamp::from_microsecond(base.as_of_us).unwrap_or_default();
    if scoring.as_of.is_none() && newest > Timestamp::now() + FUTURE {
        tracing::warn!(
            "the newest record is of {newest}, which is not yet: give --as-of, or all that is young is judged as if its outcomes were known"
        );
    }
}

fn warn_of_unmatched(scored: &Scored) {
    let unmatched = scored.objection_counts.unmatched;
    if unmatched > 0 {
        tracing::warn!(
            "{unmatched} objections are about units that are not in this run; `footlight subject` lists the units of a person"
        );
    }
}

/// Groups of similar sessions among those that people began and that have a score.
fn archetypes(scored: &Scored, seed: u64) -> cluster::Archetypes {
    let sessions = scored.session_inputs();
    let scores = scored.sessions().zip(sessions).enumerate().filter(|(_, (_, session))| !session.declared);
    let scores: Vec<(usize, f64)> = scores.filter_map(|(place, (unit, _))| Some((place, unit.score_db()?))).collect();
    let unit = |place: usize, score_db: f64| {
        let session = &sessions[place];
        let amounts = [
            ("prompts", session.prompts as f64),
            ("tokens", session.tokens.unwrap_or(0) as f64),
            ("tool_calls", session.tool_calls as f64),
        ];
        ClusterUnit {
            unit_id: session.session_id.to_string(),
            actor: session.actor.to_string(),
            score_db,
            weights: scored.weights(place).map(|(signal, weight)| (signal.to_owned(), weight)).collect(),
            amounts: amounts.into_iter().map(|(name, amount)| (name.to_owned(), amount)).collect(),
        }
    };
    cluster::archetypes(&scores, unit, seed)
}

/// Parameters of models, from the configuration and the moments that scores speak for.
pub(super) fn overrides(settings: &Settings, base: &BaseTables, looked_at: Span) -> anyhow::Result<Overrides> {
    let mut overrides = settings.overrides()?;
    let as_of = jiff::Timestamp::from_microsecond(base.as_of_us)?;
    overrides.insert("int_as_of.as_of".to_owned(), ParamValue::Text(as_of.to_string()));
    let lateness = ParamValue::Int(i64::from(settings.config.schedule.lateness_hours));
    for model in ["int_outcomes_until", "int_repo_outcomes_until"] {
        overrides.entry(format!("{model}.lateness_hours")).or_insert(lateness.clone());
    }
    for (parameter, moment) in [("int_charges.since", looked_at.since_us), ("int_charges.as_of", looked_at.as_of_us)] {
        if let Some(moment) = moment {
            let moment = jiff::Timestamp::from_microsecond(moment)?;
            overrides.insert(parameter.to_owned(), ParamValue::Text(moment.to_string()));
        }
    }
    Ok(overrides)
}

/// Names of people as they are published, each made once.
#[derive(Clone)]
struct Published {
    pseudonyms: Arc<Pseudonyms>,
    known: Arc<Mutex<FxHashMap<String, String>>>,
}

impl Published {
    fn new(pseudonyms: Pseudonyms) -> Self {
        Self { pseudonyms: Arc::new(pseudonyms), known: Arc::default() }
    }

    /// The pseudonym. Nobody needs none, and reports must be able to tell.
    fn of(&self, actor: &str) -> String {
        if actor == UNASSIGNED {
            return UNASSIGNED.to_owned();
        }
        let Ok(mut known) = self.known.lock() else { return self.pseudonyms.of(Domain::Actor, actor) };
        if let Some(name) = known.get(actor) {
            return name.clone();
        }
        let name = self.pseudonyms.of(Domain::Actor, actor);
        known.insert(actor.to_owned(), name.clone());
        name
    }

    /// The unit id of an actor-week.
    fn of_week(&self, unit_id: &str) -> String {
        match unit_id.rsplit_once('/') {
            Some((actor, week)) => format!("{}/{week}", self.of(actor)),
            None => self.of(unit_id),
        }
    }
}

/// Counts what the tables hold: weeks of people, and none of services.
fn summarise(scored: &Scored, weeks: &[ActorWeekRow]) -> ScoreSummary {
    // Who is protected is asked as a report asks it.
    let known = weeks.iter().filter(|week| week.actor != UNASSIGNED && week.is_active());
    let mut summary = ScoreSummary {
        sessions: scored.session_inputs().len(),
        actor_weeks: weeks.len(),
        people: known.map(|week| week.actor.as_str()).collect::<FxHashSet<_>>().len(),
        ..ScoreSummary::default()
    };
    for week in weeks {
        *summary.bands.entry(week.band.clone()).or_default() += 1;
    }
    summary
}

async fn write_sessions(
    engine: &Engine,
    scored: &Scored,
    archetypes: &BTreeMap<String, String>,
    rename: &impl Fn(&str) -> String,
    out: &Path,
) -> anyhow::Result<()> {
    let mut table = Table::create(out)?;
    readings::sessions(engine, |mut row| {
        if let Some(unit) = scored.unit(Scope::Session, &row.session_id) {
            row.score_db = unit.score_db();
            row.band = unit.band.as_str().to_owned();
            row.objection = unit.objection.map_or("", Decision::as_str).to_owned();
        }
        row.archetype = archetypes.get(&row.session_id).cloned().unwrap_or_default();
        row.actor = rename(&row.actor);
        Ok(table.push(row)?)
    })
    .await?;
    Ok(table.finish()?)
}

/// Readings are asked for once more, with their words and in the order of the table, so that no words are held while scores are made.
async fn write_signals(
    engine: &Engine,
    models: &Models,
    scored: &Scored,
    names: &Published,
    out: &Path,
) -> anyhow::Result<()> {
    const NAME: &str = "footlight_unit_name";
    let published = names.clone();
    engine.register_text_function(NAME, move |unit_id| published.of_week(unit_id));
    let mut table = Table::create(out)?;
    let mut rows = SignalRows::new(scored);
    signals_heard::told(engine, models, NAME, |name, reading| {
        let mut row = rows.row(&reading);
        name.clone_into(&mut row.unit_id);
        Ok(table.push(row)?)
    })
    .await?;
    Ok(table.finish()?)
}

async fn write_findings(engine: &Engine, out: &Path) -> anyhow::Result<BTreeMap<String, usize>> {
    let (mut table, mut counts) = (Table::<FindingRow>::create(out)?, BTreeMap::<String, usize>::new());
    readings::findings(engine, |row| {
        *counts.entry(row.finding.clone()).or_default() += 1;
        Ok(table.push(row)?)
    })
    .await?;
    table.finish()?;
    Ok(counts)
}

async fn write_attribution(engine: &Engine, out: &Path) -> anyhow::Result<BTreeMap<String, usize>> {
    let (mut table, mut counts) = (Table::<AttributionRow>::create(out)?, BTreeMap::<String, usize>::new());
    readings::attribution(engine, |row| {
        *counts.entry(row.tier.clone()).or_default() += 1;
        Ok(table.push(row)?)
    })
    .await?;
    table.finish()?;
    Ok(counts)
}

async fn week_rows(
    engine: &Engine,
    scored: &Scored,
    rename: &impl Fn(&str) -> String,
) -> anyhow::Result<Vec<ActorWeekRow>> {
    let mut rows = readings::actor_weeks(engine).await?;
    for row in &mut rows {
        if let Some(unit) = scored.unit(Scope::ActorWeek, &format!("{}/{}", row.actor, row.iso_week)) {
            row.score_db = unit.score_db();
            row.band = unit.band.as_str().to_owned();
            row.objection = unit.objection.map_or("", Decision::as_str).to_owned();
        }
        row.actor = rename(&row.actor);
    }
    rows.sort_by(|one, two| (&one.actor, &one.iso_week).cmp(&(&two.actor, &two.iso_week)));
    Ok(rows)
}
