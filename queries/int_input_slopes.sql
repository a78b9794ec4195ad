-- model: int_input_slopes
-- grain: one session with human input, and one actor
-- reads: int_supplied_texts, int_answers
-- family: REDUNDANCY
-- measures: input-insensitivity: the slope of ln(1 + output tokens) on ln(1 + supplied tokens) over the actor's prompts of the 28 days up to the session, with its standard error
--   (least squares). Near 0 the answers do not depend on how much was supplied. Null under $least prompts, or where all prompts are of one length
-- innocent: short questions about long files have a slope near 0 as well, so it stands beside the evidence and adds nothing to it
-- reference: signals.md S2 (input-insensitivity)
-- params: least = 10
with answered as (
    select
        texts.session_id, texts.actor_id, cast(texts.local_ts as date) as day,
        ln(1.0 + texts.tokens) as supplied, ln(1.0 + answers.output_tokens) as answered,
    from int_supplied_texts as texts
    join int_answers as answers on answers.event_key = texts.event_key
    where answers.output_tokens is not null
),
days as (
    select
        actor_id, day, cast(count(*) as double) as n, sum(supplied) as x, sum(answered) as y,
        sum(supplied * supplied) as xx, sum(supplied * answered) as xy, sum(answered * answered) as yy,
    from answered
    group by actor_id, day
),
sessions as (
    select session_id, actor_id, max(day) as last_day from answered group by session_id, actor_id
),
sums as (
    select
        sessions.session_id, sessions.actor_id, sum(n) as n,
        sum(xx) - sum(x) * sum(x) / sum(n) as xx, sum(xy) - sum(x) * sum(y) / sum(n) as xy, sum(yy) - sum(y) * sum(y) / sum(n) as yy,
    from sessions
    join days on days.actor_id = sessions.actor_id and days.day between sessions.last_day - 27 and sessions.last_day
    group by sessions.session_id, sessions.actor_id
)
select
    session_id, actor_id, cast(n as bigint) as prompts,
    case when n >= $least and xx > 1e-6 * n then xy / xx end as slope,
    case when n >= $least and xx > 1e-6 * n then sqrt(greatest(yy - xy * xy / xx, 0.0) / ((n - 2) * xx)) end as error,
from sums
