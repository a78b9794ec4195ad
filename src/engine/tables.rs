//! The base tables: what models may read without any model providing it.
//!
//! Owns their names, and the columns of those made from configuration and the roster. The columns of lake tables
//! are the lake's; filling either kind is the commands' work.

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::sync::Arc;

/// Names of every base table: first the lake's, then those made from configuration.
pub const BASE_TABLES: &[&str] = &[
    "events",
    "outcomes",
    "facts",
    "aggregates",
    "roster",
    "quarantine",
    "ingested",
    "identities",
    "outcome_identities",
    "vantages",
    "aggregate_identities",
    "actors",
    "zone_offsets",
    "quotas",
    "leaderboards",
    "automations",
    "calendar",
];

/// Columns of a base table made from configuration; `None` for lake tables and strangers.
///
/// - `identities`: one row per distinct (`actor_raw`, `os_user`, `source_file`) of events, null written as empty text.
/// - `outcome_identities`: the same for the authors of outcomes.
/// - `vantages`: one row per source of the registry; of two sources that saw one request the one with the smaller `authority` is believed.
/// - `aggregate_identities`: the same for accounts, keys and groups of aggregates.
/// - `actors`: the roster, and actors seen outside it (`on_roster` false); `team_id` is `(unassigned)` and `role` empty when unknown.
/// - `zone_offsets`: minutes east of UTC in half-open intervals that cover the data.
/// - `quotas`, `leaderboards`, `automations`, `calendar`: the sections of `footlight.toml`.
pub fn configuration_schema(table: &str) -> Option<SchemaRef> {
    let timestamp = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let time = |name: &str| Field::new(name, timestamp(), true);
    let fields = match table {
        "identities" => vec![text("actor_raw"), text("os_user"), text("source_file"), text("actor_id")],
        "outcome_identities" | "aggregate_identities" => vec![text("actor_raw"), text("actor_id")],
        "vantages" => vec![text("source"), Field::new("authority", DataType::Int32, true)],
        "actors" => vec![
            text("actor_id"),
            text("team_id"),
            text("role"),
            text("kind"),
            text("time_zone"),
            Field::new("active_from", DataType::Date32, true),
            Field::new("active_to", DataType::Date32, true),
            Field::new("on_roster", DataType::Boolean, true),
        ],
        "zone_offsets" => {
            vec![text("time_zone"), time("from_ts"), time("to_ts"), Field::new("offset_min", DataType::Int32, true)]
        }
        "quotas" => vec![
            Field::new("quota_id", DataType::Int32, true),
            text("metric"),
            Field::new("threshold", DataType::Float64, true),
            text("period"),
            time("announced"),
        ],
        "leaderboards" => vec![text("metric"), time("published"), time("withdrawn")],
        "automations" => vec![text("actor_id"), text("match"), text("schedule"), text("owner")],
        "calendar" => vec![text("kind"), text("actor_id"), time("from_ts"), time("to_ts")],
        _ => return None,
    };
    Some(Arc::new(Schema::new(fields)))
}
