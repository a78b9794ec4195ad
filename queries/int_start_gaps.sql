-- model: int_start_gaps
-- grain: one actor and ISO week with declustered starts
-- reads: int_start_windows, int_machine_series
-- family: CLOCK
-- measures: what the gaps between the starts of int_start_windows say: (a) burstiness B_n of the gaps under $quiet_hours hours, the silence that
--   declustering forces taken off, and whether it lies under its Poisson 1st percentile -1.25/sqrt(n) for n gaps. Their variation is 1 in a Poisson
--   process, but less when they are cut: an exponential cut at T, the quiet hours less the silence, of mean m T has 1 - 2 m = L(x) = coth x - 1/x, where x is
--   half the rate times T, and the variation sqrt(L'(x)) / (1 - L(x)), L'(x) = 1 + 1/x^2 - coth^2 x: 1 for short gaps, .58 where all lengths are alike. By that the
--   variation is divided; x = y (3 - y^2) / (1 - y^2), y = 1 - 2 m, is the inverse of L within 5 %, the variation then right within .006.
--   One gap of hours among sixty of twelve minutes makes a timer bursty, so starts of which int_machine_series says that their gaps are constant are even too, whatever
--   the rest of the week, and gaps that are constant follow nothing.
--   (d) the longest time without a quiet arc of $quiet_hours hours; (e) the correlation of ln(gap) with what there was to read and type where the log
--   says it, null where it has none, and 90 % limits by Fisher's z
-- reference: signals.md S8 (a), (d), (e); Goh and Barabasi 2008; Kim and Jo 2016; Cohen 1991 (inverse of the Langevin function)
-- params: quiet_hours = 5, awake_hours = 30, silence_min = 10, human_correlation = 0.3, constant_share = 0.8
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
        actor_id, iso_week, count(*) as n, count(distinct local_day) as days, count(distinct own_week) as weeks, bool_or(is_on_grid) as is_on_grid,
        cast(count(*) filter (where gap_seconds < $quiet_hours * 3600.0) as double) as short_gaps,
        cast(count(effort) filter (where gap_seconds < $quiet_hours * 3600.0) as double) as efforts,
        stddev_pop(gap_seconds) filter (where gap_seconds < $quiet_hours * 3600.0) as deviation,
        greatest(avg(gap_seconds) filter (where gap_seconds < $quiet_hours * 3600.0) - $silence_min * 60.0, 1.0) as excess,
        corr(ln(gap_seconds), ln(1.0 + effort)) filter (where gap_seconds < $quiet_hours * 3600.0) as think_time,
        stddev_pop(ln(1.0 + effort)) filter (where gap_seconds < $quiet_hours * 3600.0) as effort_spread,
        stddev_pop(ln(gap_seconds)) filter (where gap_seconds < $quiet_hours * 3600.0 and effort is not null) as gap_spread,
    from starts
    group by actor_id, iso_week
),
cut as (
    select *, 1 - 2 * excess / ($quiet_hours * 3600.0 - $silence_min * 60.0) as y from gaps
),
inverted as ( -- at 0 the terms of L' have no bound
    select *, case when abs(y) < 0.001 then 0.003 else y * (3 - y * y) / (1 - y * y) end as x from cut
),
varied as (
    select *, deviation / excess * (1 + 1 / x - 1 / tanh(x)) / sqrt(1 + 1 / (x * x) - power(1 / tanh(x), 2)) as variation from inverted
),
constant as (
    select actor_id, iso_week, max(constant_share) as constant_share
    from int_machine_series where series is null and constant_share >= $constant_share group by actor_id, iso_week
),
measured as (
    select
        varied.*, awake.awake_hours,
        (sqrt(short_gaps + 2) * variation - sqrt(short_gaps)) / ((sqrt(short_gaps + 2) - 2) * variation + sqrt(short_gaps)) as burstiness,
        -- Of equal efforts nothing can be told; equal gaps follow none.
        case when effort_spread > 1e-9 then case when gap_spread > 1e-9 then least(greatest(think_time, -0.999), 0.999) else 0.0 end end as correlation,
    from varied
    join awake on awake.actor_id = varied.actor_id and awake.iso_week = varied.iso_week
)
select
    measured.actor_id, measured.iso_week, n, days, weeks, is_on_grid, burstiness, awake_hours, correlation, constant_share,
    case when burstiness <= -1.25 / sqrt(short_gaps) then least(-burstiness, 1.0) else coalesce(constant_share, 0.0) end as evenness,
    coalesce(burstiness <= -1.25 / sqrt(short_gaps), false) or constant_share is not null as is_even,
    awake_hours >= $awake_hours as is_sleepless,
    coalesce(atanh(correlation) + 1.645 / sqrt(greatest(efforts - 3, 1.0)) < atanh($human_correlation), false) as is_thoughtless,
    coalesce(atanh(correlation) - 1.645 / sqrt(greatest(efforts - 3, 1.0)) > atanh($human_correlation), false) and constant_share is null as is_thoughtful,
from measured
left join constant on constant.actor_id = measured.actor_id and constant.iso_week = measured.iso_week
