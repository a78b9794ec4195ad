-- model: int_learning_sessions
-- grain: one session of an actor in their first $days days on the roster, or in a training window of the calendar
-- reads: fct_sessions, actors, calendar
-- measures: which sessions the look-alike register treats as learning, and why. Who stands on no roster, or has no first day there, is not known to be new
-- innocent: repeated questions, exercises, work that is thrown away and the largest model for a small question are how people learn a tool
-- reference: signals.md look-alike register (learning, onboarding: tenure under 60 days)
-- params: days = 60
with learning as (
    select sessions.session_id, sessions.actor_id, sessions.iso_week, 'first 60 days' as why
    from fct_sessions as sessions
    join actors on actors.actor_id = sessions.actor_id
    where sessions.local_day between actors.active_from and actors.active_from + ($days - 1)
    union all
    select sessions.session_id, sessions.actor_id, sessions.iso_week, 'training' as why
    from fct_sessions as sessions
    join calendar on calendar.actor_id = sessions.actor_id
    where calendar.kind = 'training' and sessions.started_at < calendar.to_ts and sessions.ended_at >= calendar.from_ts
)
select session_id, actor_id, iso_week, min(why) as why from learning group by session_id, actor_id, iso_week
