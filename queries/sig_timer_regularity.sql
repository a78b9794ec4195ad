-- model: sig_timer_regularity
-- grain: one actor and ISO week with declustered starts
-- reads: int_starts, int_start_phases, int_clock_grids
-- family: CLOCK
-- measures: a quarter of the summed strengths of those of four tests that agree: (a) burstiness B_n of the gaps under $quiet_hours hours, the silence that
--   declustering forces taken off, under its Poisson 1st percentile -1.25/sqrt(n); (b) the smaller of the Rayleigh and Kuiper p at 5, 10, 15, 20, 30 and
--   60 minutes, times twelve, under $alpha; (d) no quiet arc of $quiet_hours hours for $awake_hours hours on end; (e) gaps that do not follow what there was to read and type
-- suggests: a machine clock behind starts that are labelled human
-- innocent: declared schedules are not labelled human; daily meetings are periods of a day, which no test here looks at; keep-alive pings
--   collapse when declustered, automatic continues are dropped; gaps that do follow the reading and typing discount by $thoughtful
-- abstains: fewer than $min_starts starts or $min_days days; a client whose times stand on a grid; fewer than two tests agree
-- evasion: exponential timers beat (a) and (b), and meet (d) and (e); wide jitter beats (b) only
-- reference: signals.md S8; Goh and Barabasi 2008; Kim and Jo 2016
-- params: min_starts = 30, min_days = 3, alpha = 0.01, quiet_hours = 5, awake_hours = 30, silence_min = 10, human_correlation = 0.3, thoughtful = 0.2
with starts as (
    select
        *,
        sum(case when gap_seconds < $quiet_hours * 3600.0 then 0 else 1 end) over (partition by actor_id, iso_week order by seconds) as stretch,
    from int_starts
),
awake as (
    select actor_id, iso_week, max(hours) as awake_hours
    from (select actor_id, iso_week, (max(seconds) - min(seconds)) / 3600 as hours from starts group by actor_id, iso_week, stretch) group by actor_id, iso_week
),
gaps as (
    select
        starts.actor_id, iso_week, count(*) as n, count(distinct local_day) as days, bool_or(grids.is_on_grid) as is_on_grid,
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
        gaps.*, awake.awake_hours, phases.tau, phases.concentration, phases.kuiper, phases.strength, phases.p,
        (sqrt(short_gaps + 2) * variation - sqrt(short_gaps)) / ((sqrt(short_gaps + 2) - 2) * variation + sqrt(short_gaps)) as burstiness,
        least(greatest(case when not isnan(think_time) then think_time end, -0.999), 0.999) as correlation,
    from gaps
    join int_start_phases as phases on phases.actor_id = gaps.actor_id and phases.iso_week = gaps.iso_week join awake on awake.actor_id = gaps.actor_id and awake.iso_week = gaps.iso_week
),
tested as (
    select
        *,
        coalesce(burstiness <= -1.25 / sqrt(n), false) as is_even,
        p <= $alpha as is_in_phase,
        awake_hours >= $awake_hours as is_sleepless,
        coalesce(atanh(correlation) + 1.645 / sqrt(greatest(short_gaps - 3, 1.0)) < atanh($human_correlation), false) as is_thoughtless,
        coalesce(atanh(correlation) - 1.645 / sqrt(greatest(short_gaps - 3, 1.0)) > atanh($human_correlation), false) as is_thoughtful,
    from measured
),
judged as (
    select
        *,
        cast(is_even as int) + cast(is_in_phase as int) + cast(is_sleepless as int) + cast(is_thoughtless as int) as agreeing,
        case
            when actor_id = '(unassigned)' then 'actor unknown'
            when n < $min_starts then concat('fewer than ', $min_starts, ' starts')
            when days < $min_days then concat('starts on fewer than ', $min_days, ' days')
            when is_on_grid then 'the telemetry of the client stands on a grid'
            when cast(is_even as int) + cast(is_in_phase as int) + cast(is_sleepless as int) + cast(is_thoughtless as int) < 2 then 'fewer than two clock tests agree'
        end as abstain_reason,
    from tested
)
select
    'actor_week' as scope, concat(actor_id, '/', iso_week) as unit_id, actor_id, iso_week,
    case when abstain_reason is null then round((
        case when is_even then least(-burstiness, 1.0) else 0.0 end + case when is_in_phase then strength else 0.0 end
        + case when is_sleepless then 1.0 - $awake_hours / (2 * awake_hours) else 0.0 end
        + case when is_thoughtless then 1.0 - greatest(correlation, 0.0) else 0.0 end) / 4, 9) when starts_with(abstain_reason, 'fewer than') or starts_with(abstain_reason, 'starts on') then 0.0 end as value,
    n, case when abstain_reason is null then 'speak' else 'abstain' end as status, abstain_reason, case when is_thoughtful then $thoughtful else 1.0 end as discount, 0.0 as exculpation_db,
    concat('{"starts":', n, ',"days":', days, ',"burstiness":', coalesce(cast(round(burstiness, 4) as varchar), 'null'), ',"even":', is_even,
        ',"period_minutes":', tau / 60, ',"concentration":', round(concentration, 4), ',"kuiper":', round(kuiper, 4), ',"minus_log10_p":', coalesce(cast(round(-log10(greatest(p, 1e-300)), 2) as varchar), 'null'), ',"in_phase":', is_in_phase,
        ',"awake_hours":', round(awake_hours, 2), ',"sleepless":', is_sleepless,
        ',"think_time":', coalesce(cast(round(correlation, 4) as varchar), 'null'), ',"thoughtless":', is_thoughtless, ',"discounts":[',
        case when is_thoughtful then concat('{"why":"gaps follow what there was to read and type","factor":', $thoughtful, '}') else '' end, ']}') as evidence,
from judged
