//! The attribute names of every version and dialect that is read, as one table of data, and the words of operations.
//!
//! Names change with every release of the conventions, so a new one is a new line here and no code. Owns names alone; what the values mean is decided in
//! [`super::usage`] and [`super::steps`].

use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// What an attribute tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Field {
    Operation,
    Provider,
    ResponseModel,
    RequestModel,
    ResponseId,
    RequestId,
    Session,
    ParentSession,
    Actor,
    Input,
    Output,
    Reasoning,
    CacheRead,
    CacheWrite,
    Total,
    Cost,
    UsageDetails,
    CostDetails,
    InputMessages,
    OutputMessages,
    ToolName,
    ToolCallId,
    ToolArguments,
    ToolResult,
    ErrorType,
    Client,
    ClientVersion,
    Repository,
    Branch,
    EventName,
    EventTime,
    EventSequence,
    PromptId,
    PromptLength,
    Command,
    Speed,
    QuerySource,
    DurationMs,
    Success,
    Decision,
    DecisionSource,
    MetricType,
}

/// Number of fields.
pub(super) const FIELDS: usize = Field::MetricType as usize + 1;

/// Where a name is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// In every record.
    Any,
    /// In records of Claude Code alone: its names are short words that mean something else elsewhere.
    ClaudeCode,
}

/// One line of the table.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) attribute: &'static str,
    pub(super) field: Field,
    pub(super) dialect: Dialect,
    /// Which writers use it: versions of the semantic conventions, or a library.
    #[cfg_attr(not(test), expect(dead_code, reason = "for readers of the table; a test holds every line to have it"))]
    pub(super) written_by: &'static str,
}

macro_rules! names {
    ($($field:ident { $($attribute:literal $dialect:ident $written_by:literal,)+ })+) => {
        &[$($(Name {
            attribute: $attribute,
            field: Field::$field,
            dialect: Dialect::$dialect,
            written_by: $written_by,
        },)+)+]
    };
}

/// Every name. Of several names of one field on one record the one that comes first here counts.
pub(super) const NAMES: &[Name] = names! {
    Operation {
        "gen_ai.operation.name" Any "semconv 1.26 and later",
        "ai.operationId" Any "Vercel AI SDK",
        "openinference.span.kind" Any "OpenInference",
        "langfuse.observation.type" Any "Langfuse SDK 3",
        "llm.request.type" Any "OpenLLMetry, semconv before 1.26",
        "traceloop.span.kind" Any "OpenLLMetry",
    }
    Provider {
        "gen_ai.provider.name" Any "semconv 1.37 and later",
        "gen_ai.system" Any "semconv to 1.36",
        "llm.provider" Any "OpenInference",
        "ai.model.provider" Any "Vercel AI SDK",
    }
    ResponseModel {
        "gen_ai.response.model" Any "semconv 1.26 and later",
        "ai.response.model" Any "Vercel AI SDK",
    }
    RequestModel {
        "gen_ai.request.model" Any "semconv 1.26 and later",
        "llm.model_name" Any "OpenInference",
        "ai.model.id" Any "Vercel AI SDK",
        "langfuse.observation.model.name" Any "Langfuse SDK 3",
        "embedding.model_name" Any "OpenInference",
        "model" ClaudeCode "Claude Code",
    }
    ResponseId {
        "gen_ai.response.id" Any "semconv 1.26 and later",
        "ai.response.id" Any "Vercel AI SDK",
    }
    RequestId {
        "request_id" ClaudeCode "Claude Code",
        "client_request_id" ClaudeCode "Claude Code 2.1.214 and later; on its span and its event",
    }
    Session {
        "gen_ai.conversation.id" Any "semconv 1.34 and later",
        "session.id" Any "semconv, Claude Code, OpenInference",
        "langfuse.session.id" Any "Langfuse SDK 3",
        "traceloop.association.properties.session_id" Any "OpenLLMetry",
        "ai.telemetry.metadata.sessionId" Any "Vercel AI SDK",
    }
    ParentSession {
        "gen_ai.conversation.parent_id" Any "agent frameworks",
    }
    Actor {
        "user.email" Any "semconv, Claude Code",
        "user.account_id" ClaudeCode "Claude Code 2, the id of the Admin API",
        "user.account_uuid" ClaudeCode "Claude Code",
        "user.id" Any "semconv, OpenInference; in Claude Code an anonymous device",
        "enduser.id" Any "semconv to 1.30",
        "langfuse.user.id" Any "Langfuse SDK 3",
        "traceloop.association.properties.user_id" Any "OpenLLMetry",
        "ai.telemetry.metadata.userId" Any "Vercel AI SDK",
    }
    Input {
        "gen_ai.usage.input_tokens" Any "semconv 1.27 and later",
        "gen_ai.usage.prompt_tokens" Any "semconv to 1.26, OpenLLMetry",
        "llm.usage.prompt_tokens" Any "OpenLLMetry to 0.13",
        "llm.token_count.prompt" Any "OpenInference",
        "ai.usage.inputTokens" Any "Vercel AI SDK 5",
        "ai.usage.promptTokens" Any "Vercel AI SDK to 4",
        "ai.usage.tokens" Any "Vercel AI SDK, embeddings",
        "input_tokens" ClaudeCode "Claude Code",
    }
    Output {
        "gen_ai.usage.output_tokens" Any "semconv 1.27 and later",
        "gen_ai.usage.completion_tokens" Any "semconv to 1.26, OpenLLMetry",
        "llm.usage.completion_tokens" Any "OpenLLMetry to 0.13",
        "llm.token_count.completion" Any "OpenInference",
        "ai.usage.outputTokens" Any "Vercel AI SDK 5",
        "ai.usage.completionTokens" Any "Vercel AI SDK to 4",
        "output_tokens" ClaudeCode "Claude Code",
    }
    Reasoning {
        "gen_ai.usage.reasoning.output_tokens" Any "semconv-genai",
        "gen_ai.usage.output_tokens.reasoning" Any "Sentry",
        "gen_ai.usage.reasoning_tokens" Any "OpenLLMetry",
        "llm.token_count.completion_details.reasoning" Any "OpenInference",
        "gen_ai.usage.details.reasoning_tokens" Any "Pydantic AI",
        "ai.usage.reasoningTokens" Any "Vercel AI SDK 5",
        "ai.usage.outputTokenDetails.reasoningTokens" Any "Vercel AI SDK 6",
    }
    CacheRead {
        "gen_ai.usage.cache_read.input_tokens" Any "semconv-genai",
        "gen_ai.usage.cache_read_input_tokens" Any "OpenLLMetry, Strands",
        "gen_ai.usage.input_tokens.cached" Any "Sentry",
        "gen_ai.usage.cached_tokens" Any "OpenLLMetry",
        "llm.token_count.prompt_details.cache_read" Any "OpenInference",
        "gen_ai.usage.details.cache_read_input_tokens" Any "Pydantic AI, of Anthropic",
        "gen_ai.usage.details.cache_read_tokens" Any "Pydantic AI",
        "gen_ai.usage.details.cached_tokens" Any "Pydantic AI, of OpenAI",
        "ai.usage.cachedInputTokens" Any "Vercel AI SDK 5",
        "ai.usage.inputTokenDetails.cacheReadTokens" Any "Vercel AI SDK 6",
        "cache_read_tokens" ClaudeCode "Claude Code",
    }
    CacheWrite {
        "gen_ai.usage.cache_creation.input_tokens" Any "semconv-genai",
        "gen_ai.usage.cache_creation_input_tokens" Any "OpenLLMetry",
        "gen_ai.usage.cache_write_input_tokens" Any "Strands",
        "gen_ai.usage.input_tokens.cache_write" Any "Sentry",
        "llm.token_count.prompt_details.cache_write" Any "OpenInference",
        "gen_ai.usage.details.cache_creation_input_tokens" Any "Pydantic AI, of Anthropic",
        "gen_ai.usage.details.cache_write_tokens" Any "Pydantic AI",
        "ai.usage.inputTokenDetails.cacheWriteTokens" Any "Vercel AI SDK 6",
        "cache_creation_tokens" ClaudeCode "Claude Code",
    }
    Total {
        "gen_ai.usage.total_tokens" Any "OpenLLMetry, Strands",
        "llm.usage.total_tokens" Any "OpenLLMetry",
        "llm.token_count.total" Any "OpenInference",
        "ai.usage.totalTokens" Any "Vercel AI SDK 5",
    }
    Cost {
        "gen_ai.usage.cost" Any "OpenLLMetry, OpenRouter",
        "gen_ai.cost.total_cost" Any "LiteLLM",
        "llm.cost.total" Any "OpenInference",
        "cost_usd" ClaudeCode "Claude Code",
    }
    UsageDetails {
        "langfuse.observation.usage_details" Any "Langfuse SDK 3, an object in a text",
    }
    CostDetails {
        "langfuse.observation.cost_details" Any "Langfuse SDK 3, an object in a text",
    }
    InputMessages {
        "gen_ai.input.messages" Any "semconv 1.37 and later",
        "gen_ai.prompt" Any "semconv to 1.36, on span events",
        "langfuse.observation.input" Any "Langfuse SDK 3",
        "ai.prompt.messages" Any "Vercel AI SDK",
        "input.value" Any "OpenInference",
        "prompt" ClaudeCode "Claude Code, with OTEL_LOG_USER_PROMPTS=1",
    }
    OutputMessages {
        "gen_ai.output.messages" Any "semconv 1.37 and later",
        "gen_ai.completion" Any "semconv to 1.36, on span events",
        "langfuse.observation.output" Any "Langfuse SDK 3",
        "ai.response.text" Any "Vercel AI SDK",
        "output.value" Any "OpenInference",
    }
    ToolName {
        "gen_ai.tool.name" Any "semconv 1.31 and later",
        "tool.name" Any "OpenInference",
        "ai.toolCall.name" Any "Vercel AI SDK",
        "traceloop.entity.name" Any "OpenLLMetry",
        "tool_name" ClaudeCode "Claude Code",
    }
    ToolCallId {
        "gen_ai.tool.call.id" Any "semconv 1.31 and later",
        "tool_call.id" Any "OpenInference",
        "ai.toolCall.id" Any "Vercel AI SDK",
        "tool_use_id" ClaudeCode "Claude Code",
    }
    ToolArguments {
        "gen_ai.tool.call.arguments" Any "semconv 1.37 and later",
        "tool.parameters" Any "OpenInference",
        "ai.toolCall.args" Any "Vercel AI SDK",
        "traceloop.entity.input" Any "OpenLLMetry",
        "tool_input" ClaudeCode "Claude Code, with OTEL_LOG_TOOL_DETAILS=1",
        "tool_parameters" ClaudeCode "Claude Code",
    }
    ToolResult {
        "gen_ai.tool.call.result" Any "semconv 1.37 and later",
        "ai.toolCall.result" Any "Vercel AI SDK",
        "traceloop.entity.output" Any "OpenLLMetry",
    }
    ErrorType {
        "error.type" Any "semconv 1.26 and later",
        "error" ClaudeCode "Claude Code",
    }
    Client {
        "service.name" Any "semconv",
    }
    ClientVersion {
        "app.version" ClaudeCode "Claude Code",
        "service.version" Any "semconv",
    }
    Repository {
        "vcs.repository.url.full" Any "semconv 1.27 and later",
        "vcs.repository.name" Any "semconv 1.29 and later",
    }
    Branch {
        "vcs.ref.head.name" Any "semconv 1.29 and later",
        "vcs.repository.ref.name" Any "semconv to 1.28",
    }
    EventName {
        "event.name" Any "semconv to 1.37, Claude Code",
    }
    EventTime {
        "event.timestamp" ClaudeCode "Claude Code",
    }
    EventSequence {
        "event.sequence" ClaudeCode "Claude Code",
    }
    PromptId {
        "prompt.id" ClaudeCode "Claude Code",
    }
    PromptLength {
        "prompt_length" ClaudeCode "Claude Code",
    }
    Command {
        "command_name" ClaudeCode "Claude Code",
    }
    Speed {
        "speed" ClaudeCode "Claude Code",
    }
    QuerySource {
        "query_source" ClaudeCode "Claude Code",
    }
    DurationMs {
        "duration_ms" ClaudeCode "Claude Code",
    }
    Success {
        "success" ClaudeCode "Claude Code",
    }
    Decision {
        "decision" ClaudeCode "Claude Code",
        "decision_type" ClaudeCode "Claude Code",
    }
    DecisionSource {
        "decision_source" ClaudeCode "Claude Code",
        "source" ClaudeCode "Claude Code",
    }
    MetricType {
        "type" ClaudeCode "Claude Code",
    }
};

/// Places in [`NAMES`] by attribute.
static BY_ATTRIBUTE: LazyLock<FxHashMap<&'static str, usize>> =
    LazyLock::new(|| NAMES.iter().enumerate().map(|(place, name)| (name.attribute, place)).collect());

/// The place of an attribute in [`NAMES`], null for one that tells nothing here.
pub(super) fn place(attribute: &str) -> Option<usize> {
    BY_ATTRIBUTE.get(attribute).copied()
}

/// What a span or event is, by its operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// One request to a model, with usage of its own.
    Inference,
    /// One call of a tool.
    Tool,
    /// Something that contains requests and may carry the sum of their usage.
    Container,
    /// Something without requests: retrieval, guardrails, memory.
    Other,
}

/// Words of [`Field::Operation`] in lower case.
const OPERATIONS: &[(&str, Role)] = &[
    // gen_ai.operation.name
    ("chat", Role::Inference),
    ("text_completion", Role::Inference),
    ("generate_content", Role::Inference),
    ("embeddings", Role::Inference),
    ("execute_tool", Role::Tool),
    ("invoke_agent", Role::Container),
    ("create_agent", Role::Container),
    ("invoke_workflow", Role::Container),
    ("plan", Role::Container),
    ("retrieval", Role::Other),
    // llm.request.type
    ("completion", Role::Inference),
    ("rerank", Role::Inference),
    // call types of LiteLLM, under both names
    ("acompletion", Role::Inference),
    ("atext_completion", Role::Inference),
    ("responses", Role::Inference),
    ("aresponses", Role::Inference),
    ("anthropic_messages", Role::Inference),
    ("aembedding", Role::Inference),
    ("arerank", Role::Inference),
    ("agenerate_content", Role::Inference),
    ("generate_content_stream", Role::Inference),
    ("agenerate_content_stream", Role::Inference),
    ("call_mcp_tool", Role::Tool),
    // openinference.span.kind and langfuse.observation.type
    ("llm", Role::Inference),
    ("generation", Role::Inference),
    ("embedding", Role::Inference),
    ("reranker", Role::Inference),
    ("tool", Role::Tool),
    ("agent", Role::Container),
    ("chain", Role::Container),
    ("span", Role::Container),
    ("event", Role::Other),
    ("retriever", Role::Other),
    ("guardrail", Role::Other),
    ("evaluator", Role::Other),
    // traceloop.span.kind
    ("workflow", Role::Container),
    ("task", Role::Container),
    // ai.operationId
    ("ai.generatetext.dogenerate", Role::Inference),
    ("ai.streamtext.dostream", Role::Inference),
    ("ai.generateobject.dogenerate", Role::Inference),
    ("ai.streamobject.dostream", Role::Inference),
    ("ai.embed.doembed", Role::Inference),
    ("ai.embedmany.doembed", Role::Inference),
    ("ai.toolcall", Role::Tool),
    ("ai.generatetext", Role::Container),
    ("ai.streamtext", Role::Container),
    ("ai.generateobject", Role::Container),
    ("ai.streamobject", Role::Container),
    ("ai.embed", Role::Container),
    ("ai.embedmany", Role::Container),
];

/// Spans of Claude Code by name: they have no operation.
const CLAUDE_CODE_SPANS: &[(&str, Role)] = &[
    ("claude_code.llm_request", Role::Inference),
    ("claude_code.tool", Role::Tool),
    ("claude_code.interaction", Role::Container),
    ("claude_code.tool.execution", Role::Other),
    ("claude_code.tool.blocked_on_user", Role::Other),
    ("claude_code.hook", Role::Other),
];

fn role_in(table: &[(&str, Role)], word: &str) -> Option<Role> {
    table.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, role)| *role)
}

/// The role of an operation, null for a word that is in no convention.
pub(super) fn operation_role(word: &str) -> Option<Role> {
    let is_memory = word.ends_with("_memory");
    role_in(OPERATIONS, word).or(is_memory.then_some(Role::Other))
}

/// The role of a span of Claude Code, by its name.
pub(super) fn claude_code_span(name: &str) -> Option<Role> {
    role_in(CLAUDE_CODE_SPANS, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_once_and_says_who_writes_it() {
        for (place_of, name) in NAMES.iter().enumerate() {
            assert_eq!(place(name.attribute), Some(place_of), "{} stands twice", name.attribute);
            assert!(!name.written_by.is_empty());
            assert!((name.field as usize) < FIELDS);
        }
        assert_eq!(place("http.method"), None);
    }

    #[test]
    fn operations_are_known_in_every_spelling() {
        assert_eq!(operation_role("chat"), Some(Role::Inference));
        assert_eq!(operation_role("LLM"), Some(Role::Inference));
        assert_eq!(operation_role("ai.generateText"), Some(Role::Container));
        assert_eq!(operation_role("ai.generateText.doGenerate"), Some(Role::Inference));
        for call_type in [
            "acompletion",
            "atext_completion",
            "responses",
            "aresponses",
            "anthropic_messages",
            "aembedding",
            "arerank",
            "agenerate_content",
            "generate_content_stream",
            "agenerate_content_stream",
        ] {
            assert_eq!(operation_role(call_type), Some(Role::Inference), "{call_type}");
        }
        assert_eq!(operation_role("call_mcp_tool"), Some(Role::Tool));
        assert_eq!(operation_role("update_memory"), Some(Role::Other));
        assert_eq!(operation_role("divine"), None);
        assert_eq!(claude_code_span("claude_code.llm_request"), Some(Role::Inference));
    }
}
