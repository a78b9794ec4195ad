//! `objections.csv`: what the people concerned say about sessions and weeks, read and resolved for scoring.
//!
//! Owns the file's columns and their checks; what an objection does to a score is `score::objections`. A row that cannot be read is an
//! error, not a warning: an objection must not be lost because of a typing mistake.

use super::UsageError;
use super::readings::week_start_us;
use crate::privacy::Secrets;
use crate::score::input::Scope;
use crate::score::objections::{Decision, Objection};
use std::collections::HashMap;
use std::path::Path;

/// Name of the file beside footlight.toml.
pub const FILE_NAME: &str = "objections.csv";

/// The columns, all required; others are passed over, so that a case number can stand beside them.
const COLUMNS: [&str; 4] = ["unit", "reason", "date", "decision"];

/// Reads the file. `actor_of` turns the pseudonym or account of a week's unit into the actor as scoring knows them. Rows come sorted by date, so that of two about one
/// unit the later stands.
pub fn read(path: &Path, actor_of: impl Fn(&str) -> Option<String>) -> anyhow::Result<Vec<Objection>> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(path)
        .map_err(|error| UsageError(format!("{}: {error}", path.display())))?;
    let headers = reader.headers().map_err(|error| UsageError(format!("{}: {error}", path.display())))?.clone();
    let place = |name: &str| {
        let strip = |header: &str| header.trim_start_matches('\u{feff}').eq_ignore_ascii_case(name);
        headers.iter().position(strip).ok_or_else(|| {
            UsageError(format!("{}: there is no column `{name}`; it has {}", path.display(), COLUMNS.join(",")))
        })
    };
    let places = [place("unit")?, place("reason")?, place("date")?, place("decision")?];
    let mut objections = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| UsageError(format!("{}: {error}", path.display())))?;
        let line = record.position().map_or(0, csv::Position::line);
        let wrong = |what: String| UsageError(format!("{}:{line}: {what}", path.display()));
        let [unit, reason, date, decision] = places.map(|place| record.get(place).unwrap_or_default());
        if unit.is_empty() || reason.is_empty() {
            return Err(wrong("`unit` and `reason` must not be empty".to_owned()).into());
        }
        let date: jiff::civil::Date =
            date.parse().map_err(|_| wrong(format!("`{date}` is no date; write 2026-03-09")))?;
        let decision = Decision::ALL
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(decision))
            .ok_or_else(|| wrong(format!("`{decision}` is no decision; write open, accepted or rejected")))?;
        let (scope, unit_id) = unit_of(unit, &actor_of);
        objections.push(Objection {
            scope,
            unit_id,
            date: date.to_string(),
            decision,
            reason: without_secrets(reason),
        });
    }
    objections.sort_by(|one, two| one.date.cmp(&two.date));
    Ok(objections)
}

/// Reasons are shown in case files, and people paste.
fn without_secrets(reason: &str) -> String {
    Secrets::unkeyed().redact(reason, |_| {}).into_owned()
}

/// `PSEUDONYM/2026-W07` or `account/2026-W07` is a week, everything else a session id. A week of nobody known keeps its name, and is
/// counted among those that match nothing.
fn unit_of(unit: &str, actor_of: impl Fn(&str) -> Option<String>) -> (Scope, String) {
    match unit.rsplit_once('/') {
        Some((actor, week)) if week_start_us(week).is_some() => {
            let actor = actor_of(actor).unwrap_or_else(|| actor.to_owned());
            (Scope::ActorWeek, format!("{actor}/{week}"))
        }
        _ => (Scope::Session, unit.to_owned()),
    }
}

/// Actors by account and by pseudonym, those of earlier epochs included.
pub fn actors_by_name<'a>(
    actors: impl IntoIterator<Item = &'a String>,
    pseudonyms: impl Fn(&str) -> Vec<String>,
) -> HashMap<String, String> {
    let names = |actor: &String| pseudonyms(actor).into_iter().chain([actor.clone()]).collect::<Vec<_>>();
    actors.into_iter().flat_map(|actor| names(actor).into_iter().map(|name| (name, actor.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<Objection>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let name = file.path().display().to_string();
        let actor_of = |name: &str| (name == "p1").then(|| "ada".to_owned());
        read(file.path(), actor_of).map_err(|error| error.to_string().replace(&name, "objections.csv"))
    }

    #[test]
    fn units_are_sessions_and_weeks_and_the_later_row_comes_last() {
        let text = "\u{feff}unit,case,decision,date,reason\n\
            s-1,7,accepted,2026-03-09,\"a spike, as agreed\"\n\
            p1/2026-W07,8,OPEN,2026-03-01,on call\n\
            eve/2026-W07,9,rejected,2026-03-02,unknown\n";
        let objections = parsed(text).unwrap();
        let lines: Vec<String> = objections
            .iter()
            .map(|one| format!("{} {} {} {}: {}", one.date, one.scope.as_str(), one.unit_id, one.decision, one.reason))
            .collect();
        assert_eq!(
            lines,
            [
                "2026-03-01 actor_week ada/2026-W07 open: on call",
                "2026-03-02 actor_week eve/2026-W07 rejected: unknown",
                "2026-03-09 session s-1 accepted: a spike, as agreed",
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_an_error_with_its_line() {
        let head = "unit,reason,date,decision\n";
        for (text, expected) in [
            (
                "unit,reason,date\n".to_owned(),
                "objections.csv: there is no column `decision`; it has unit,reason,date,decision",
            ),
            (format!("{head}s,r,9 March,open\n"), "objections.csv:2: `9 March` is no date; write 2026-03-09"),
            (
                format!("{head}s,r,2026-03-09,maybe\n"),
                "objections.csv:2: `maybe` is no decision; write open, accepted or rejected",
            ),
            (
                format!("{head}s,r,2026-03-09,open\ns,,2026-03-09,open\n"),
                "objections.csv:3: `unit` and `reason` must not be empty",
            ),
        ] {
            assert_eq!(parsed(&text).unwrap_err(), expected);
        }
        assert!(parsed(&format!("{head}s,r\n")).unwrap_err().contains("line: 2"));
    }
}
