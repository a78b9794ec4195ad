-- model: int_quiet_arcs
-- grain: one actor and ISO week with at least $min_weeks prompting weeks among the eight before it
-- reads: int_prompts, stg_outcomes
-- family: CLOCK
-- measures: the actor's own quiet arc: the longest run of 6 to 12 hours of the local clock that holds at most $quiet_share of the human
--   prompts and authored outcomes of the eight weeks before; and what this week put into it
-- reference: signals.md S9; Claes et al. 2018 (baselines must be individual)
-- params: min_weeks = 4, quiet_share = 0.02
with acts as (
    select actor_id, local_ts, 1 as prompts, 0 as outcomes from int_prompts
    union all
    select actor_id, local_ts, 0 as prompts, 1 as outcomes from stg_outcomes
),
hours as (
    select
        actor_id,
        cast(date_trunc('week', local_ts) as date) as week,
        cast(date_part('hour', local_ts) as int) as hour,
        sum(prompts) as prompts,
        sum(outcomes) as outcomes,
    from acts
    where local_ts is not null
    group by actor_id, cast(date_trunc('week', local_ts) as date), cast(date_part('hour', local_ts) as int)
),
weeks as (
    select actor_id, week, sum(prompts) as prompts, sum(outcomes) as outcomes from hours group by actor_id, week
),
baselines as (
    select weeks.actor_id, weeks.week, count(distinct hours.week) as weeks, sum(hours.prompts + hours.outcomes) as acts
    from weeks
    join hours on hours.actor_id = weeks.actor_id and hours.week between weeks.week - 56 and weeks.week - 7
    where weeks.prompts > 0
    group by weeks.actor_id, weeks.week
    having count(distinct hours.week) >= $min_weeks
),
earlier as (
    select baselines.actor_id, baselines.week, hours.hour, sum(hours.prompts + hours.outcomes) as acts
    from baselines
    join hours on hours.actor_id = baselines.actor_id and hours.week between baselines.week - 56 and baselines.week - 7
    group by baselines.actor_id, baselines.week, hours.hour
),
arcs as (
    select
        baselines.actor_id, baselines.week, baselines.weeks, baselines.acts, starts.value as arc_start, lengths.value as arc_hours,
        coalesce(sum(case when (earlier.hour - starts.value + 24) % 24 < lengths.value then earlier.acts end), 0) as arc_acts,
    from baselines
    cross join range(0, 24) as starts
    cross join range(6, 13) as lengths
    left join earlier on earlier.actor_id = baselines.actor_id and earlier.week = baselines.week
    group by baselines.actor_id, baselines.week, baselines.weeks, baselines.acts, starts.value, lengths.value
),
ranked as (
    select *, row_number() over (partition by actor_id, week order by arc_hours desc, arc_acts, arc_start) as place
    from arcs
    where arc_acts <= $quiet_share * acts
)
select
    ranked.actor_id, ranked.week, to_char(ranked.week, '%G-W%V') as iso_week,
    ranked.weeks, ranked.acts, ranked.arc_start, ranked.arc_hours, ranked.arc_acts,
    sum(hours.prompts) as prompts,
    coalesce(sum(case when (hours.hour - ranked.arc_start + 24) % 24 < ranked.arc_hours then hours.prompts end), 0) as arc_prompts,
    coalesce(sum(case when (hours.hour - ranked.arc_start + 24) % 24 < ranked.arc_hours then hours.outcomes end), 0) as arc_outcomes,
from ranked
join hours on hours.actor_id = ranked.actor_id and hours.week = ranked.week
where ranked.place = 1
group by ranked.actor_id, ranked.week, ranked.weeks, ranked.acts, ranked.arc_start, ranked.arc_hours, ranked.arc_acts
