//! Looking behind a pseudonym: the access log has its line before anything is shown.

use super::RefusedError;
use super::base_tables;
use crate::config::Config;
use crate::engine::{Engine, Limits};
use crate::lake::Lake;
use crate::privacy::{AccessLine, Domain, Pseudonyms};
use std::path::Path;

/// Characters that a reason must have.
const SHORTEST_REASON: usize = 10;

/// Refuses a reason that says nothing.
pub fn check_reason(what: &str, reason: &str) -> Result<(), RefusedError> {
    if reason.trim().chars().count() < SHORTEST_REASON {
        return Err(RefusedError(format!("{what} is refused: the reason must say why, in ten characters or more")));
    }
    Ok(())
}

/// Writes down who looks at whom and why: the account that runs the command, the unit (a session id or pseudonym, never a name).
pub fn log(lake: &Lake, command: &str, unit_id: &str, reason: &str) -> anyhow::Result<()> {
    let at = jiff::Timestamp::now().to_string();
    let who = std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned());
    Ok(AccessLine::new(&at, &who, command, unit_id, reason)?.append(lake.root())?)
}

/// The account behind `pseudonym`, after the log in the lake says who asked, for which unit, and why.
pub async fn identify(
    lake: &Path,
    config: &Config,
    pseudonym: &str,
    unit_id: &str,
    reason: &str,
) -> anyhow::Result<String> {
    let lake = Lake::open(lake)?;
    let pseudonyms = Pseudonyms::open(config.privacy.key_file.as_deref(), lake.root())?;
    let engine = Engine::new(&Limits::default())?;
    let base = base_tables::register(&engine, &lake, config, base_tables::Span::default()).await?;
    let account = base.actors.into_iter().find(|actor| pseudonyms.is_of(Domain::Actor, actor, pseudonym));
    let Some(account) = account else {
        return Err(RefusedError("no account of this lake has that pseudonym under the present key".into()).into());
    };
    log(&lake, "explain --identify", unit_id, reason)?;
    Ok(account)
}
