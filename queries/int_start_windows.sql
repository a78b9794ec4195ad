-- model: int_start_windows
-- grain: one actor and ISO week with declustered starts, and one start that the reading of this week is of
-- reads: int_starts
-- family: CLOCK
-- measures: the starts of the week; where they are fewer than $starts, those of the weeks before it as well, one after the other until there
--   are as many, $longest_weeks weeks at most. A timer of a few starts a week is a timer, and a test needs $starts starts to say so. own_week is the
--   week that the start is of: gaps do not reach from week to week. Starts of clients whose times stand on a grid are read only in weeks that have no others: one
--   prompt through such a client would silence the clock of a week
-- reference: signals.md S8 (n >= 30 declustered events)
-- params: starts = 30, longest_weeks = 12
-- part: person
with starts as (
    select *, cast(date_trunc('week', local_day) as date) as own_week from int_starts
),
weeks as (
    select
        actor_id, is_on_grid, iso_week, min(own_week) as own_week, count(*) as starts,
        bool_and(is_on_grid) over (partition by actor_id, iso_week) as is_only_grid,
    from starts
    group by actor_id, is_on_grid, iso_week
),
reached as (
    select
        weeks.actor_id, weeks.is_on_grid, weeks.iso_week, earlier.own_week,
        sum(earlier.starts) over (partition by weeks.actor_id, weeks.own_week order by earlier.own_week desc) - earlier.starts as later_starts,
    from weeks
    join weeks as earlier
        on earlier.actor_id = weeks.actor_id and earlier.is_on_grid = weeks.is_on_grid and earlier.own_week between weeks.own_week - cast(7 * ($longest_weeks - 1) as int) and weeks.own_week
    where weeks.is_on_grid = weeks.is_only_grid
)
select
    reached.actor_id, reached.iso_week, starts.own_week, starts.local_day, starts.local_seconds, starts.is_on_grid, starts.seconds, starts.gap_seconds, starts.effort,
from reached
join starts on starts.actor_id = reached.actor_id and starts.is_on_grid = reached.is_on_grid and starts.own_week = reached.own_week
where reached.later_starts < $starts
