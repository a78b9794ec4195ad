-- model: int_billed_asked
-- grain: one row of int_billed of the days that were asked for
-- reads: int_billed
-- measures: what the three comparisons with the logs look at, and the bounds that were asked for, null where none was: the logs of days at the edges of the
--   bill count too, on which it has no row
-- params: first_day = '', last_day = ''
with asked as (
    select *, cast(nullif($first_day, '') as date) as first_asked, cast(nullif($last_day, '') as date) as last_asked from int_billed
)
select * from asked
where (first_asked is null or period_from >= first_asked) and (last_asked is null or period_from <= last_asked)
