-- model: int_rank_panel
-- grain: one published leaderboard, cut, known person and week in which they stood within $width ranks of the cut
-- reads: fct_actor_weeks, leaderboards
-- family: INCENTIVE
-- measures: growth, the logarithm of next week's use over this week's, less its mean over everybody in that week; whether the person stood just
--   below the cut (near) or just above it, and whether the leaderboard was published and not withdrawn (post). The cut is the top
--   $top; twice and three times that are placebo cuts
-- innocent: whoever falls just below a rank rises again by chance, and so does whoever is just above: only the difference counts; declared automation
--   and what a schedule began is no use of a person's own
-- abstains: no row without two successive weeks of use
-- reference: signals.md S12 (regression discontinuity at a published cut)
-- params: top = 10, width = 5
with boards as (
    select metric, min(published) as published, max(withdrawn) as withdrawn, count(*) filter (where withdrawn is null) > 0 as stands
    from leaderboards
    where metric in ('prompts', 'sessions', 'tokens', 'cost_usd')
    group by metric
),
weeks as (
    select iso_week, row_number() over (order by iso_week) as week
    from (select distinct iso_week from fct_actor_weeks)
),
used as (
    select
        boards.metric, people.actor_id, people.iso_week, weeks.week,
        people.iso_week > to_char(boards.published, '%G-W%V')
            and (boards.stands or people.iso_week < to_char(boards.withdrawn, '%G-W%V')) as post,
        people.iso_week = to_char(boards.published, '%G-W%V') as is_first,
        case boards.metric when 'prompts' then cast(people.own_prompts as double) when 'sessions' then cast(people.own_sessions as double)
            when 'tokens' then cast(people.own_tokens as double) else cast(people.own_cost_usd as double) end as amount,
    from fct_actor_weeks as people
    join weeks on weeks.iso_week = people.iso_week
    cross join boards
    where people.actor_kind = 'person' and people.actor_id <> '(unassigned)'
),
ranked as (
    select
        *,
        row_number() over (partition by metric, week order by amount desc, actor_id) as place,
        case when lead(week) over (partition by metric, actor_id order by week) = week + 1
            then ln(lead(amount) over (partition by metric, actor_id order by week) / amount) end as raw_growth,
    from used
    where amount > 0
),
centred as (
    select *, raw_growth - avg(raw_growth) over (partition by metric, week) as growth from ranked
),
cuts as (
    select value as multiple, value * $top as cut from range(1, 4)
)
select
    centred.metric, cuts.cut, cuts.multiple > 1 as is_placebo, centred.actor_id, centred.iso_week, centred.week, centred.place,
    centred.place > cuts.cut as near, centred.post, centred.growth,
from centred
cross join cuts
where centred.growth is not null and not centred.is_first and centred.place > cuts.cut - $width and centred.place <= cuts.cut + $width
