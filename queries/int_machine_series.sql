-- model: int_machine_series
-- grain: one actor, ISO week and series of starts that follow a fixed period
-- reads: stg_events, fct_sessions, int_clock_grids, int_unprompted_clients
-- family: CLOCK
-- measures: prompts labelled human or unknown, or responses where there are none (int_unprompted_clients), first after a minute of silence in their series; a series is everything of the actor's week,
--   or one masked text of it. Fixed: $starts starts or more, and either $constant_share of the gaps within 5 % (at least 15 seconds) of
--   the median gap of two minutes or more, or phases concentrated with R >= $concentration in as many turns of one of six periods from 5 to 60 minutes:
--   several prompts of one sitting are one turn
-- innocent: sessions of a declared automation leave, and so do prompts of clients whose times stand on a grid
-- reference: signals.md S8
-- params: starts = 10, constant_share = 0.8, concentration = 0.95
-- part: person
with declared as (
    select session_id from fct_sessions where declared
),
prompts as (
    select stg_events.actor_id, iso_week, root_session_id as session_id, date_part('epoch', ts) as seconds, ts, case when kind = 'prompt' then masked_hash end as masked_hash
    from stg_events
    left join declared on declared.session_id = stg_events.root_session_id
    left join int_clock_grids as grids on grids.client_name is not distinct from split_part(client, '/', 1)
    left join int_unprompted_clients as unprompted on unprompted.actor_id = stg_events.actor_id and unprompted.client_name = coalesce(split_part(client, '/', 1), '')
    where declared.session_id is null and grids.is_on_grid is not true and (kind = 'prompt' or kind = 'completion' and unprompted.actor_id is not null) and trigger in ('human', 'unknown') and actor_kind = 'person'
        and coalesce(marker, '') not in ('continue', 'retry', 'interrupt')
),
frequent as (select actor_id, iso_week, masked_hash from prompts where masked_hash is not null group by actor_id, iso_week, masked_hash having count(*) >= $starts),
members as (
    select
        prompts.*, unnest(case when frequent.masked_hash is null then [cast(0 as bigint)] else [cast(0 as bigint), prompts.masked_hash] end) as series
    from prompts
    left join frequent on frequent.actor_id = prompts.actor_id and frequent.iso_week = prompts.iso_week and frequent.masked_hash = prompts.masked_hash
),
silences as (
    select *, seconds - lag(seconds) over (partition by actor_id, iso_week, series order by seconds) as silence from members
),
gaps as (
    select
        *,
        seconds - lag(seconds) over (partition by actor_id, iso_week, series order by seconds) as gap,
        count(*) over (partition by actor_id, iso_week, series) as series_starts,
    from silences
    where silence is null or silence >= 60
),
starts as (
    select *, median(gap) over (partition by actor_id, iso_week, series) as median_gap from gaps where series_starts >= $starts
),
evenness as (
    select
        actor_id, iso_week, series, count(*) as starts, min(ts) as first_at, max(ts) as last_at, max(median_gap) as median_gap,
        avg(case when gap is not null then cast(abs(gap - median_gap) <= greatest(15.0, 0.05 * median_gap) as double) end) as constant_share,
    from starts
    group by actor_id, iso_week, series
),
-- By itself: a distinct count beside other aggregates keeps some 10 KB for each group.
sittings as (select actor_id, iso_week, series, count(distinct session_id) as sessions from starts group by actor_id, iso_week, series),
phases as (
    select
        actor_id, iso_week, series, column1 as tau,
        sqrt(power(sum(cos(2 * pi() * seconds / column1)), 2) + power(sum(sin(2 * pi() * seconds / column1)), 2)) / count(*) as concentration,
        count(distinct floor(seconds / column1)) as cycles,
    from starts
    cross join (values (300.0), (600.0), (900.0), (1200.0), (1800.0), (3600.0)) as taus
    group by actor_id, iso_week, series, column1
),
best as (
    select *, row_number() over (partition by actor_id, iso_week, series order by round(concentration, 9) desc, tau desc) as place from phases
),
fixed as (
    select evenness.*, best.tau, best.concentration, constant_share >= $constant_share and median_gap >= 120 as is_constant
    from evenness
    join best on best.actor_id = evenness.actor_id and best.iso_week = evenness.iso_week
        and best.series = evenness.series and best.place = 1
    where constant_share >= $constant_share and median_gap >= 120 or best.concentration >= $concentration and best.cycles >= $starts
)
select
    fixed.actor_id, fixed.iso_week, nullif(fixed.series, 0) as series, fixed.starts, sittings.sessions, fixed.first_at, fixed.last_at, fixed.constant_share,
    fixed.concentration, case when fixed.is_constant then fixed.median_gap else fixed.tau end / 60 as period_minutes, starts.session_id, starts.ts,
from fixed
join sittings on sittings.actor_id = fixed.actor_id and sittings.iso_week = fixed.iso_week and sittings.series = fixed.series
join starts on starts.actor_id = fixed.actor_id and starts.iso_week = fixed.iso_week and starts.series = fixed.series
