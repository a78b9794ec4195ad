-- model: int_trivial_days
-- grain: one actor, local day with trivial prompts, and whether sessions of learning are among what is counted
-- reads: int_trivial_answers, int_batch_evaluations, int_learning_sessions, fct_sessions
-- family: SPEND
-- measures: the day's trivial prompts (trivial), those to a premium model by choice (observed), how many of those others would have sent there (expected), and the
--   comparable ones. Sessions that are declared or scheduled, or less than $own of which is outside batch evaluations, are no habit and not counted. Sessions of
--   learning are compared with all of the person's (with_learning), and all else with what is no learning, since a session that is discounted says nothing against another
-- reference: signals.md S6 and look-alike register
-- params: own = 0.5
with automated as (
    select session_id from fct_sessions where declared or trigger = 'schedule'
),
counted as (
    select
        answers.actor_id, answers.local_day, answers.is_overkill, answers.is_comparable, answers.expected,
        unnest(case when learning.session_id is null then [false, true] else [true] end) as with_learning,
    from int_trivial_answers as answers
    left join automated on automated.session_id = answers.session_id
    left join int_batch_evaluations as evaluations on evaluations.session_id = answers.session_id
    left join int_learning_sessions as learning on learning.session_id = answers.session_id
    where automated.session_id is null and coalesce(evaluations.factor, 1.0) >= $own
)
select
    actor_id, local_day, with_learning, count(*) as trivial, count(*) filter (where is_overkill) as observed,
    sum(cast(expected as decimal(38, 15))) as expected, -- decimals have one sum, in any order
    count(*) filter (where is_comparable) as comparable,
from counted
group by actor_id, local_day, with_learning
