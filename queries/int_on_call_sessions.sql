-- model: int_on_call_sessions
-- grain: one session that overlaps an on-call or incident window of its actor
-- reads: fct_sessions, calendar
-- measures: which sessions the look-alike register discounts as on-call work
-- reference: signals.md look-alike register
select distinct sessions.session_id, sessions.actor_id, sessions.iso_week
from fct_sessions as sessions
join calendar on calendar.actor_id = sessions.actor_id
where calendar.kind in ('on_call', 'incident') and sessions.started_at < calendar.to_ts and sessions.ended_at >= calendar.from_ts
