-- model: stg_events
-- grain: one event
-- reads: events
select * from events
