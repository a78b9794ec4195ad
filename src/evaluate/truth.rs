//! The truth files that `simulate` writes, or anybody who labels an organisation: `truth.csv`, `truth_sessions.csv`, `truth_attribution.csv`.

use super::EvaluateError;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What is true of one account.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct PersonTruth {
    /// Account as the logs have it.
    pub actor_id: String,
    /// `theater` or `honest`.
    pub label: String,
    /// Family of theater, empty for honest people.
    #[serde(default)]
    pub family: String,
    /// Share of a week's tokens that is theater.
    #[serde(default)]
    pub dose: Option<f64>,
    /// How it is hidden, empty when it is not.
    #[serde(default)]
    pub evasion: String,
    /// Family of legitimate work that looks like theater, empty for the others.
    #[serde(default)]
    pub lookalike: String,
}

impl PersonTruth {
    /// Whether this person makes usage to be counted.
    pub fn is_theater(&self) -> bool {
        self.label == "theater"
    }

    /// Service accounts are judged as a look-alike, not as people.
    pub fn is_service(&self) -> bool {
        self.lookalike == "ci_bot"
    }
}

/// What is true of one session.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct SessionTruth {
    /// Session as the logs have it.
    pub session_id: String,
    /// Account.
    pub actor_id: String,
    /// Tokens that were made to be counted.
    #[serde(default)]
    pub injected_tokens: i64,
}

#[derive(Deserialize)]
struct Pair {
    session_id: String,
    outcome_id: String,
}

/// A labelled organisation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Truth {
    /// Everybody, by account.
    pub people: Vec<PersonTruth>,
    /// Sessions by id.
    pub sessions: BTreeMap<String, SessionTruth>,
    /// Which session's lines are in which outcome.
    pub attribution: BTreeSet<(String, String)>,
}

impl Truth {
    /// Reads the three files of a directory.
    ///
    /// # Errors
    /// A file that cannot be read, or a row that is not what its header says.
    pub fn read(directory: &Path) -> Result<Self, EvaluateError> {
        let mut people: Vec<PersonTruth> = rows(&directory.join("truth.csv"))?;
        people.sort_by(|a, b| a.actor_id.cmp(&b.actor_id));
        let sessions: Vec<SessionTruth> = rows(&directory.join("truth_sessions.csv"))?;
        let pairs: Vec<Pair> = rows(&directory.join("truth_attribution.csv"))?;
        Ok(Self {
            people,
            sessions: sessions.into_iter().map(|row| (row.session_id.clone(), row)).collect(),
            attribution: pairs.into_iter().map(|pair| (pair.session_id, pair.outcome_id)).collect(),
        })
    }
}

fn rows<R: DeserializeOwned>(path: &Path) -> Result<Vec<R>, EvaluateError> {
    let table = |error| EvaluateError::Truth { path: path.to_path_buf(), error };
    csv::Reader::from_path(path).map_err(table)?.deserialize().collect::<Result<_, _>>().map_err(table)
}
