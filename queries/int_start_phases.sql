-- model: int_start_phases
-- grain: one actor and ISO week with declustered starts
-- reads: int_start_windows
-- family: CLOCK
-- measures: of the periods 5, 10, 15, 20, 30 and 60 minutes the one in which the phases of the starts of int_start_windows are least uniform, by the
--   Rayleigh test (one preferred phase) or Kuiper's (any pattern of phases): concentration R, Kuiper's V, and the smaller p of the two times the
--   twelve tests made. Kuiper's p is the series 2 sum (4 j^2 x^2 - 1) exp(-2 j^2 x^2) at x = V (sqrt n + .155 + .24 / sqrt n). The mean phase
--   in seconds after the whole period (of UTC), and the jitter about it: the circular standard deviation tau / 2 pi sqrt(-2 ln R) (Mardia 1972)
-- reference: signals.md S8 (b); Kuiper 1960, Stephens 1970
-- part: person
with phases as (
    select
        actor_id, iso_week, column1 as tau, seconds, (seconds % column1) / column1 as phase,
        row_number() over (partition by actor_id, iso_week, column1 order by seconds % column1) as place,
        cast(count(*) over (partition by actor_id, iso_week, column1) as double) as n,
    from int_start_windows
    cross join (values (300.0), (600.0), (900.0), (1200.0), (1800.0), (3600.0)) as taus
),
statistics as (
    select
        actor_id, iso_week, tau, max(n) as n,
        least(sqrt(power(sum(cos(2 * pi() * phase)), 2) + power(sum(sin(2 * pi() * phase)), 2)) / max(n), 1.0) as concentration,
        max(place / n - phase) + max(phase - (place - 1) / n) as kuiper,
        atan2(sum(sin(2 * pi() * phase)), sum(cos(2 * pi() * phase))) / (2 * pi()) as turn,
    from phases
    group by actor_id, iso_week, tau
),
tested as (
    select
        *,
        exp(sqrt(1 + 4 * n + 4 * n * n * (1 - power(concentration, 2))) - (1 + 2 * n)) as rayleigh_p,
        power(kuiper * (sqrt(n) + 0.155 + 0.24 / sqrt(n)), 2) as square,
    from statistics
),
alternatives as (
    select
        *,
        case when square < 0.64 then 1.0
            else 2 * ((4 * square - 1) * exp(-2 * square) + (16 * square - 1) * exp(-8 * square) + (36 * square - 1) * exp(-18 * square)) end as kuiper_p,
    from tested
),
compared as (
    select
        *, least(1.0, 12 * case when kuiper_p < rayleigh_p then kuiper_p else rayleigh_p end) as p,
        round(log10(case when kuiper_p < 1e-300 or rayleigh_p < 1e-300 then 1e-300 when kuiper_p < rayleigh_p then kuiper_p else rayleigh_p end), 6) as log_p,
        round(concentration, 9) as rounded,
    from alternatives
),
ranked as (
    select *, row_number() over (partition by actor_id, iso_week order by log_p, rounded desc, tau desc) as place from compared
)
select
    actor_id, iso_week, tau, concentration, kuiper, kuiper_p < rayleigh_p as is_kuiper,
    round(tau * (turn - floor(turn)), 1) as phase_seconds, tau / (2 * pi()) * sqrt(-2 * ln(greatest(concentration, 1e-9))) as jitter_seconds,
    case when kuiper_p < rayleigh_p then kuiper else concentration end as strength, p,
from ranked
where place = 1
