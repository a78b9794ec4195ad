//! LiteLLM proxy: spend logs, one row a request, exported from the database as CSV or fetched from the API as JSON.
//!
//! Owns recognition. What a row means is [`row`]'s, how rows are framed is [`crate::sources::exports`]'; rules and their reasons stand in `README.md`.

mod row;
#[cfg(test)]
mod tests;

use super::exports::{Row, first_columns, read_rows};
use super::{Description, Input, InputError, Probe, Sink, Source, Unit, Vantage};

/// The source.
pub struct LiteLlm;

impl Source for LiteLlm {
    fn name(&self) -> &'static str {
        "litellm"
    }

    fn vantage(&self) -> Vantage {
        Vantage::Gateway
    }

    fn description(&self) -> Description {
        Description {
            title: "LiteLLM spend logs",
            files: "LiteLLM_SpendLogs as CSV, lines of JSON, a JSON list or a page of the API; also .gz, .zst",
            tells: "usage and reported cost of each request through the gateway, retries, failures, cache hits, key owner, client by its \
                    user agent, calls of MCP tools",
            cannot_tell: "who or what started a request, health checks apart; prompts unless the proxy stores them; tool calls of the agent itself",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        let columns = first_columns(probe.head, row::is_column);
        let has = |name: &str| columns.iter().any(|column| column == name);
        probe.unit == Unit::File && has("request_id") && has("startTime") && (has("spend") || has("call_type"))
    }

    /// A row means the same wherever it stands.
    fn reads_tail_alone(&self, _path: &std::path::Path) -> bool {
        true
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        read_rows(input, sink, row::is_column, |fields, at, sink| row::take(&Row { fields, at }, sink))
    }
}
