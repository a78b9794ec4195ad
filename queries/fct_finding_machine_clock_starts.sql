-- model: fct_finding_machine_clock_starts
-- grain: one root session with starts of a series that follows a fixed period
-- reads: int_machine_series, stg_events
-- measures: the longest such series that the session takes part in. count is of the series; tokens and cost are of what the session ran
--   after its own starts of the series, so that rows can be added up
-- suggests: a timer that starts what is labelled human, or that the log does not label
-- innocent: a schedule that was never declared: declare it under [[automation]]; a meeting or lecture with a fixed rhythm
-- reference: signals.md S8
-- part: person
with series as (
    select
        session_id, actor_id, iso_week, series, starts, sessions, first_at, last_at, period_minutes, constant_share, concentration,
        count(*) as starts_here, min(ts) as first_here_at,
        row_number() over (partition by session_id order by starts desc, iso_week, series) as place,
    from int_machine_series
    group by session_id, actor_id, iso_week, series, starts, sessions, first_at, last_at, period_minutes, constant_share, concentration
),
longest as (
    select * from series where place = 1
),
spent as (
    select longest.session_id, sum(events.tokens) as tokens, sum(events.cost_usd) as cost_usd
    from longest
    join stg_events as events on events.root_session_id = longest.session_id and events.ts >= longest.first_here_at
    group by longest.session_id
)
select
    longest.session_id, 'machine_clock_starts' as finding, longest.starts as count, spent.tokens, spent.cost_usd, longest.first_at, longest.last_at,
    concat('{"why":"', longest.starts, ' starts follow a period of ', round(longest.period_minutes, 1), ' minutes","starts_in_session":', longest.starts_here,
        ',"sessions":', longest.sessions, ',"same_text":', longest.series is not null, ',"constant_share":', coalesce(round(longest.constant_share, 4), 0.0),
        ',"concentration":', round(longest.concentration, 4), ',"innocent":["a schedule that was never declared","a meeting with a fixed rhythm"]}') as evidence,
from longest
left join spent on spent.session_id = longest.session_id
