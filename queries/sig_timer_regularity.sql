-- model: sig_timer_regularity
-- grain: one actor and ISO week with declustered starts
-- reads: int_start_gaps, int_start_phases, int_start_periods
-- family: CLOCK
-- measures: a fifth of the summed strengths of those of five tests that agree: (a) burstiness B_n of the gaps under 5 hours, the silence that
--   declustering forces and what the cut makes even taken off, under its Poisson 1st percentile -1.25/sqrt(n), or four of five gaps within 5 % of the median one (int_machine_series); (b) the smaller of the Rayleigh and Kuiper p at 5, 10, 15, 20, 30 and
--   60 minutes, times twelve, under $alpha; (c) the highest peak of the periodogram between 10 minutes and 12 hours, what the own hourly profile makes taken
--   off, with a false-alarm probability under $alpha, looked for where (a) or (b) agrees; (d) no quiet arc of 5 hours for 30 hours on end; (e) gaps that
--   do not follow what there was to read and type, where that is known. A week of fewer than $min_starts starts is read with the weeks before it, twelve at most,
--   and then (b) or (c) is one of the two, with p times the weeks: a start stands in as many windows
-- suggests: a machine clock behind starts that are labelled human, or that no log labels
-- innocent: declared schedules are labelled so, and leave; daily meetings are periods of a day, which no test here looks at; keep-alive pings
--   collapse when declustered, automatic continues are dropped; gaps that do follow the reading and typing discount by $thoughtful
-- abstains: fewer than $min_starts starts or $min_days days in twelve weeks; clients whose times stand on a grid, where nothing else was used in the week; fewer than two tests agree
-- evasion: exponential timers beat (a), (b) and (c), and meet (d) and (e); wide jitter beats (b) and (c) only; prompts through a client whose times are
--   rounded are left out, and the others read
-- reference: signals.md S8; Goh and Barabasi 2008; Kim and Jo 2016; Kuiper 1960; Stephens 1970; Bartlett 1963; Scargle 1982
-- params: min_starts = 30, min_days = 3, alpha = 0.001, thoughtful = 0.2
with tested as (
    select
        gaps.*, phases.tau, phases.concentration, phases.kuiper, phases.strength, phases.p, phases.phase_seconds, phases.jitter_seconds,
        least(1.0, phases.p * gaps.weeks) <= $alpha as is_in_phase,
        periods.period_seconds, periods.strength as periodicity, periods.p as period_p, coalesce(periods.p * gaps.weeks <= $alpha, false) as is_periodic,
    from int_start_gaps as gaps
    join int_start_phases as phases on phases.actor_id = gaps.actor_id and phases.iso_week = gaps.iso_week
    left join int_start_periods as periods on periods.actor_id = gaps.actor_id and periods.iso_week = gaps.iso_week
),
counted as (
    select
        *,
        cast(is_even as int) + cast(is_in_phase as int) + cast(is_periodic as int) + cast(is_sleepless as int) + cast(is_thoughtless as int) as agreeing,
    from tested
),
judged as (
    select
        *,
        case
            when actor_id = '(unassigned)' then 'actor unknown'
            when n < $min_starts then concat('fewer than ', $min_starts, ' starts')
            when days < $min_days then concat('starts on fewer than ', $min_days, ' days')
            when is_on_grid then 'the telemetry of the client stands on a grid'
            when agreeing < 2 or weeks > 1 and not is_in_phase and not is_periodic then 'fewer than two clock tests agree'
        end as abstain_reason,
    from counted
)
select
    'actor_week' as scope, concat(actor_id, '/', iso_week) as unit_id, actor_id, iso_week,
    case when abstain_reason is null then round((
        evenness + case when is_in_phase then strength else 0.0 end
        + case when is_periodic then periodicity else 0.0 end + case when is_sleepless then 1.0 - 15.0 / awake_hours else 0.0 end
        + case when is_thoughtless then 1.0 - greatest(correlation, 0.0) else 0.0 end) / 5, 9) when starts_with(abstain_reason, 'fewer than') or starts_with(abstain_reason, 'starts on') then 0.0 end as value,
    n, case when abstain_reason is null then 'speak' else 'abstain' end as status, abstain_reason, case when is_thoughtful then $thoughtful else 1.0 end as discount, 0.0 as exculpation_db,
    concat('{"starts":', n, ',"days":', days, ',"weeks":', weeks, ',"burstiness":', coalesce(cast(round(burstiness, 4) as varchar), 'null'), case when constant_share is not null then concat(',"constant_share":', round(constant_share, 4)) else '' end, ',"even":', is_even,
        ',"period_minutes":', tau / 60, ',"phase_minutes":', round(phase_seconds / 60, 1), ',"jitter_seconds":', round(jitter_seconds), ',"concentration":', round(concentration, 4), ',"kuiper":', round(kuiper, 4),
        ',"minus_log10_p":', coalesce(cast(round(-log10(greatest(p, 1e-300)), 2) as varchar), 'null'), ',"in_phase":', is_in_phase,
        ',"periodogram_minutes":', coalesce(cast(round(period_seconds / 60, 1) as varchar), 'null'), ',"periodogram_minus_log10_p":', coalesce(cast(round(-log10(case when period_p < 1e-300 then 1e-300 else period_p end), 2) as varchar), 'null'), ',"periodic":', is_periodic,
        ',"awake_hours":', round(awake_hours, 2), ',"sleepless":', is_sleepless,
        ',"think_time":', coalesce(cast(round(correlation, 4) as varchar), 'null'), ',"thoughtless":', is_thoughtless, ',"discounts":[',
        case when is_thoughtful then concat('{"why":"gaps follow what there was to read and type","factor":', $thoughtful, '}') else '' end, ']}') as evidence,
from judged
