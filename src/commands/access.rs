//! Looking behind a pseudonym: the access log has its line before anything is shown.

use super::RefusedError;
use super::base_tables;
use crate::config::Config;
use crate::engine::{Engine, Limits};
use crate::lake::Lake;
use crate::privacy::{AccessLine, Domain, Pseudonyms};
use std::path::Path;

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
    let base = base_tables::register(&engine, &lake, config, None).await?;
    let account = base.actors.into_iter().find(|actor| pseudonyms.of(Domain::Actor, actor) == pseudonym);
    let Some(account) = account else {
        return Err(RefusedError("no account of this lake has that pseudonym under the present key".into()).into());
    };
    let at = jiff::Timestamp::now().to_string();
    let who = std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned());
    AccessLine::new(&at, &who, "explain --identify", unit_id, reason)?.append(lake.root())?;
    Ok(account)
}
