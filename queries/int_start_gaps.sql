-- model: int_start_gaps
-- grain: one actor and ISO week with declustered starts
-- reads: int_start_windows, int_clock_grids
-- family: CLOCK
-- measures: what the gaps between the starts of int_start_windows say: (a) burstiness B_n of the gaps under $quiet_hours hours, the silence that
--   declustering forces taken off, and whether it lies under its Poisson 1st percentile -1.25/sqrt(n); (d) the longest time without a quiet arc
--   of $quiet_hours hours; (e) the correlation of ln(gap) with what there was to read and type, and 90 % limits by Fisher's z
-- reference: signals.md S8 (a), (d), (e); Goh and Barabasi 2008; Kim and Jo 2016
-- params: quiet_hours = 5, awake_hours = 30, silence_min = 10, human_correlation = 0.3
-- part: person
with starts as (
    select
        *,
        sum(case when gap_seconds < $quiet_hours * 3600.0 then 0 else 1 end) over (partition by actor_id, iso_week order by seconds) as stretch,
    from int_start_windows
),
awake as (
    select actor_id, iso_week, max(hours) as awake_hours
    from (select actor_id, iso_week, (max(seconds) - min(seconds)) / 3600 as hours from starts group by actor_id, iso_week, stretch)
    group by actor_id, iso_week
),
gaps as (
    select
        starts.actor_id, iso_week, count(*) as n, count(distinct local_day) as days, count(distinct own_week) as weeks, bool_or(grids.is_on_grid) as is_on_grid,
        cast(count(*) filter (where gap_seconds < $quiet_hours * 3600.0) as double) as short_gaps,
        stddev_pop(gap_seconds) filter (where gap_seconds < $quiet_hours * 3600.0)
            / greatest(avg(gap_seconds) filter (where gap_seconds < $quiet_hours * 3600.0) - $silence_min * 60.0, 1.0) as variation,
        corr(ln(gap_seconds), ln(1.0 + effort)) filter (where gap_seconds < $quiet_hours * 3600.0) as think_time,
    from starts
    left join int_clock_grids as grids on grids.client_name = starts.client_name
    group by starts.actor_id, iso_week
),
measured as (
    select
        gaps.*, awake.awake_hours,
        (sqrt(short_gaps + 2) * variation - sqrt(short_gaps)) / ((sqrt(short_gaps + 2) - 2) * variation + sqrt(short_gaps)) as burstiness,
        least(greatest(case when not isnan(think_time) then think_time end, -0.999), 0.999) as correlation,
    from gaps
    join awake on awake.actor_id = gaps.actor_id and awake.iso_week = gaps.iso_week
)
select
    actor_id, iso_week, n, days, weeks, is_on_grid, burstiness, awake_hours, correlation,
    coalesce(burstiness <= -1.25 / sqrt(n), false) as is_even,
    awake_hours >= $awake_hours as is_sleepless,
    coalesce(atanh(correlation) + 1.645 / sqrt(greatest(short_gaps - 3, 1.0)) < atanh($human_correlation), false) as is_thoughtless,
    coalesce(atanh(correlation) - 1.645 / sqrt(greatest(short_gaps - 3, 1.0)) > atanh($human_correlation), false) as is_thoughtful,
from measured
