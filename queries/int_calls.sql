-- model: int_calls
-- grain: one tool call with its result
-- reads: stg_events
-- measures: the calls of a root session in order. The tokens of a completion stand on its first call only, so that sums over
--   calls count nothing twice; `is_poll` marks tools whose purpose is to ask again and shell commands that only wait or ask (the registry
--   in src/fingerprint/polls.rs), `unanswered` calls have no result
-- reference: signals.md S3
-- params: poll_tools = '(^|_)(poll|wait|watch|sleep)(_|$)|(^|_)(status|logs?)$|^(bashoutput|taskoutput|write_stdin|process)$'
with steps as (
    select
        event_key, root_session_id, session_id, ts, local_ts, actor_id, kind, tool_name, command, marker, call_id, call_hash,
        is_error, effect, system, path, repo, duration_ms, tokens, cost_usd, source_file, byte_offset,
        cardinality(added_lines) as added_lines,
        sum(case when kind = 'completion' then 1 else 0 end) over (
            partition by session_id
            order by ts, kind <> 'completion', byte_offset, event_key
            rows between unbounded preceding and current row
        ) as completion
    from stg_events
    where kind in ('completion', 'tool_call')
),
priced as (
    select
        *,
        max(case when kind = 'completion' then tokens end) over (partition by session_id, completion) as completion_tokens,
        max(case when kind = 'completion' then cost_usd end) over (partition by session_id, completion) as completion_cost,
        row_number() over (
            partition by session_id, completion, kind order by ts, byte_offset, event_key
        ) as place
    from steps
),
results as (
    select
        session_id, call_id, result_hash, is_error, duration_ms,
        row_number() over (partition by session_id, call_id order by ts, event_key) as choice
    from stg_events
    where kind = 'tool_result' and call_id is not null
)
select
    c.event_key,
    c.root_session_id as session_id,
    c.session_id as thread_id,
    row_number() over (partition by c.root_session_id order by c.ts, c.source_file, c.byte_offset, c.event_key) as seq,
    c.ts,
    c.local_ts,
    c.actor_id,
    c.tool_name,
    c.command,
    c.call_hash,
    r.result_hash,
    coalesce(r.is_error, c.is_error, false) as is_error,
    r.session_id is null as unanswered,
    c.effect,
    c.system,
    c.path,
    c.repo,
    coalesce(c.marker = 'poll', false) or regexp_like(coalesce(lower(c.tool_name), ''), $poll_tools) as is_poll,
    coalesce(r.duration_ms, c.duration_ms) as duration_ms,
    c.added_lines,
    case when c.place = 1 then c.completion_tokens end as tokens,
    case when c.place = 1 then c.completion_cost end as cost_usd
from priced as c
left join results as r on c.session_id = r.session_id and c.call_id = r.call_id and r.choice = 1
where c.kind = 'tool_call'
