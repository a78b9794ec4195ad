-- model: int_new_hires
-- grain: one session of an actor in their first $days days on the roster
-- reads: fct_sessions, actors
-- measures: which sessions the look-alike register treats as learning. Who stands on no roster, or has no first day there, is not known to be new
-- innocent: repeated questions, work that is thrown away and the largest model for a small question are how people learn a tool
-- reference: signals.md look-alike register (learning, onboarding: tenure under 60 days)
-- params: days = 60
select sessions.session_id, sessions.actor_id, sessions.iso_week
from fct_sessions as sessions
join actors on actors.actor_id = sessions.actor_id
where sessions.local_day between actors.active_from and actors.active_from + ($days - 1)
