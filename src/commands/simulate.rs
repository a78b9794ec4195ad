//! `footlight simulate`: writes a labelled organisation and says what it wrote.

use super::{Exit, UsageError};
use crate::cli::{LogFormat, SimulateArgs, World as NamedWorld};
use crate::output::Printer;
use crate::simulate::{SimulateError, Simulation, World};

/// Runs the command.
pub fn run(args: &SimulateArgs, printer: Printer) -> anyhow::Result<Exit> {
    let simulation = simulation(args);
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
