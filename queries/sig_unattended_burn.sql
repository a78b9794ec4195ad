-- model: sig_unattended_burn
-- grain: one root session
-- reads: fct_sessions, int_unattended, int_unattended_reads, int_reached_sessions, fct_coverage, int_on_call_sessions, int_spike_sessions, int_turns, int_censored_runs
-- family: AGENT-WASTE
-- measures: undeclared new tokens after the last human turn by more than the attention gap, where nothing landed after it, no ticket changed and nothing was delivered, and no session
--   that read what was written leads to such a consumer or to a human turn (six steps at most, int_reached_sessions); 0 where one of these exists
-- suggests: an agent left running for nobody
-- innocent: weighs in full from an even part of $min_tokens tokens in $min_runs runs on; overnight work that lands, declared schedules: no burn; bots that post to a chat: nobody can tell; the actor's next human turn in the same
--   repository within $return_hours hours may be the reading of it (discount $returned); spikes (branch name) discount by $spike, on-call windows by $on_call
-- abstains: declared automation, service accounts; no human turn recorded; no token counts; sinks unknown (calls past the attention gap of which the log does not say whether they reached somebody; coverage under $coverage and no
--   delivery record), outside the data (messages sent and nothing else) or not known yet (int_censored_runs, which count in none of the sums); the actor has not burnt $min_tokens tokens or $min_hours hours over $min_runs runs
-- evasion: fake heartbeats are prompts: sig_prompt_repetition and sig_timer_regularity see them; an agent that reads an agent is no
--   consumer, however many of them there are in a row or a circle
-- reference: signals.md S7
-- params: min_tokens = 50000, min_hours = 2, min_runs = 2, coverage = 0.8, return_hours = 72, returned = 0.5, spike = 0.2, on_call = 0.2
-- part: person
with sessions as (select * from fct_sessions),
unattended as (
    select
        unattended.*, reached.steps,
        case when has_sink or reached.steps is not null or untold > 0 then 0 else unattended_tokens end as burnt_tokens,
        case when has_sink or reached.steps is not null or untold > 0 then 0.0 else unattended_seconds end as burnt_seconds,
    from int_unattended as unattended left join int_reached_sessions as reached on reached.session_id = unattended.session_id
),
readers as (select session_id, count(*) as readers from int_unattended_reads group by session_id),
undeclared as (
    select unattended.*, censored.why as censored
    from unattended
    join sessions on sessions.session_id = unattended.session_id
    left join int_censored_runs as censored on censored.session_id = unattended.session_id
    where not sessions.declared and sessions.trigger <> 'schedule' and sessions.actor_kind <> 'service' and sessions.actor_id <> '(unassigned)'
),
actors as (
    select actor_id, count(*) as runs, sum(burnt_tokens) as tokens, sum(burnt_seconds) as seconds from undeclared where burnt_seconds > 0 and censored is null group by actor_id
),
returns as (
    select distinct sessions.session_id
    from undeclared join sessions on sessions.session_id = undeclared.session_id
    join sessions as later on later.actor_id = sessions.actor_id and coalesce(later.repo, '') = coalesce(sessions.repo, '') and later.session_id <> sessions.session_id
    join int_turns as turns on turns.session_id = later.session_id and turns.trigger = 'human'
    where undeclared.burnt_seconds > 0 and turns.ts >= sessions.ended_at
        and date_part('epoch', turns.ts) - date_part('epoch', sessions.ended_at) <= $return_hours * 3600.0
),
judged as (
    select
        sessions.*, unattended.burnt_tokens, unattended.burnt_seconds, unattended.unattended_tokens, unattended.attention_seconds,
        unattended.sends, unattended.delivered, unattended.is_linked, unattended.has_landed, unattended.last_turn_at, unattended.steps, coalesce(readers.readers, 0) as readers,
        case when returns.session_id is null then 1.0 else $returned end as return_factor,
        case when on_call.session_id is null then 1.0 else $on_call end as on_call_factor, case when spikes.session_id is null then 1.0 else $spike end as spike_factor,
        case
            when sessions.declared or sessions.trigger = 'schedule' or sessions.actor_kind = 'service' then 'declared automation'
            when sessions.actor_id = '(unassigned)' then 'actor unknown'
            when unattended.session_id is null then 'no human turn recorded'
            when not unattended.has_sink and unattended.steps is null and unattended.untold > 0 and unattended.unattended_seconds > 0 then 'sinks unknown'
            when sessions.tokens is null then 'no token counts'
            when coalesce(fct_coverage.outcome_coverage, 0.0) < $coverage and coalesce(unattended.not_delivered, 0) + coalesce(unattended.delivered, 0) = 0 then 'sinks unknown'
            when unattended.unattended_seconds > 0 and unattended.steps is null and unattended.sends > 0 and not unattended.has_landed and coalesce(unattended.tickets, 0) + coalesce(unattended.delivered, 0) = 0
                then 'the only consumer is outside the data'
            when undeclared.censored is not null then undeclared.censored
            when coalesce(actors.runs, 0) < $min_runs or actors.tokens < $min_tokens and actors.seconds < $min_hours * 3600.0
                then concat('under ', $min_tokens, ' unattended tokens and ', $min_hours, ' hours over ', $min_runs, ' runs')
        end as abstain_reason,
    from sessions
    left join unattended on unattended.session_id = sessions.session_id
    left join undeclared on undeclared.session_id = sessions.session_id
    left join fct_coverage on fct_coverage.actor_id = sessions.actor_id left join actors on actors.actor_id = sessions.actor_id left join returns on returns.session_id = sessions.session_id left join readers on readers.session_id = sessions.session_id
    left join int_on_call_sessions as on_call on on_call.session_id = sessions.session_id left join int_spike_sessions as spikes on spikes.session_id = sessions.session_id
)
select
    'session' as scope, session_id as unit_id, actor_id, iso_week,
    case when abstain_reason is null then cast(burnt_tokens as double) when starts_with(abstain_reason, 'under') then 0.0 end as value, coalesce(completions, 0) as n,
    case when abstain_reason is null then 'speak' else 'abstain' end as status, abstain_reason,
    return_factor * on_call_factor * spike_factor as discount, 0.0 as exculpation_db,
    case when abstain_reason is null then round(12.0 * least(1.0, burnt_tokens * $min_runs / cast($min_tokens as double)), 2) end as most_db,
    concat('{"last_human_turn":"', coalesce(to_char(last_turn_at, '%Y-%m-%dT%H:%MZ'), ''), '","unattended_tokens":', coalesce(unattended_tokens, 0), ',"unattended_minutes":', round(coalesce(burnt_seconds, 0.0) / 60, 1), ',"attention_minutes":', coalesce(cast(round(attention_seconds / 60, 1) as varchar), 'null'),
        ',"linked":', coalesce(is_linked, false), ',"landed_after":', coalesce(has_landed, false), ',"sends":', coalesce(sends, 0), ',"delivered":', coalesce(delivered, 0), ',"agent_readers":', readers, ',"steps_to_a_consumer":', coalesce(cast(steps as varchar), 'null'), ',"discounts":[', concat_ws(',',
            case when return_factor < 1 then concat('{"why":"a human turn in the same repository followed","factor":', return_factor, '}') end,
            case when spike_factor < 1 then concat('{"why":"spike or experiment branch","factor":', spike_factor, '}') end, case when on_call_factor < 1 then concat('{"why":"on call","factor":', on_call_factor, '}') end), ']}') as evidence,
from judged
