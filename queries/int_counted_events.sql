-- model: int_counted_events
-- grain: one step, whoever saw it
-- reads: events, int_sightings, int_merged_events
-- measures: the lake's events without those that another event is counted for; what is counted for several says what they say
--   together, and `sources` names them
-- reference: docs/merging.md
-- store: view
select
    e.event_key, e.source, e.event_id,
    coalesce(m.sources, e.source) as sources,
    m.person as merged_person,
    e.ts, e.utc_offset_min,
    coalesce(m.new_session_id, e.session_id) as session_id,
    e.actor_id, e.os_user, e.kind, e.trigger, e.trigger_evidence, e.client,
    coalesce(m.provider, e.provider) as provider,
    coalesce(m.model, e.model) as model,
    case when m.event_key is null then e.input_tokens else m.input_tokens end as input_tokens,
    case when m.event_key is null then e.output_tokens else m.output_tokens end as output_tokens,
    case when m.event_key is null then e.reasoning_tokens else m.reasoning_tokens end as reasoning_tokens,
    case when m.event_key is null then e.cache_read_tokens else m.cache_read_tokens end as cache_read_tokens,
    case when m.event_key is null then e.cache_write_tokens else m.cache_write_tokens end as cache_write_tokens,
    case when m.event_key is null then e.token_basis else m.token_basis end as token_basis,
    case when m.event_key is null then e.output_is_lower_bound else m.output_is_lower_bound end as output_is_lower_bound,
    case when m.event_key is null then e.cost_usd else m.cost_usd end as cost_usd,
    case when m.event_key is null then e.cost_basis else m.cost_basis end as cost_basis,
    e.text_chars, e.text_words, e.text_hash, e.masked_hash, e.shingles, e.bands,
    e.marker, e.command, e.tool_name, e.call_id, e.is_error, e.effect, e.system,
    coalesce(m.approval, e.approval) as approval,
    e.path,
    coalesce(m.repo, e.repo) as repo,
    coalesce(m.branch, e.branch) as branch,
    coalesce(m.duration_ms, e.duration_ms) as duration_ms,
    e.call_hash, e.result_hash, e.added_lines, e.spans, e.repeated_permille, e.packed_permille, e.identifiers,
    e.source_file, e.byte_offset
from events as e
left anti join (select event_key from int_sightings where not is_kept) as seen on e.event_key = seen.event_key
left join int_merged_events as m on e.event_key = m.event_key
