//! `footlight simulate`: writes a labelled organisation and says what it wrote.

use super::settings::cores;
use super::{Exit, UsageError};
use crate::cli::{Global, LogFormat, SimulateArgs, World as NamedWorld};
use crate::output::Printer;
use crate::simulate::{Divisions, SimulateError, Simulation, World, Written};

/// People of a division of a large organisation: some 100,000 events in twelve weeks.
const DIVISION_PEOPLE: usize = 120;

/// Runs the command.
pub fn run(args: &SimulateArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let simulation = simulation(args);
    if let Some(events) = args.events {
        let threads = global.threads.unwrap_or_else(cores);
        let division = Simulation { people: DIVISION_PEOPLE, ..simulation };
        return for_size(&Divisions { division, events, plain: args.plain, threads }, args, printer);
    }
    let written = simulation.write(&args.out).map_err(named)?;
    let directory = args.out.display();
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": Exit::Done.word(), "exit_code": Exit::Done as u8, "world": simulation.world.as_str(),
        "seed": args.seed, "people": args.people, "weeks": args.weeks, "input": args.out.join("input"), "truth": args.out.join("truth"),
        "written": written,
    }))?;
    printer.text(&format!(
        "{directory}: world {}, seed {}\n{} events, {} sessions, {} outcomes; {} tokens, of which {} made to be counted\n\
         footlight run --input {directory}/input --config {directory}/input/footlight.toml --lake LAKE --out OUT\n\
         footlight evaluate --truth {directory}/truth --out OUT\n",
        simulation.world.as_str(),
        args.seed,
        written.events,
        written.sessions,
        written.outcomes,
        written.tokens,
        written.injected_tokens
    ))?;
    Ok(Exit::Done)
}

/// Writes an organisation of any size, and says how to run it.
fn for_size(divisions: &Divisions, args: &SimulateArgs, printer: Printer) -> anyhow::Result<Exit> {
    let started = std::time::Instant::now();
    let written: Written = divisions.write(&args.out).map_err(named)?;
    let seconds = started.elapsed().as_secs_f64();
    let (directory, world) = (args.out.display(), divisions.division.world.as_str());
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": Exit::Done.word(), "exit_code": Exit::Done as u8, "world": world, "seed": args.seed, "weeks": args.weeks,
        "input": args.out.join("input"), "written": written,
    }))?;
    printer.text(&format!(
        "{directory}: world {world}, seed {}\n{} events, {} sessions, {} outcomes; {} tokens; {:.0} events a second\n\
         footlight run --input {directory}/input --config {directory}/input/footlight.toml --lake LAKE --out OUT\n",
        args.seed,
        written.events,
        written.sessions,
        written.outcomes,
        written.tokens,
        written.events as f64 / seconds.max(1e-9)
    ))?;
    Ok(Exit::Done)
}

/// What is simulated, as typed.
pub(super) fn simulation(args: &SimulateArgs) -> Simulation {
    Simulation {
        seed: args.seed,
        people: args.people as usize,
        weeks: args.weeks as usize,
        world: match args.world {
            NamedWorld::NoIncentive => World::NoIncentive,
            NamedWorld::Quota => World::Quota,
            NamedWorld::Leaderboard => World::Leaderboard,
            NamedWorld::GamedOutcomes => World::GamedOutcomes,
            NamedWorld::Clean => World::Clean,
        },
        theater_share: args.theater_share,
        families: args.family.clone(),
        pace: args.pace,
        strip_text: args.strip_text,
        native: args.format == LogFormat::ClaudeCode,
    }
}

/// Wrong use is the user's to mend.
pub(super) fn named(error: SimulateError) -> anyhow::Error {
    match error {
        SimulateError::Family(_) | SimulateError::StrippedTranscript => UsageError(error.to_string()).into(),
        error => error.into(),
    }
}
