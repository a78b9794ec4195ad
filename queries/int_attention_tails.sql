-- model: int_attention_tails
-- grain: one root session with a human turn
-- reads: stg_events, fct_sessions, fct_attribution
-- family: AGENT-WASTE
-- measures: its last human turn, how long it ran on after that, whether an outcome names it or shares lines or files with it, and of those the longest run from a human turn to
--   the last step before the next one
-- innocent: a prompt whose trigger the log does not state counts as a human turn; what a schedule began in the session is not how long it ran on
-- reference: signals.md S7
-- part: person
with linked as (
    select distinct session_id from fct_attribution where tier in ('explicit', 'lines', 'files') and session_id in (select session_id from fct_sessions)
),
turns as (
    select root_session_id as session_id, max(ts) as last_turn_at from stg_events where kind = 'prompt' and trigger in ('human', 'unknown') group by root_session_id
),
-- Where a schedule began steps too, the session ran on until the last of the others.
scheduled as (select distinct root_session_id as session_id from stg_events where trigger = 'schedule'),
attended as (
    select scheduled.session_id, max(events.ts) as last_step_at
    from scheduled join stg_events as events on events.root_session_id = scheduled.session_id
    where events.trigger is distinct from 'schedule'
    group by scheduled.session_id
),
marked as (
    select
        linked.session_id, date_part('epoch', ts) as seconds,
        sum(case when kind = 'prompt' and trigger in ('human', 'unknown') then 1 else 0 end) over (partition by linked.session_id order by ts) as turn,
    from linked join stg_events as events on events.root_session_id = linked.session_id
    where events.trigger is distinct from 'schedule'
),
runs as (
    select session_id, max(run_seconds) as run_seconds
    from (select session_id, max(seconds) - min(seconds) as run_seconds from marked where turn > 0 group by session_id, turn) group by session_id
)
select
    sessions.session_id,
    sessions.actor_id,
    sessions.stratum,
    sessions.ended_at,
    turns.last_turn_at,
    linked.session_id is not null as is_linked,
    runs.run_seconds,
    greatest(0.0, date_part('epoch', coalesce(attended.last_step_at, sessions.ended_at)) - date_part('epoch', turns.last_turn_at)) as tail_seconds,
from fct_sessions as sessions
join turns on turns.session_id = sessions.session_id
left join linked on linked.session_id = sessions.session_id left join runs on runs.session_id = sessions.session_id
left join attended on attended.session_id = sessions.session_id
