-- model: int_sessions
-- grain: one root session, its subagents rolled up
-- reads: stg_events, actors
-- measures: what a session did and used. What another agent wrote is no prompt. Tokens and cost are null when nothing was
--   reported. The trigger is that of the first prompt in the session's own thread, but human where a person typed there: a chat that a heartbeat
--   opened is its person's, and single steps keep their own trigger; the actor the first known one there
-- reference: schema.md, outputs.md
-- part: person
with grouped as (
    select
        root_session_id as session_id,
        first_value(actor_id order by actor_id = '(unassigned)', session_id <> root_session_id, ts, event_key) as actor_id,
        first_value(client order by session_id <> root_session_id, ts, event_key) as client,
        first_value(trigger order by session_id <> root_session_id, kind <> 'prompt', trigger <> 'human', ts, event_key) as trigger,
        first_value(local_ts order by ts, event_key) as started_local,
        first_value(repo order by repo is null, session_id <> root_session_id, ts, event_key) as repo,
        min(ts) as started_at,
        max(ts) as ended_at,
        count(*) filter (where kind = 'prompt' and trigger <> 'agent') as prompts,
        count(*) filter (where kind = 'prompt' and trigger = 'human') as human_prompts,
        count(*) filter (where kind = 'completion') as completions,
        count(*) filter (where kind = 'tool_call') as tool_calls,
        count(*) filter (where kind = 'tool_call' and effect = 'write') as edits,
        count(*) filter (where is_error) as errors,
        sum(input_tokens) as input_tokens,
        sum(output_tokens) as output_tokens,
        sum(cache_read_tokens) as cache_read_tokens,
        sum(cache_write_tokens) as cache_write_tokens,
        sum(tokens) as tokens,
        sum(cost_usd) as cost_usd,
        count(*) filter (where kind = 'completion' and tokens is null) as completions_without_usage,
        count(*) filter (where kind = 'completion' and output_is_lower_bound) as lower_bound_completions
    from stg_events
    group by root_session_id
),
-- A distinct count beside other aggregates keeps some 10 KB for each group.
below as (
    select root_session_id, count(distinct session_id) as subagents from stg_events where session_id <> root_session_id group by root_session_id
)
select
    g.*,
    coalesce(b.subagents, 0) as subagents,
    to_char(g.started_local, '%G-W%V') as iso_week,
    coalesce(a.team_id, '(unassigned)') as team_id,
    coalesce(a.role, '') as role,
    coalesce(a.kind, 'person') as actor_kind
from grouped as g
left join below as b on g.session_id = b.root_session_id
left join actors as a on g.actor_id = a.actor_id
