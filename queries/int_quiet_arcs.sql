-- model: int_quiet_arcs
-- grain: one actor and ISO week with at least $min_weeks prompting weeks among the eight before it
-- reads: int_prompts, fct_sessions, stg_outcomes
-- family: CLOCK
-- measures: the actor's own quiet arc: the longest run of 6 to 12 hours of the local clock that holds at most $quiet_share of the human
--   prompts and authored outcomes of the eight weeks before; and what this week put into it
-- innocent: prompts of declared automation are nobody's
-- reference: signals.md S9; Claes et al. 2018 (baselines must be individual)
-- params: min_weeks = 4, quiet_share = 0.02
-- part: person
with acts as (
    select actor_id, local_ts, 1 as prompts, 0 as outcomes
    from int_prompts
    where not exists (select 1 from fct_sessions where fct_sessions.session_id = int_prompts.session_id and fct_sessions.declared)
    union all
    select actor_id, local_ts, 0 as prompts, 1 as outcomes from stg_outcomes where actor_id in (select actor_id from int_prompts)
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
-- Acts before each hour of a day and a half, so that an arc is a difference of two of them.
running as (
    select
        baselines.actor_id, baselines.week, baselines.weeks, baselines.acts, clock.value as hour,
        coalesce(sum(coalesce(earlier.acts, 0)) over (
            partition by baselines.actor_id, baselines.week order by clock.value rows between unbounded preceding and 1 preceding
        ), 0) as acts_before,
    from baselines
    cross join range(0, 36) as clock
    left join earlier on earlier.actor_id = baselines.actor_id and earlier.week = baselines.week and earlier.hour = clock.value % 24
),
arcs as (
    select
        starts.actor_id, starts.week, starts.weeks, starts.acts, starts.hour as arc_start, ends.hour - starts.hour as arc_hours,
        ends.acts_before - starts.acts_before as arc_acts,
    from running as starts
    join running as ends on ends.actor_id = starts.actor_id and ends.week = starts.week
    where starts.hour < 24 and ends.hour - starts.hour between 6 and 12
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
