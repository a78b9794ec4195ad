-- model: rpt_governance
-- grain: a system that agents acted on
-- reads: stg_events, fct_sessions
-- measures: who let agents act: tool calls that write, send or execute, by the system they touch; by what started the session (a schedule, where one started the step), by who let
--   the step run, how many of them stood outside office_from to office_to on working days in the person's own zone, and how many
--   came more than attention_min minutes after the last turn of a person in the session (in a session without one, all of them).
--   A call that the log shows in two ways is one call. Not a score: night work and approval by rule are not wrong by themselves
-- innocent: a log that states no approval leaves `approval_unknown`; most clients do not say which calls a person confirmed
-- reference: issue "Detection that holds up", governance view; signals.md S7 for the attention gap
-- params: office_from = 7, office_to = 20, attention_min = 30
with calls as (
    select
        event_key,
        root_session_id as session_id,
        actor_id,
        ts,
        local_ts,
        coalesce(system, '(unknown)') as system,
        effect,
        approval,
        trigger as step_trigger,
    from stg_events
    where kind = 'tool_call' and effect in ('write', 'send', 'execute')
),
turns as (
    select root_session_id as session_id, ts
    from stg_events
    where kind = 'prompt' and trigger = 'human'
),
-- The newest turn of a person before each call, by one sort of calls and turns together.
attended as (
    select
        event_key,
        max(turn_ts) over (partition by session_id order by ts, is_call rows between unbounded preceding and current row) as last_turn_at,
        is_call,
    from (
        select event_key, session_id, ts, 1 as is_call, arrow_cast(null, 'Timestamp(Microsecond, Some("UTC"))') as turn_ts from calls
        union all
        select null as event_key, session_id, ts, 0 as is_call, ts as turn_ts from turns
    ) as steps
),
judged as (
    select
        calls.*,
        case when calls.step_trigger = 'schedule' then calls.step_trigger else sessions.trigger end as trigger,
        attended.last_turn_at is null
            or date_part('epoch', calls.ts) - date_part('epoch', attended.last_turn_at) > 60.0 * $attention_min as is_unattended,
        date_part('hour', calls.local_ts) < $office_from or date_part('hour', calls.local_ts) >= $office_to
            or date_part('dow', calls.local_ts) in (0, 6) as is_off_hours,
    from calls
    join attended on attended.event_key = calls.event_key and attended.is_call = 1
    join fct_sessions as sessions on sessions.session_id = calls.session_id
)
select
    system,
    count(distinct actor_id) filter (where actor_id <> '(unassigned)') as actors,
    count(distinct session_id) as sessions,
    count(*) filter (where effect = 'write') as writes,
    count(*) filter (where effect = 'send') as sends,
    count(*) filter (where effect = 'execute') as executes,
    count(*) filter (where trigger = 'human') as started_by_human,
    count(*) filter (where trigger = 'schedule') as started_by_schedule,
    count(*) filter (where trigger = 'agent') as started_by_agent,
    count(*) filter (where trigger = 'unknown') as started_by_unknown,
    count(*) filter (where approval = 'human') as approved_by_human,
    count(*) filter (where approval = 'auto') as approved_by_rule,
    count(*) filter (where approval = 'none') as approved_by_nobody,
    count(*) filter (where approval is null) as approval_unknown,
    count(*) filter (where is_off_hours) as off_hours,
    count(*) filter (where is_unattended) as unattended,
from judged
group by system
order by system
