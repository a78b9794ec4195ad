-- model: int_start_periods
-- grain: one actor and ISO week whose starts are even or in phase
-- reads: int_starts, int_start_windows, int_start_gaps, int_start_phases
-- family: CLOCK
-- measures: (c) the point-process periodogram |sum over starts of exp(2 pi i f t)|^2 / n over $frequencies frequencies between a period of 12 hours and one
--   of 10 minutes, which is the silence that declustering leaves; week by week, added up over the window (Bartlett 1948): a timer may be set anew
--   each week. Taken off before the square is what the actor's own hourly profile makes: the Fourier transform of an inhomogeneous Poisson process
--   with that rate in its days, the limit of 200 draws of it; what remains has variance n (1 - |phi|^2). The sum z over w weeks is then Gamma(w), the
--   false-alarm probability 1 - (1 - P(Gamma(w) >= z))^$frequencies. Of peaks within $near of the highest the longest period is taken: a sharp clock has one at every fraction
-- innocent: meals, meetings of a day and office hours are in the profile; fewer starts than weeks make the tail lighter, not heavier
-- evasion: exponential timers have no period
-- reference: signals.md S8 (c); Bartlett 1948 and 1963; Scargle 1982 (false-alarm probability)
-- params: frequencies = 2000, alpha = 0.01, least_starts = 30, near = 0.9
-- part: person
with gated as (
    select gaps.actor_id, gaps.iso_week
    from int_start_gaps as gaps
    join int_start_phases as phases on phases.actor_id = gaps.actor_id and phases.iso_week = gaps.iso_week
    where gaps.n >= $least_starts and gaps.actor_id <> '(unassigned)' and gaps.is_on_grid is not true and (gaps.is_even or phases.p <= $alpha)
),
frequencies as (
    select value as place, 2 * pi() * (1.0 / 43200 + (1.0 / 600 - 1.0 / 43200) * value / ($frequencies - 1)) as omega from range(0, 10000) where value < $frequencies
),
windows as (
    select starts.actor_id, starts.iso_week, starts.own_week, starts.local_seconds
    from int_start_windows as starts
    join gated on gated.actor_id = starts.actor_id and gated.iso_week = starts.iso_week
),
profiles as (
    select actor_id, floor(local_seconds % 86400 / 3600) as hour, count(*) as starts
    from int_starts where is_on_grid is not true and actor_id in (select actor_id from gated) group by actor_id, floor(local_seconds % 86400 / 3600)
),
profile_waves as (
    select
        actor_id, place, omega,
        sum(starts * cos(omega * (3600 * hour + 1800))) / sum(starts) * sin(1800 * omega) / (1800 * omega) as re,
        sum(starts * sin(omega * (3600 * hour + 1800))) / sum(starts) * sin(1800 * omega) / (1800 * omega) as im,
    from profiles cross join frequencies
    group by actor_id, place, omega
),
starts as (
    select distinct actor_id, own_week, local_seconds, local_seconds - local_seconds % 86400 as midnight from windows
),
week_waves as (
    select
        starts.actor_id, own_week, place, count(*) as starts,
        (power(sum(cos(omega * local_seconds) - re * cos(omega * midnight) + im * sin(omega * midnight)), 2)
            + power(sum(sin(omega * local_seconds) - re * sin(omega * midnight) - im * cos(omega * midnight)), 2))
            / (count(*) * greatest(1 - max(re * re + im * im), 0.1)) as power,
    from starts
    join profile_waves as waves on waves.actor_id = starts.actor_id
    group by starts.actor_id, own_week, place
),
powers as (
    select weeks.actor_id, weeks.iso_week, week_waves.place, count(*) as weeks, sum(week_waves.starts) as starts, sum(week_waves.power) as power
    from (select distinct actor_id, iso_week, own_week from windows) as weeks
    join week_waves on week_waves.actor_id = weeks.actor_id and week_waves.own_week = weeks.own_week
    group by weeks.actor_id, weeks.iso_week, week_waves.place
),
peaks as (
    select *, max(power) over (partition by actor_id, iso_week) as highest, lag(power) over along as longer, lead(power) over along as shorter
    from powers window along as (partition by actor_id, iso_week order by place)
),
highest as (
    select *, row_number() over (partition by actor_id, iso_week order by place) as choice
    from peaks where power >= $near * highest and power >= coalesce(longer, 0) and power >= coalesce(shorter, 0)
),
tails as (
    select highest.actor_id, highest.iso_week, sum(exp(terms.value * ln(power) - power - coalesce(ln(factorial(terms.value)), 0.0))) as p
    from highest
    join range(0, 20) as terms on terms.value < highest.weeks
    where highest.choice = 1 group by highest.actor_id, highest.iso_week
)
select
    highest.actor_id, highest.iso_week, 2 * pi() / frequencies.omega as period_seconds, highest.weeks, highest.power,
    least(sqrt(highest.power / highest.starts), 1.0) as strength, case when tails.p < 1e-9 then $frequencies * tails.p else 1 - power(1 - least(tails.p, 1.0), $frequencies) end as p,
from highest
join tails on tails.actor_id = highest.actor_id and tails.iso_week = highest.iso_week
join frequencies on frequencies.place = highest.place where highest.choice = 1
