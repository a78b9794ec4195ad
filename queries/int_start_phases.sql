-- model: int_start_phases
-- grain: one actor and ISO week with declustered starts
-- reads: int_starts
-- family: CLOCK
-- measures: the period among 5, 10, 15, 20, 30 and 60 minutes at which the starts are most concentrated in phase, the concentration R, and
--   the Rayleigh p of it times the six periods looked at
-- reference: signals.md S8 (b)
with phases as (
    select
        actor_id, iso_week, column1 as tau, cast(count(*) as double) as n,
        sqrt(power(sum(cos(2 * pi() * seconds / column1)), 2) + power(sum(sin(2 * pi() * seconds / column1)), 2)) / count(*) as concentration,
    from int_starts
    cross join (values (300.0), (600.0), (900.0), (1200.0), (1800.0), (3600.0)) as taus
    group by actor_id, iso_week, column1
),
tested as (
    select
        actor_id, iso_week, tau, least(concentration, 1.0) as concentration,
        least(1.0, 6 * exp(sqrt(1 + 4 * n + 4 * n * n * (1 - power(least(concentration, 1.0), 2))) - (1 + 2 * n))) as p,
        row_number() over (partition by actor_id, iso_week order by round(concentration, 9) desc, tau desc) as place,
    from phases
)
select actor_id, iso_week, tau, concentration, p from tested where place = 1
