-- model: int_quota_stops
-- grain: one weekly quota, known person and ISO week after the announcement in which they began a session
-- reads: fct_sessions, quotas
-- family: INCENTIVE
-- measures: up to and with the week: in how many weeks one session carried the count over the quota and not over 1.25 times it (crossings), and in how
--   many of these it was the last of the week (stops); the same at the placebo lines .8 Q and 1.25 Q. expected_share is the person's share
--   of stops at the placebo lines, shrunk to everybody's with a weight of $shrink, never under $least; p is the tail P(Bin(crossings,
--   expected_share) >= stops), null under $crossings crossings
-- innocent: the last session of a week is more often a late one, and so it is at the placebo lines
-- reference: signals.md S10 (stop test)
-- params: shrink = 4, least = 0.2, crossings = 4
with sessions as (
    select session_id, actor_id, iso_week, started_at, prompts, tokens, cost_usd
    from fct_sessions
    where actor_kind = 'person' and actor_id <> '(unassigned)' and not declared and trigger <> 'schedule'
),
amounts as (
    select
        quotas.quota_id, sessions.actor_id, sessions.iso_week, sessions.started_at, sessions.session_id,
        case quotas.metric when 'prompts' then cast(sessions.prompts as double) when 'sessions' then 1.0
            when 'tokens' then cast(coalesce(sessions.tokens, 0) as double) else cast(coalesce(sessions.cost_usd, 0) as double) end / quotas.threshold as amount,
    from sessions
    join quotas on quotas.period = 'week' and quotas.metric in ('prompts', 'sessions', 'tokens', 'cost_usd') and quotas.threshold > 0
        and sessions.iso_week > to_char(quotas.announced, '%G-W%V')
),
counted as (
    select
        *,
        sum(amount) over (partition by quota_id, actor_id, iso_week order by started_at, session_id rows between unbounded preceding and current row) as after,
        row_number() over (partition by quota_id, actor_id, iso_week order by started_at desc, session_id desc) = 1 as is_last,
    from amounts
),
weeks as (
    select
        quota_id, actor_id, iso_week,
        count(*) filter (where after - amount < 1 and after >= 1 and after < 1.25) as crossings,
        count(*) filter (where after - amount < 1 and after >= 1 and after < 1.25 and is_last) as stops,
        count(*) filter (where after - amount < 0.8 and after >= 0.8 and after < 1 or after - amount < 1.25 and after >= 1.25) as placebo_crossings,
        count(*) filter (where (after - amount < 0.8 and after >= 0.8 and after < 1 or after - amount < 1.25 and after >= 1.25) and is_last) as placebo_stops,
    from counted
    group by quota_id, actor_id, iso_week
),
everybody as (
    select quota_id, cast(sum(placebo_stops) as double) / nullif(sum(placebo_crossings), 0) as share from weeks group by quota_id
),
running as (
    select
        weeks.quota_id, weeks.actor_id, weeks.iso_week, sum(crossings) over earlier as crossings, sum(stops) over earlier as stops,
        greatest($least, (sum(placebo_stops) over earlier + $shrink * coalesce(everybody.share, $least)) / (sum(placebo_crossings) over earlier + $shrink)) as expected_share,
    from weeks
    join everybody on everybody.quota_id = weeks.quota_id
    window earlier as (partition by weeks.quota_id, weeks.actor_id order by weeks.iso_week rows between unbounded preceding and current row)
),
log_factorials as (
    select value as k, sum(ln(greatest(value, 1))) over (order by value) as log_factorial from range(0, 1000)
),
tails as (
    select
        running.quota_id, running.actor_id, running.iso_week,
        sum(exp(whole.log_factorial - chosen.log_factorial - rest.log_factorial + chosen.k * ln(expected_share) + rest.k * ln(greatest(1 - expected_share, 1e-9)))) as p,
    from running
    join log_factorials as whole on whole.k = running.crossings
    join log_factorials as chosen on chosen.k between running.stops and running.crossings
    join log_factorials as rest on rest.k = running.crossings - chosen.k
    where running.crossings >= $crossings
    group by running.quota_id, running.actor_id, running.iso_week
)
select running.*, case when tails.p is not null then least(tails.p, 1.0) end as p
from running
left join tails on tails.quota_id = running.quota_id and tails.actor_id = running.actor_id and tails.iso_week = running.iso_week
