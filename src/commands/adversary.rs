//! `footlight simulate --adversary`: people who adapt to the product's own score, and how far that carries them.
//!
//! Owns trying a strategy: simulate, ingest and score in a directory of its own, look, delete. What is tried next is `evaluate::Climb`'s,
//! what a strategy is `simulate::Strategy`'s, and the report `evaluate::Frontier`'s.

use super::settings::Settings;
use super::{Exit, UsageError, evaluate, ingest, score, simulate};
use crate::cli::{AdversaryArgs, Global, InflatedMetric, IngestArgs, MachinesArgs, OutArgs, ScoringArgs, SimulateArgs};
use crate::evaluate::{
    Attempt, Climb, Cost, FamilyClimb, Frontier, Level, Metric, Observed, Trial, Truth, Winner, largest_at_half,
    least_found, observe,
};
use crate::lake::Lake;
use crate::output::Printer;
use crate::simulate::{Simulation, Strategy, World, family_names};
use anyhow::Context;
use std::path::PathBuf;

/// Runs the command.
pub async fn run(args: &SimulateArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let simulation = simulate::simulation(args);
    if simulation.world == World::Clean {
        return Err(UsageError("nobody plays in the world `clean`: choose another --world".to_owned()).into());
    }
    let families = families(&simulation.families)?;
    if (simulation.people as f64 * simulation.theater_share).round() < 1.0 {
        return Err(UsageError("--theater-share leaves nobody to adapt".to_owned()).into());
    }
    std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    let mut laboratory =
        Laboratory { simulation, out: args.out.clone(), global, metric: metric(&args.adversary), seen: Vec::new() };
    let frontier = frontier(&mut laboratory, &families, &args.adversary, printer).await?;
    let page = args.out.join("evasion.md");
    std::fs::write(&page, frontier.markdown()).with_context(|| format!("cannot write {}", page.display()))?;
    printer.text(&format!("{frontier}page: {}\n", page.display()))?;
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": Exit::Done.word(), "exit_code": Exit::Done as u8, "page": page, "frontier": frontier,
    }))?;
    Ok(Exit::Done)
}

fn metric(args: &AdversaryArgs) -> Metric {
    match args.metric {
        InflatedMetric::Tokens => Metric::Tokens,
        InflatedMetric::ActiveDays => Metric::ActiveDays,
    }
}

/// The families to start from: those that were named, else all.
fn families(named: &[String]) -> anyhow::Result<Vec<&'static str>> {
    let known = family_names();
    if let Some(wrong) = named.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(simulate::named(crate::simulate::SimulateError::Family(wrong.clone())));
    }
    Ok(known.into_iter().filter(|family| named.is_empty() || named.iter().any(|name| name == family)).collect())
}

/// Where strategies are tried. Everything of an organisation is deleted when it was looked at.
struct Laboratory<'a> {
    simulation: Simulation,
    out: PathBuf,
    global: &'a Global,
    metric: Metric,
    /// What was tried already, by seed.
    seen: Vec<(u64, Strategy, Observed)>,
}

impl Laboratory<'_> {
    async fn observe(&mut self, seed: u64, strategy: &Strategy) -> anyhow::Result<Observed> {
        let known = self.seen.iter().find(|(at, tried, _)| *at == seed && tried == strategy);
        if let Some((_, _, observed)) = known {
            return Ok(observed.clone());
        }
        let observed = self.pipeline(&Simulation { seed, ..self.simulation.clone() }, strategy).await?;
        self.seen.push((seed, strategy.clone(), observed.clone()));
        Ok(observed)
    }

    /// Simulates, ingests and scores as `run` does, with the configuration that the organisation comes with.
    async fn pipeline(&self, simulation: &Simulation, strategy: &Strategy) -> anyhow::Result<Observed> {
        let directory = tempfile::tempdir_in(&self.out)?;
        let root = directory.path();
        simulation.write_with(strategy, root).map_err(simulate::named)?;
        let (input, lake) = (root.join("input"), root.join("lake"));
        let global = Global { config: Some(input.join("footlight.toml")), color: self.global.color, ..*self.global };
        let settings = Settings::resolve(&global)?;
        let ingested = IngestArgs {
            input: vec![input],
            lake: lake.clone(),
            source: "auto".to_owned(),
            exclude: Vec::new(),
            max_line: 16 << 20,
            lock_timeout: 0,
        };
        let quiet = Printer { json: false, quiet: true };
        ingest::into_lake(&ingested, &settings, &settings.ingest(&ingested, None)?, quiet).await?;
        let out = OutArgs { out: root.join("out") };
        let scoring =
            ScoringArgs { as_of: None, since: None, queries: None, seed: 1, machines: MachinesArgs::default() };
        score::score_lake(&Lake::open(&lake)?, &settings, &scoring, &out, None).await?;
        let truth = Truth::read(&root.join("truth"))?;
        Ok(observe(&truth, &evaluate::readings(&out.out)?, &simulation.incentive_week())?)
    }

    /// The strategy beside the same group without theater.
    async fn attempt(&mut self, seed: u64, strategy: &Strategy) -> anyhow::Result<Trial> {
        let without = self.observe(seed, &Strategy::honest()).await?;
        Ok(Trial::new(self.observe(seed, strategy).await?, &without, self.metric))
    }
}

async fn frontier(
    laboratory: &mut Laboratory<'_>,
    families: &[&'static str],
    args: &AdversaryArgs,
    printer: Printer,
) -> anyhow::Result<Frontier<Strategy>> {
    let (seed, held_out_seed) = (laboratory.simulation.seed, laboratory.simulation.seed.wrapping_add(1));
    let mut inflations = args.inflation.clone();
    inflations.sort_by(f64::total_cmp);
    inflations.dedup();
    let mut attempts: Vec<Attempt<Strategy>> = Vec::new();
    let mut climbs = Vec::with_capacity(inflations.len());
    for inflation in &inflations {
        let mut level = Vec::with_capacity(families.len());
        for family in families {
            let climb = climb(laboratory, family, *inflation, args.steps as usize, printer, &mut attempts).await?;
            level.push(climb);
        }
        climbs.push(level);
    }
    let mut levels = Vec::with_capacity(inflations.len());
    for (inflation, families) in inflations.into_iter().zip(climbs) {
        // What inflates more than is asked for counts too.
        let winner = match least_found(&attempts, inflation) {
            Some(climbed) => Some(held_out(laboratory, climbed.clone(), &families, held_out_seed).await?),
            None => None,
        };
        levels.push(Level { inflation, winner, families });
    }
    let simulation = &laboratory.simulation;
    Ok(Frontier {
        world: simulation.world.as_str(),
        metric: laboratory.metric,
        people: simulation.people,
        weeks: simulation.weeks,
        seed,
        held_out_seed,
        steps: args.steps as usize,
        without_theater: laboratory.observe(seed, &Strategy::honest()).await?,
        trials: laboratory.seen.len(),
        largest_inflation_at_half: largest_at_half(&attempts),
        levels,
    })
}

/// The dose of which a metric of tokens is inflated so many times, and a little: what is injected comes on top of honest work.
fn dose_for(inflation: f64) -> f64 {
    let odds = 1.03 * (inflation - 1.0);
    odds / (1.0 + odds)
}

/// One family's climb from its naive strategy. Every attempt is added to `attempts`.
async fn climb(
    laboratory: &mut Laboratory<'_>,
    family: &'static str,
    inflation: f64,
    steps: usize,
    printer: Printer,
    attempts: &mut Vec<Attempt<Strategy>>,
) -> anyhow::Result<FamilyClimb<Strategy>> {
    let seed = laboratory.simulation.seed;
    let start = Strategy::naive(family, dose_for(inflation)).with_context(|| format!("no family {family}"))?;
    let mut climb = Climb::new(start, inflation, steps);
    let neighbour = |strategy: &Strategy, number: u64| strategy.neighbour(seed, number);
    let raised = |strategy: &Strategy, measured: f64| strategy.raised(measured, inflation);
    while let Some(strategy) = climb.ask(neighbour, raised) {
        let trial = laboratory.attempt(seed, &strategy).await?;
        printer.note(&format!(
            "{inflation:.2}: {strategy}: inflated {:.2}, {} of {} found, mean {:.2} dB",
            trial.inflation, trial.observed.above_1_percent, trial.observed.people, trial.observed.mean_score
        ));
        attempts.push(Attempt { strategy: strategy.clone(), trial: trial.clone() });
        climb.tell(strategy, trial);
    }
    let attempt = |found: Option<&(Strategy, Trial)>| {
        found.map(|(strategy, trial)| Attempt { strategy: strategy.clone(), trial: trial.clone() })
    };
    Ok(FamilyClimb { family, naive: attempt(climb.naive()), hidden: attempt(climb.best()), tried: climb.tried() })
}

/// The same strategy, and the naive one of its family, where no step of the climb has been. The climb has chosen what looked best on its
/// own seed, so only these figures say what it is worth.
async fn held_out(
    laboratory: &mut Laboratory<'_>,
    climbed: Attempt<Strategy>,
    families: &[FamilyClimb<Strategy>],
    seed: u64,
) -> anyhow::Result<Winner<Strategy>> {
    let held_out = laboratory.attempt(seed, &climbed.strategy).await?;
    let family = families.iter().find(|climb| climb.family == climbed.strategy.family);
    let unhidden = Strategy::naive(climbed.strategy.family, climbed.strategy.dose);
    let naive = family.and_then(|climb| climb.naive.as_ref()).map(|naive| naive.strategy.clone()).or(unhidden);
    let naive = naive.with_context(|| format!("no family {}", climbed.strategy.family))?;
    let trial = laboratory.attempt(seed, &naive).await?;
    let cost = Cost::between(&trial.observed, &held_out.observed);
    Ok(Winner { climbed, held_out, naive_held_out: Attempt { strategy: naive, trial }, cost })
}
