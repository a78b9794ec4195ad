-- model: int_outcomes_until
-- grain: one row: the moment up to which outcomes are known
-- reads: int_as_of, stg_outcomes
-- measures: the newest commit (the newest outcome where there are none), and the moment of the report at most, less $lateness_hours hours for what
--   is delivered late. Whose time to land reaches beyond it has no missing outcome yet: that nothing came of the work is not told from that
--   nothing was read
-- innocent: where outcomes are rare the newest one is old, and more is left unjudged than need be. One repository that was read lately hides
--   that another was not; outcome coverage asks for each
-- reference: signals.md S4 (young sessions are censored, not failed); Akidau et al. 2015 (watermark)
-- params: lateness_hours = 72
with newest as (
    select coalesce(max(ts) filter (where kind = 'commit'), max(ts)) as ts from stg_outcomes
),
known as (
    select least(date_part('epoch', int_as_of.as_of), coalesce(date_part('epoch', newest.ts), date_part('epoch', int_as_of.as_of))) as until
    from int_as_of
    cross join newest
)
select arrow_cast(cast(round((until - $lateness_hours * 3600.0) * 1000000.0) as bigint), 'Timestamp(Microsecond, Some("UTC"))') as outcomes_until
from known
