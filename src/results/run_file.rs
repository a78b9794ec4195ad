//! OUT/run.json: the facts about a run that no table has, and the small panels of the report. Like the tables of sessions it has rows
//! of pseudonyms in it (who used a model, a system), so it is for analysts and not for publication.

use super::ResultsError;
use super::columns::write_file;
use crate::privacy::json_text;
use crate::report::inputs::{
    Archetype, DayTotals, DeclaredJob, Kpi, ModelTotals, PolicyMarker, QueryText, RunFacts, SignalEntry, SurvivalFact,
    SystemActs, WeekTotals,
};
use crate::report::release::Weeks;
use crate::score::population::RankAgreement;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Version of the file's shape.
const SCHEMA_VERSION: u32 = 1;

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunFile {
    /// Version of this file's shape.
    pub schema_version: u32,
    /// Facts about the run.
    pub run: RunFacts,
    /// Totals by day.
    pub days: Vec<DayTotals>,
    /// Totals by model.
    pub models: Vec<ModelTotals>,
    /// Weekly panel, as it may be published.
    pub weeks: Vec<WeekTotals>,
    /// What the release did with teams and weeks.
    #[serde(default)]
    pub weeks_released: Weeks,
    /// Dates of quotas and leaderboards.
    pub policies: Vec<PolicyMarker>,
    /// Numbers of usage that were made a target; empty in files of earlier versions.
    #[serde(default)]
    pub kpis: Vec<Kpi>,
    /// Whether use orders people as outcomes do.
    #[serde(default)]
    pub rank_agreement: Option<RankAgreement>,
    /// What each signal means.
    pub catalogue: Vec<SignalEntry>,
    /// Archetypes found.
    pub archetypes: Vec<Archetype>,
    /// What agents did to each system.
    pub systems: Vec<SystemActs>,
    /// Declared automation by job; empty in files of earlier versions.
    #[serde(default)]
    pub declared: Vec<DeclaredJob>,
    /// The SQL that this run used, of the models that the report names; empty in files of earlier versions.
    #[serde(default)]
    pub queries: Vec<QueryText>,
    /// How much work lands and stays; empty in files of earlier versions.
    #[serde(default)]
    pub survival: Vec<SurvivalFact>,
    /// How it was scored; as without flags in files of earlier versions.
    #[serde(default)]
    pub scoring: Scoring,
}

/// The flags that a run was scored with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scoring {
    /// `--as-of`.
    pub as_of: Option<String>,
    /// `--since`.
    pub since: Option<String>,
    /// `--queries`.
    pub queries: Option<PathBuf>,
    /// `--seed`.
    pub seed: u64,
}

impl Default for Scoring {
    fn default() -> Self {
        Self { as_of: None, since: None, queries: None, seed: 1 }
    }
}

impl RunFile {
    /// A file of the present shape.
    pub fn new(run: RunFacts) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            run,
            days: Vec::new(),
            models: Vec::new(),
            weeks: Vec::new(),
            weeks_released: Weeks::default(),
            policies: Vec::new(),
            kpis: Vec::new(),
            rank_agreement: None,
            catalogue: Vec::new(),
            archetypes: Vec::new(),
            systems: Vec::new(),
            declared: Vec::new(),
            queries: Vec::new(),
            survival: Vec::new(),
            scoring: Scoring::default(),
        }
    }

    /// Takes away `OUT/run.json`, before the tables that it speaks of change one by one: results of which some are old are none.
    pub fn withdraw(out: &Path) -> Result<(), ResultsError> {
        let path = out.join("run.json");
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(ResultsError::Io { path, error }),
            _ => Ok(()),
        }
    }

    /// Writes `OUT/run.json`, after all tables.
    pub fn write(&self, out: &Path) -> Result<(), ResultsError> {
        let path = out.join("run.json");
        let io = |error| ResultsError::Io { path: path.clone(), error };
        std::fs::create_dir_all(out).map_err(io)?;
        let mut text = serde_json::to_string_pretty(self)
            .map(|text| json_text(&text))
            .map_err(|error| ResultsError::Damaged { path: path.clone(), error: error.to_string() })?;
        text.push('\n');
        write_file(&path, text.as_bytes()).map_err(io)
    }

    /// Reads `OUT/run.json`.
    pub fn read(out: &Path) -> Result<Self, ResultsError> {
        let path = out.join("run.json");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(ResultsError::Missing(path)),
            Err(error) => return Err(ResultsError::Io { path, error }),
        };
        serde_json::from_str(&text).map_err(|error| ResultsError::Damaged { path, error: error.to_string() })
    }
}
