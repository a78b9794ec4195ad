-- model: sig_loop_no_progress
-- grain: one root session
-- reads: fct_sessions, int_calls, int_result_logging, int_loop_calls, int_noisy_loop_calls, int_call_texture, int_prompts, int_on_call_sessions
-- family: AGENT-WASTE
-- measures: tokens of the calls in the third and later iterations of runs without progress, as a share of the session's tokens. Beside it, unscored, because paging looks
--   the same: repeated 3-grams of calls, Lempel and Ziv's complexity of (tool, path), landed lines for each 1,000 tokens (int_call_texture)
-- suggests: an agent that burns tokens in a loop; only where loops recur, or a human restarts them, usage made to be counted
-- innocent: weighs in full from $full of the tokens on; one-off loops are an agent fault: advice, so the discount is $agent_fault; polls, edits that add something and back-offs are
--   no loops at all; loops of declared jobs make no loop of the person's recurrent; on-call and incident windows discount by $on_call
-- abstains: declared automation, service accounts; under $min_calls tool calls, with a value of 0 where results would be in the log (int_result_logging); results not in the log; no token counts
-- evasion: cosmetic argument changes are normalised away, clocks in results are masked, calls are counted and never timed; changed arguments
--   and noise between leave the same result to the same tool and path, or the same call, again and again (int_noisy_loop_calls); calls that only wait are no loop,
--   and what they burn is for sig_unattended_burn
-- reference: signals.md S3; Kolpakov and Kucherov 1999
-- params: min_calls = 20, min_sessions = 3, min_days = 2, recurrence_days = 84, agent_fault = 0.0, on_call = 0.2, full = 0.25
-- part: person
with sessions as (select * from fct_sessions),
loop_calls as (
    select session_id, thread_id, position, ts, call_hash, tokens, period, run_start, 0 as noisy from int_loop_calls
    union all
    select session_id, thread_id, position, ts, call_hash, tokens, 0 as period, run_start, 1 as noisy from int_noisy_loop_calls
),
legible as (select distinct session_id from int_calls where result_hash is not null), loops as (
    select
        session_id, count(*) as calls, sum(noisy) as noisy_calls, sum(tokens) as tokens, min(period) as period,
        count(distinct concat(thread_id, '/', run_start)) as runs, min(position) as first_call, max(position) as last_call,
    from loop_calls
    group by session_id
),
loop_days as (
    select loops.session_id, sessions.actor_id, sessions.local_day from loops join sessions on sessions.session_id = loops.session_id
    where sessions.actor_id <> '(unassigned)' and not sessions.declared and sessions.trigger <> 'schedule' and sessions.actor_kind <> 'service' and sessions.tool_calls >= $min_calls
),
recurrence as (
    select loop_days.session_id, count(*) as sessions, count(distinct earlier.local_day) as days
    from loop_days
    join loop_days as earlier
        on earlier.actor_id = loop_days.actor_id and abs(date_part('epoch', earlier.local_day) - date_part('epoch', loop_days.local_day)) <= $recurrence_days * 86400.0
    group by loop_days.session_id
),
runs as (select session_id, call_hash, thread_id, run_start, min(ts) as first_at, max(ts) as last_at from int_loop_calls group by session_id, call_hash, thread_id, run_start),
restarts as (
    select runs.session_id, count(distinct prompts.event_key) as prompts
    from runs
    join runs as later on later.session_id = runs.session_id and later.call_hash = runs.call_hash and later.first_at > runs.last_at
    join int_prompts as prompts on prompts.session_id = runs.session_id and prompts.ts > runs.last_at and prompts.ts < later.first_at
    group by runs.session_id
),
judged as (
    select
        sessions.*, texture.repeated_trigrams, texture.complexity, texture.landed_lines_per_1000_tokens, loops.noisy_calls, loops.calls, loops.runs, loops.period, loops.first_call, loops.last_call, loops.tokens as loop_tokens,
        coalesce(recurrence.sessions, 0) as loop_sessions, coalesce(recurrence.days, 0) as loop_days, coalesce(restarts.prompts, 0) as restarts,
        case when loops.calls is null or recurrence.sessions >= $min_sessions and recurrence.days >= $min_days or restarts.prompts > 0 then 1.0 else $agent_fault end as fault_factor,
        case when on_call.session_id is null then 1.0 else $on_call end as on_call_factor,
        case
            when sessions.declared or sessions.trigger = 'schedule' or sessions.actor_kind = 'service' then 'declared automation'
            when sessions.tool_calls < $min_calls and (legible.session_id is not null or logging.results > 0 and sessions.prompts > 0) then concat('fewer than ', $min_calls, ' tool calls')
            when legible.session_id is null then 'no results in the log'
            when coalesce(sessions.tokens, 0) = 0 or loops.calls > 0 and loops.tokens is null then 'no token counts'
        end as abstain_reason,
    from sessions
    left join loops on loops.session_id = sessions.session_id left join legible on legible.session_id = sessions.session_id left join int_result_logging as logging on logging.client_name = sessions.client_name
    left join recurrence on recurrence.session_id = sessions.session_id left join int_call_texture as texture on texture.session_id = sessions.session_id
    left join restarts on restarts.session_id = sessions.session_id left join int_on_call_sessions as on_call on on_call.session_id = sessions.session_id
)
select
    'session' as scope, session_id as unit_id, actor_id, iso_week,
    case when abstain_reason is null then round(least(1.0, coalesce(cast(loop_tokens as double), 0.0) / tokens), 9) when starts_with(abstain_reason, 'fewer than') then 0.0 end as value,
    tool_calls as n, case when abstain_reason is null then 'speak' else 'abstain' end as status, abstain_reason,
    fault_factor * on_call_factor as discount, 0.0 as exculpation_db,
    case when abstain_reason is null then round(12.0 * least(1.0, coalesce(cast(loop_tokens as double), 0.0) / tokens / $full), 2) end as most_db,
    concat('{"loop_calls":', coalesce(calls, 0), ',"loop_calls_behind_noise":', coalesce(noisy_calls, 0), ',"runs":', coalesce(runs, 0), ',"period":', coalesce(cast(period as varchar), 'null'),
        ',"first_call":', coalesce(cast(first_call as varchar), 'null'), ',"last_call":', coalesce(cast(last_call as varchar), 'null'),
        ',"loop_tokens":', coalesce(loop_tokens, 0), ',"loop_sessions":', loop_sessions, ',"loop_days":', loop_days, ',"human_restarts":', restarts,
        ',"repeated_trigrams":', coalesce(cast(round(repeated_trigrams, 4) as varchar), 'null'), ',"complexity":', coalesce(cast(round(complexity, 4) as varchar), 'null'),
        ',"landed_lines_per_1000_tokens":', coalesce(cast(round(landed_lines_per_1000_tokens, 4) as varchar), 'null'), ',"agent_fault":', fault_factor < 1, ',"discounts":[', concat_ws(',',
            case when fault_factor < 1 then concat('{"why":"one-off loop: a fault of the agent, advice only","factor":', fault_factor, ',"sessions":', loop_sessions, '}') end,
            case when on_call_factor < 1 then concat('{"why":"on call","factor":', on_call_factor, '}') end), ']}') as evidence,
from judged
