-- model: int_calls
-- grain: one tool call with its result
-- reads: stg_events
-- measures: the calls of a root session in order. The tokens of a completion stand on its first call only, so that sums over
--   calls count nothing twice; `is_poll` marks tools whose purpose is to ask again and shell commands that only wait or ask (the registry
--   in src/fingerprint/polls.rs), `unanswered` calls have no result; whether a call failed, and that it changed files, its result knows better
-- reference: signals.md S3
-- params: poll_tools = '(^|_)(poll|wait|watch|sleep)(_|$)|(^|_)(status|logs?)$|^(bashoutput|taskoutput|write_stdin|process)$'
-- part: person
with steps as (
    select
        event_key, root_session_id, session_id, ts, local_ts, actor_id, kind, trigger, tool_name, command, marker, call_id, call_hash,
        is_error, effect, system, path, repo, duration_ms, source_file, byte_offset,
        cardinality(added_lines) as added_lines,
        -- A window over everything, here and below: one a session or a call would be a few rows each.
        lag(session_id) over steps = session_id and lag(kind) over steps = 'completion' as follows_completion,
        lag(tokens) over steps as tokens_before,
        lag(cost_usd) over steps as cost_before
    from stg_events
    where kind in ('completion', 'tool_call')
    window steps as (order by session_id, ts, kind <> 'completion', byte_offset, event_key)
),
answers as (
    select
        session_id, call_id, result_hash, is_error, duration_ms, effect,
        (lag(session_id) over results is distinct from session_id) or (lag(call_id) over results is distinct from call_id) as is_first
    from stg_events
    where kind = 'tool_result' and call_id is not null
    window results as (order by session_id, call_id, ts, event_key)
),
results as (
    select * from answers where is_first
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
    case when r.effect = 'write' then r.effect else c.effect end as effect,
    c.system,
    c.path,
    c.repo,
    coalesce(c.marker = 'poll', false) or regexp_like(coalesce(lower(c.tool_name), ''), $poll_tools) as is_poll,
    coalesce(r.duration_ms, c.duration_ms) as duration_ms,
    c.added_lines,
    c.trigger = 'schedule' as by_schedule,
    case when c.follows_completion then c.tokens_before end as tokens,
    case when c.follows_completion then c.cost_before end as cost_usd
from steps as c
left join results as r on c.session_id = r.session_id and c.call_id = r.call_id
where c.kind = 'tool_call'
