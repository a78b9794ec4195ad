//! An organisation of any size, for measuring speed and memory: as many divisions as a number of events needs, made in parallel.
//!
//! Owns what is written beside each other and in which order. A division is an organisation of [`Simulation`]: it shares the policy and the seed with
//! the others and nobody else, so it depends on its number alone, and neither threads nor the order of work can change a byte. Memory is a
//! division a thread. There is no truth beside it: what is right is asked of labelled organisations, what is fast of these.

use super::journal::{Journal, Layout, Written};
use super::person;
use super::session::Style;
use super::world::Policy;
use super::{SimulateError, Simulation};
use rayon::prelude::*;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Steps of a person's week, as measured over seeds and worlds; only decides how many divisions are begun together.
const EVENTS_A_PERSON_WEEK: f64 = 77.0;

/// Divisions of one size until there are events enough.
#[derive(Debug, Clone, PartialEq)]
pub struct Divisions {
    /// What every division is; `people` of it, native formats are not made.
    pub division: Simulation,
    /// Events at least; the division that reaches them is written whole.
    pub events: u64,
    /// Plain NDJSON in place of zstd.
    pub plain: bool,
    /// Divisions made at once.
    pub threads: usize,
}

/// What is left of a division when its shards are written.
struct Made {
    number: usize,
    written: Written,
    roster: Vec<u8>,
    accounts: String,
}

impl Divisions {
    /// Writes `DIR/input`: a shard of events and one of outcomes for each division, `roster.csv` and `footlight.toml`.
    ///
    /// # Errors
    /// [`SimulateError`]; what was written before it stays.
    pub fn write(&self, directory: &Path) -> Result<Written, SimulateError> {
        self.division.check()?;
        let input = directory.join("input");
        let create = |name: &str| -> Result<BufWriter<File>, SimulateError> {
            let path = input.join(name);
            let file = std::fs::create_dir_all(&input).and_then(|()| File::create(&path));
            file.map(BufWriter::new).map_err(|error| SimulateError::Io { path, error })
        };
        let io = |error| SimulateError::Io { path: input.clone(), error };
        let policy = Policy::draw(self.division.seed, self.division.world, self.division.weeks, self.division.pace);
        let (mut roster, mut settings) = (create("roster.csv")?, create("footlight.toml")?);
        writeln!(roster, "{}", person::ROSTER_COLUMNS.join(",")).map_err(io)?;
        settings.write_all(policy.general_toml(self.style()).as_bytes()).map_err(io)?;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads.max(1)).build()?;
        let (mut total, mut next) = (Written::default(), 0);
        while total.events < self.events {
            let end = next + self.wave(total.events);
            let made: Vec<Made> = pool.install(|| {
                (next..end).into_par_iter().map(|number| self.make(number, &policy, &input)).collect::<Result<_, _>>()
            })?;
            for division in made {
                if total.events >= self.events {
                    self.remove(division.number, &input)?;
                    continue;
                }
                roster.write_all(&division.roster).map_err(io)?;
                settings.write_all(division.accounts.as_bytes()).map_err(io)?;
                total += division.written;
            }
            next = end;
        }
        roster.flush().map_err(io)?;
        settings.write_all(policy.releases_toml().as_bytes()).map_err(io)?;
        settings.flush().map_err(io)?;
        Ok(total)
    }

    /// How many divisions to begin together: about as many as are still needed, and never so many that their rosters weigh.
    fn wave(&self, events: u64) -> usize {
        let division = EVENTS_A_PERSON_WEEK * (self.division.people * self.division.weeks) as f64;
        let needed = (self.events.saturating_sub(events) as f64 / division).ceil() as usize;
        needed.clamp(1, 16 * self.threads.max(1))
    }

    fn style(&self) -> Style {
        Style { strip_text: self.division.strip_text, native: false }
    }

    fn layout<'a>(&self, number: usize, input: &'a Path) -> Layout<'a> {
        Layout { input, truth: None, first_shard: number, shards: 1, plain: self.plain }
    }

    fn make(&self, number: usize, policy: &Policy, input: &Path) -> Result<Made, SimulateError> {
        let people = self.division.draw(policy, number, None)?;
        let mut journal = Journal::create(&self.layout(number, input), self.style())?;
        self.division.histories(&people, policy, &mut journal)?;
        let mut rows = csv::Writer::from_writer(Vec::new());
        person::write_roster(&mut rows, &people, policy)?;
        let roster = rows
            .into_inner()
            .map_err(|error| SimulateError::Io { path: input.join("roster.csv"), error: error.into_error() })?;
        Ok(Made { number, written: journal.finish()?, roster, accounts: policy.accounts_toml(&people) })
    }

    /// Takes away what was made ahead and is not needed.
    fn remove(&self, number: usize, input: &Path) -> Result<(), SimulateError> {
        for table in ["events", "outcomes"] {
            let path = self.layout(number, input).path(0, table);
            std::fs::remove_file(&path).map_err(|error| SimulateError::Io { path, error })?;
        }
        Ok(())
    }
}
