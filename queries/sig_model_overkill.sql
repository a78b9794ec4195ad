-- model: sig_model_overkill
-- grain: one root session
-- reads: fct_sessions, int_prompts, int_answers, int_trivial_answers, int_trivial_days, int_batch_evaluations, int_learning_sessions
-- family: SPEND
-- measures: the share of the session's answered prompts that are trivial and went to a premium model the actor chose, times the part of such
--   choices in $days days (int_trivial_days) that the habit of others with the same client and role does not explain, 1 - E / O
-- suggests: the dearest model for work that the cheapest one does here
-- innocent: the client's default model; comparisons of models (batch evaluations); people in their first 60 days or in training, discount $learning; under a
--   flat-price plan nothing was spent, which the log does not say: the family is capped at 3 dB for it; weighs no more than a Chernoff bound on O against E
-- abstains: declared automation, service accounts; actor unknown; no logical human prompt, or the log does not say who prompted; neither prompt text nor its size, no output counts or no prices; no
--   cheaper model in use; fewer than $min_prompts trivial prompts on $min_days days in $days days (the definition names no window; twelve weeks, as for loops)
-- evasion: asking for long outputs leaves the trivial prompts: sig_low_output_novelty, sig_orphan_output
-- reference: signals.md S6
-- params: min_prompts = 20, min_days = 3, days = 84, learning = 0.2
with trivial as (
    select session_id, actor_id, count(*) as trivial, count(*) filter (where is_overkill) as overkill, cast(sum(cast(excess_usd as decimal(38, 15))) filter (where is_overkill) as double) as excess_usd, bool_or(is_comparable) as is_comparable
    from int_trivial_answers group by session_id, actor_id
),
answered as (
    select
        session_id, actor_id, count(*) as prompts, max(local_day) as last_day,
        count(coalesce(text_words, supplied_tokens)) as with_text, count(output_tokens) as with_output, count(weighed_tokens) as with_price,
    from int_answers
    where completions > 0
    group by session_id, actor_id
),
prompted as (select session_id, actor_id, count(*) as prompts from int_prompts group by session_id, actor_id),
windows as (
    select
        answered.session_id, answered.actor_id, count(*) as days, sum(days.trivial) as trivial, sum(days.observed) as observed,
        cast(sum(days.expected) as double) as expected, sum(days.comparable) as comparable, -- decimals have one sum, in any order
    from answered
    left join int_learning_sessions as learning on learning.session_id = answered.session_id
    join int_trivial_days as days on days.actor_id = answered.actor_id and days.with_learning = (learning.session_id is not null) and days.local_day between answered.last_day - $days + 1 and answered.last_day
    group by answered.session_id, answered.actor_id
),
judged as (
    select
        sessions.*, answered.prompts as answered_prompts, coalesce(trivial.trivial, 0) as trivial, coalesce(trivial.overkill, 0) as overkill,
        coalesce(trivial.excess_usd, 0.0) as excess_usd, windows.trivial as window_trivial, windows.observed, windows.expected,
        coalesce(evaluations.factor, 1.0) as evaluation_factor,
        case when learning.session_id is null then 1.0 else $learning end as learning_factor, learning.why as learning_why, case
            when sessions.declared or sessions.trigger = 'schedule' or sessions.actor_kind = 'service' then 'declared automation'
            when sessions.actor_id = '(unassigned)' then 'actor unknown'
            when prompted.prompts is null then case when sessions.trigger = 'unknown' and sessions.prompts > 0 then 'the log does not say who prompted' else 'no logical human prompt' end
            when answered.prompts is null or answered.with_output = 0 then 'no output counts'
            when answered.with_text = 0 then 'neither prompt text nor its size in the log'
            when answered.with_price = 0 then 'no prices'
            when coalesce(windows.trivial, 0) < $min_prompts or windows.days < $min_days then concat('fewer than ', $min_prompts, ' trivial prompts on ', $min_days, ' days')
            when windows.comparable = 0 then 'no cheaper model in use'
        end as abstain_reason,
    from fct_sessions as sessions
    left join prompted on prompted.session_id = sessions.session_id and prompted.actor_id = sessions.actor_id
    left join answered on answered.session_id = sessions.session_id and answered.actor_id = sessions.actor_id
    left join trivial on trivial.session_id = sessions.session_id and trivial.actor_id = sessions.actor_id
    left join windows on windows.session_id = sessions.session_id and windows.actor_id = sessions.actor_id
    left join int_batch_evaluations as evaluations on evaluations.session_id = sessions.session_id
    left join int_learning_sessions as learning on learning.session_id = sessions.session_id
),
shares as (
    select *, least(cast(observed as double) / window_trivial, 0.999) as own_share, least(greatest(expected / window_trivial, 0.001), 0.998) as base_share, from judged
)
select
    'session' as scope, session_id as unit_id, actor_id, iso_week,
    case when abstain_reason is null then round(cast(overkill as double) / answered_prompts * greatest(0.0, 1.0 - expected / greatest(observed, 1)), 9) when starts_with(abstain_reason, 'fewer than') and coalesce(observed, 0) = 0 then 0.0 end as value,
    cast(coalesce(window_trivial, 0) as bigint) as n, case when abstain_reason is null then 'speak' else 'abstain' end as status, abstain_reason,
    evaluation_factor * learning_factor as discount, 0.0 as exculpation_db,
    case when abstain_reason is null then round(case when observed > expected then 2.171 * window_trivial * (own_share * ln(own_share / base_share)
        + (1 - own_share) * ln((1 - own_share) / (1 - base_share))) else 0.0 end - 3.01, 2) end as most_db,
    concat('{"answered_prompts":', coalesce(answered_prompts, 0), ',"trivial_prompts":', trivial, ',"premium_by_choice":', overkill, ',"window_days":', $days, ',"trivial_window":', coalesce(window_trivial, 0),
        ',"premium_window":', coalesce(observed, 0), ',"expected_window":', coalesce(round(expected, 2), 0.0), ',"excess_usd":', round(excess_usd, 4), ',"discounts":[', concat_ws(',',
            case when evaluation_factor < 1 then concat('{"why":"batch evaluation over models","factor":', evaluation_factor, '}') end,
            case when learning_factor < 1 then concat('{"why":"', learning_why, '","factor":', learning_factor, '}') end), ']}') as evidence,
from shares
