//! One row of the spend logs.
//!
//! Owns what a row becomes: a request, a call of a tool, or nothing. Owns neither framing nor the arithmetic of cached input.

use crate::events::{CostBasis, Event, Kind, TokenBasis, Tokens, Trigger};
use crate::fingerprint::{Json, result_hash, sketch_answer, sketch_call_of, sketch_result};
use crate::sources::exports::Row;
use crate::sources::messages::{self, Asked};
use crate::sources::requests::{StatedInput, is_drawn_from_few, is_embedding, named_account, stated_cost};
use crate::sources::slash::keep_prompt;
use crate::sources::{Reason, Sink, values};
use std::borrow::Cow;

/// Columns by which a header is known; rows may have more.
const COLUMNS: &[&str] = &[
    "request_id",
    "call_type",
    "api_key",
    "spend",
    "total_tokens",
    "prompt_tokens",
    "completion_tokens",
    "startTime",
    "endTime",
    "model",
    "model_group",
    "custom_llm_provider",
    "user",
    "end_user",
    "session_id",
    "metadata",
    "cache_hit",
    "request_tags",
    "status",
    "messages",
    "response",
];

/// Whether a name is one of the table's.
pub(super) fn is_column(name: &str) -> bool {
    COLUMNS.contains(&name)
}

/// The account under which the proxy asks its own models whether they answer.
const HEALTH_CHECK: &str = "litellm-internal-health-check";
/// Users and keys that stand for whoever holds the master key.
const NOBODY: &[&str] = &["default_user_id", "litellm_proxy_master_key"];

/// Takes one row.
pub(super) fn take(row: &Row<'_, '_>, sink: &mut dyn Sink) {
    let start = row.moment(&["startTime"], sink);
    let end = row.moment(&["endTime"], sink);
    let Some(end_us) = end.or(start) else {
        // One that cannot be read is rejected already.
        if row.get(&["startTime", "endTime"]).is_none() {
            sink.reject(row.at, Reason::MissingField, "startTime");
        }
        return;
    };
    let request_id = row.string(&["request_id"]);
    let Some(session_id) =
        row.string(&["session_id"]).or_else(|| row.string(&["litellm_call_id"])).or(request_id.clone())
    else {
        sink.reject(row.at, Reason::MissingField, "request_id");
        return;
    };
    let metadata = row.nested(&["metadata"], sink);
    let facts = Facts {
        row,
        metadata: metadata.as_deref().unwrap_or(&Json::Null),
        start_us: start.unwrap_or(end_us).min(end_us),
        end_us,
        event_id: request_id.filter(|id| !is_drawn_from_few(id)),
        session_id,
    };
    match row.text(&["call_type"]).as_deref() {
        Some("call_mcp_tool") => facts.tool(sink),
        Some("list_mcp_tools") => sink.ignore("list_mcp_tools"),
        kind => {
            if kind.is_none() && row.get(&["call_type"]).is_some() {
                sink.reject(row.at, Reason::BadValue, "call_type");
            }
            facts.request(sink);
        }
    }
}

/// A row with what every step made of it needs.
struct Facts<'r, 'a> {
    row: &'r Row<'r, 'a>,
    metadata: &'r Json<'r>,
    start_us: i64,
    end_us: i64,
    event_id: Option<String>,
    session_id: String,
}

impl Facts<'_, '_> {
    fn stated(&self, name: &str) -> Option<String> {
        self.metadata.get(name).and_then(values::text).map(Cow::into_owned)
    }

    /// The account: who owns the key, then whom the caller names, then the key itself.
    fn actor(&self) -> Option<String> {
        let named = [
            self.stated("user_api_key_user_email"),
            self.row.string(&["user"]),
            self.stated("user_api_key_user_id"),
            self.row.get(&["end_user"]).and_then(named_account),
            self.stated("user_api_key_alias"),
            self.row.string(&["api_key"]),
        ];
        named.into_iter().flatten().find(|name| !NOBODY.contains(&name.as_str()))
    }

    fn tags(&self) -> Vec<String> {
        let tags = self.row.get(&["request_tags"]).and_then(values::nested);
        match tags.as_deref() {
            Some(Json::List(tags)) => tags.iter().filter_map(values::text).map(Cow::into_owned).collect(),
            _ => Vec::new(),
        }
    }

    /// The tool that asked, by its user agent, else the gateway.
    fn client(&self, tags: &[String]) -> String {
        let tagged = tags.iter().filter_map(|tag| tag.strip_prefix("User-Agent: "));
        // The proxy writes one tag with and one without the version.
        let agent = self.stated("user_agent").or_else(|| tagged.max_by_key(|agent| agent.len()).map(str::to_owned));
        let product = agent.as_deref().and_then(|agent| agent.split_whitespace().next()).unwrap_or("litellm");
        let (name, version) = product.split_once('/').map_or((product, None), |(name, version)| (name, Some(version)));
        let name = match name {
            "claude-cli" => "claude-code",
            "codex_cli_rs" | "codex-tui" | "codex_exec" => "codex",
            name => name,
        };
        version.map_or_else(|| name.to_owned(), |version| format!("{name}/{version}"))
    }

    fn step(&self, kind: Kind, ts_us: i64) -> Event {
        let tags = self.tags();
        let mut event = Event::new(ts_us, self.session_id.clone(), kind, self.client(&tags));
        event.event_id.clone_from(&self.event_id);
        event.actor_id = self.actor();
        let is_health_check = event.actor_id.as_deref() == Some(HEALTH_CHECK)
            || self.stated("user_api_key_alias").as_deref() == Some(HEALTH_CHECK)
            || self.row.text(&["api_key"]).as_deref() == Some(HEALTH_CHECK)
            || tags.iter().any(|tag| tag == HEALTH_CHECK);
        if is_health_check {
            event.trigger = Trigger::Schedule;
            event.trigger_evidence = Some("litellm-internal-health-check");
        }
        event
    }

    fn failed(&self) -> bool {
        let status = self.row.text(&["status"]).map(Cow::into_owned).or_else(|| self.stated("status"));
        status.as_deref() == Some("failure")
    }

    fn duration_ms(&self, sink: &mut dyn Sink) -> Option<i64> {
        let measured = (self.end_us > self.start_us).then(|| (self.end_us - self.start_us) / 1000);
        self.row.count(&["request_duration_ms"], sink).or(measured)
    }

    fn request(&self, sink: &mut dyn Sink) {
        let mut event = self.step(Kind::Completion, self.end_us);
        event.response_id.clone_from(&self.event_id);
        event.model = self.row.string(&["model"]).or_else(|| self.row.string(&["model_group"]));
        event.provider = self.row.string(&["custom_llm_provider"]);
        event.is_error = self.failed().then_some(true);
        event.duration_ms = self.duration_ms(sink);
        self.usage(&mut event, sink);
        let is_embedding = self.row.text(&["call_type"]).is_some_and(|kind| is_embedding(&kind));
        let response = self.row.get(&["response"]).filter(|_| !is_embedding);
        event.text = response.and_then(messages::answer).map(|text| sketch_answer(&text));
        let logged = |name: &'static str| self.row.get(&[name]).map_or(Asked::Nothing, messages::newest_prompt);
        match logged("messages").or(logged("proxy_server_request")) {
            Asked::Prompt(_) | Asked::WithoutText if is_embedding => sink.ignore("embedding_input"),
            Asked::Prompt(text) => {
                let mut prompt = self.step(Kind::Prompt, self.start_us);
                keep_prompt(&mut prompt, &text);
                sink.event(self.row.at, prompt);
            }
            Asked::WithoutText => sink.ignore("prompt_without_text"),
            Asked::Nothing => {}
        }
        sink.event(self.row.at, event);
    }

    /// Usage as the provider billed it.
    fn usage(&self, event: &mut Event, sink: &mut dyn Sink) {
        let row = self.row;
        let output = row.count(&["completion_tokens"], sink);
        let details = Details::of(self.metadata);
        let mut cached = |names: &[&[&str]], field: &str| {
            let value = names.iter().find_map(|path| details.get(path))?;
            values::count(value).get(field, row.at, sink)
        };
        let cache_read = cached(CACHE_READ, "metadata.cache_read_input_tokens");
        let cache_write = cached(CACHE_WRITE, "metadata.cache_creation_input_tokens");
        let cache_write_1h = cached(CACHE_WRITE_1H, "metadata.ephemeral_1h_input_tokens");
        let reasoning = cached(REASONING, "metadata.reasoning_tokens");
        let stated = StatedInput {
            input: row.count(&["prompt_tokens"], sink),
            cache_read,
            cache_write,
            output,
            total: row.count(&["total_tokens"], sink),
        };
        let spend = row.micro_usd(&["spend"], sink);
        if row.get(&["cache_hit"]).and_then(values::flag) == Some(true) {
            // The gateway answered by itself. The row repeats the counts of the request that filled its cache; nothing was used this time.
            event.tokens = Tokens { input: Some(0), output: Some(0), ..Tokens::default() };
            event.token_basis = Some(TokenBasis::Reported);
            event.cost_micro_usd = spend;
        } else {
            let counts = [stated.input, output, cache_read, cache_write];
            let is_used = counts.iter().flatten().any(|&count| count > 0);
            // The columns cannot be null, so a request without usage has zeros; of one that failed they are true.
            let is_stated = counts.iter().any(Option::is_some) && (is_used || self.failed());
            if is_stated {
                let fresh = stated.fresh();
                event.tokens = Tokens { input: fresh, output, reasoning, cache_read, cache_write, cache_write_1h };
            }
            event.token_basis = Some(if is_stated { TokenBasis::Reported } else { TokenBasis::Absent });
            // Zeros of a request without usage are no price either.
            event.cost_micro_usd = stated_cost(spend, is_used || !is_stated);
        }
        event.cost_basis = event.cost_micro_usd.map(|_| CostBasis::Reported);
    }

    /// A call that the gateway made to an MCP server, with its answer.
    fn tool(&self, sink: &mut dyn Sink) {
        let nested = self.metadata.get("mcp_tool_call_metadata").and_then(values::nested);
        let told = nested.as_deref().unwrap_or(&Json::Null);
        let mut call = self.step(Kind::ToolCall, self.start_us);
        call.tool_name = self
            .row
            .string(&["mcp_namespaced_tool_name"])
            .or_else(|| ["namespaced_tool_name", "name"].iter().find_map(|name| told.text(name)).map(str::to_owned));
        call.call_id.clone_from(&call.event_id);
        if let (Some(name), Some(arguments)) = (&call.tool_name, told.get("arguments").and_then(values::nested)) {
            let sketch = sketch_call_of(name, &arguments);
            (call.call_hash, call.call_names, call.marker) = (Some(sketch.hash), sketch.names, sketch.marker);
        }
        let mut result = Event {
            kind: Kind::ToolResult,
            ts_us: self.end_us,
            call_hash: None,
            call_names: Vec::new(),
            marker: None,
            ..call.clone()
        };
        result.is_error = Some(self.failed());
        result.duration_ms = self.duration_ms(sink);
        if let Some(text) = self.row.get(&["response"]).and_then(messages::answer) {
            result.result_hash = Some(result_hash(&text));
            result.text = Some(sketch_result(&text));
        }
        sink.event(self.row.at, call);
        sink.event(self.row.at, result);
    }
}

/// Where the parts of a usage stand, in order of trust: providers' own names first, then OpenAI's details.
const CACHE_READ: &[&[&str]] = &[
    &["additional_usage_values", "cache_read_input_tokens"],
    &["usage_object", "cache_read_input_tokens"],
    &["usage_object", "prompt_tokens_details", "cached_tokens"],
    &["additional_usage_values", "prompt_tokens_details", "cached_tokens"],
    &["usage_object", "input_tokens_details", "cached_tokens"],
];
const CACHE_WRITE: &[&[&str]] = &[
    &["additional_usage_values", "cache_creation_input_tokens"],
    &["usage_object", "cache_creation_input_tokens"],
    &["usage_object", "prompt_tokens_details", "cache_creation_tokens"],
];
const CACHE_WRITE_1H: &[&[&str]] = &[
    &["usage_object", "cache_creation", "ephemeral_1h_input_tokens"],
    &["usage_object", "prompt_tokens_details", "cache_creation_token_details", "ephemeral_1h_input_tokens"],
];
const REASONING: &[&[&str]] = &[
    &["usage_object", "completion_tokens_details", "reasoning_tokens"],
    &["usage_object", "output_tokens_details", "reasoning_tokens"],
    &["additional_usage_values", "completion_tokens_details", "reasoning_tokens"],
];

/// The parts of `metadata` that tell of usage; each may be JSON in a text.
struct Details<'m> {
    usage_object: Option<Cow<'m, Json<'m>>>,
    additional_usage_values: Option<Cow<'m, Json<'m>>>,
}

impl<'m> Details<'m> {
    fn of(metadata: &'m Json<'m>) -> Self {
        let part = |name: &str| metadata.get(name).and_then(values::nested);
        Self { usage_object: part("usage_object"), additional_usage_values: part("additional_usage_values") }
    }

    /// What stands at a path, null where nothing does.
    fn get(&self, path: &[&str]) -> Option<&Json<'_>> {
        let (part, rest) = path.split_first()?;
        let part = if *part == "usage_object" { &self.usage_object } else { &self.additional_usage_values };
        let found = rest.iter().try_fold(part.as_deref()?, |value, name| value.get(name))?;
        (!matches!(found, Json::Null)).then_some(found)
    }
}
