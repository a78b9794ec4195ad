//! How far the data reach: the newest event or outcome of each source, and the watermark up to which all of them have delivered.

use super::settings::Settings;
use crate::engine::Engine;
use crate::engine::rows::Columns;
use crate::lake::{Lake, Table};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A source whose newest event is this many hours older than the newest of all has ended, and nothing is waited for.
const ENDED_HOURS: i64 = 28 * 24;

/// How far the data reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freshness {
    /// Version of the lake: runs that brought something, counted.
    lake_version: i64,
    /// Newest event or outcome of each source.
    newest_by_source: Vec<(String, Timestamp)>,
    /// Sources that have not delivered for four weeks in which others have: they do not hold the watermark back.
    ended_sources: Vec<String>,
    /// Up to here every source has delivered, but for what comes later than the lateness: the oldest of the newest moments less it.
    pub watermark: Option<Timestamp>,
    /// Hours that data may come late.
    lateness_hours: u32,
    /// Seconds from the watermark to now.
    pub lag_seconds: Option<i64>,
}

impl Freshness {
    /// Looks at a lake.
    pub async fn of(lake: &Lake, settings: &Settings, now: Timestamp) -> anyhow::Result<Self> {
        let newest_by_source = newest(lake, settings).await?;
        let lateness_hours = settings.config.schedule.lateness_hours;
        let (ended, watermark) = watermark(&newest_by_source, lateness_hours);
        Ok(Self {
            lake_version: lake.version().await?,
            lag_seconds: None,
            ended_sources: ended,
            newest_by_source,
            watermark,
            lateness_hours,
        }
        .at(now))
    }

    /// The same lake, looked at now.
    pub fn at(self, now: Timestamp) -> Self {
        Self { lag_seconds: self.watermark.map(|watermark| now.as_second() - watermark.as_second()), ..self }
    }
}

/// Sources that have ended, and the oldest of the others' newest moments less the lateness.
fn watermark(newest: &[(String, Timestamp)], lateness_hours: u32) -> (Vec<String>, Option<Timestamp>) {
    let Some(last) = newest.iter().map(|(_, at)| *at).max() else { return (Vec::new(), None) };
    let has_ended = |at: Timestamp| last.duration_since(at) > SignedDuration::from_hours(ENDED_HOURS);
    let ended = newest.iter().filter(|(_, at)| has_ended(*at)).map(|(source, _)| source.clone()).collect();
    let oldest = newest.iter().map(|(_, at)| *at).filter(|at| !has_ended(*at)).min();
    let lateness = SignedDuration::from_hours(i64::from(lateness_hours));
    (ended, oldest.and_then(|oldest| oldest.checked_sub(lateness).ok()))
}

/// The newest event or outcome of each source, by name.
async fn newest(lake: &Lake, settings: &Settings) -> anyhow::Result<Vec<(String, Timestamp)>> {
    let engine = Engine::new(&settings.engine_limits())?;
    for table in [Table::Events, Table::Outcomes] {
        engine.register(table.name(), lake.provider(table).await?)?;
    }
    let sql = "select source, max(ts) as newest
        from (select source, ts from events union all select source, ts from outcomes) as t
        group by source
        order by source";
    let mut newest = Vec::new();
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let (source, at) = (columns.text("source")?, columns.time("newest")?);
        for row in 0..batch.num_rows() {
            if let Some(at) = at.get(row) {
                newest.push((source.required(row)?, Timestamp::from_microsecond(at)?));
            }
        }
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_source_holds_the_watermark_unless_it_has_ended() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let newest = [
            ("codex".to_owned(), at("2026-05-01T00:00:00Z")),
            ("cursor".to_owned(), at("2026-06-26T00:00:00Z")),
            ("claude_code".to_owned(), at("2026-06-30T00:00:00Z")),
        ];
        assert_eq!(watermark(&newest, 72), (vec!["codex".to_owned()], Some(at("2026-06-23T00:00:00Z"))));
        assert_eq!(watermark(&newest[..1], 24), (Vec::new(), Some(at("2026-04-30T00:00:00Z"))));
        assert_eq!(watermark(&[], 72), (Vec::new(), None));
    }
}
