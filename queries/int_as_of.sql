-- model: int_as_of
-- grain: one row: the moment at which the report is made
-- reads: stg_events
-- measures: $as_of, or the last event when it is empty; horizons that end after it are not over, and what is not over is not judged
-- reference: signals.md S4 (young sessions are censored, not failed)
-- params: as_of = ''
select coalesce(cast(nullif($as_of, '') as timestamp with time zone), max(ts)) as as_of from stg_events
