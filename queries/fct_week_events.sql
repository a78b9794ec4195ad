-- model: fct_week_events
-- grain: one kind of calendar entry that concerns everybody, and ISO week
-- reads: calendar, fct_actor_weeks
-- measures: the share of the week's seven days, UTC, that entries of the kind cover; a client change is one row, the week from which it
--   holds. incentive_break takes these out
-- reference: signals.md P2, event calendar
with entries as (
    select kind, from_ts, to_ts from calendar where actor_id is null
),
weeks as (
    select
        iso_week,
        date_trunc('week', make_date(cast(substr(iso_week, 1, 4) as int), 1, 4)) as first_monday,
        cast(substr(iso_week, 7, 2) as int) as week_number,
    from fct_actor_weeks
    group by iso_week
),
begun as (
    select iso_week, arrow_cast(cast(first_monday as timestamp), 'Int64') / 1000 + (week_number - 1) * 604800000000 as week_us from weeks
),
bounded as (
    select kind, arrow_cast(from_ts, 'Int64') as from_us, arrow_cast(to_ts, 'Int64') as to_us from entries
),
covered as (
    select
        bounded.kind,
        begun.iso_week,
        greatest(0, least(bounded.to_us, begun.week_us + 604800000000) - greatest(bounded.from_us, begun.week_us)) as covered_us,
    from bounded
    cross join begun
    where bounded.kind <> 'client_change'
)
select kind, iso_week, least(1.0, sum(covered_us) / 604800000000.0) as share
from covered
where covered_us > 0
group by kind, iso_week
union all
select distinct bounded.kind, begun.iso_week, cast(1.0 as double) as share
from bounded
inner join begun on bounded.from_us >= begun.week_us and bounded.from_us < begun.week_us + 604800000000
where bounded.kind = 'client_change'
