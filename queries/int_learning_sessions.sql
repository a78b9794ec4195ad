-- model: int_learning_sessions
-- grain: one session of an actor in their first $days days on the roster, or in a training window of the calendar
-- reads: fct_sessions, actors, calendar
-- measures: which sessions the look-alike register treats as learning, and why. Who stands on no roster, or has no first day there, is not known to be new. Nor are first days told
--   from others in a week of $peers people or more of whom more than $most_new are in theirs: seats that were given out on one day are a rollout, and who is
--   compared there is compared with others who are new
-- innocent: repeated questions, exercises, work that is thrown away and the largest model for a small question are how people learn a tool
-- reference: signals.md look-alike register (learning, onboarding: tenure under 60 days, own stratum)
-- params: days = 60, peers = 5, most_new = 0.5
with new_sessions as (
    select sessions.session_id, sessions.actor_id, sessions.iso_week
    from fct_sessions as sessions
    join actors on actors.actor_id = sessions.actor_id
    where sessions.local_day between actors.active_from and actors.active_from + ($days - 1) and sessions.actor_kind = 'person'
),
people as (
    select iso_week, count(distinct actor_id) as people from fct_sessions where actor_kind = 'person' and actor_id <> '(unassigned)' group by iso_week
),
newcomers as (
    select iso_week, count(distinct actor_id) as newcomers from new_sessions group by iso_week
),
rollouts as (
    select people.iso_week
    from people
    join newcomers on newcomers.iso_week = people.iso_week
    where people.people >= $peers and newcomers.newcomers > $most_new * people.people
),
learning as (
    select new_sessions.session_id, new_sessions.actor_id, new_sessions.iso_week, 'first 60 days' as why
    from new_sessions
    left join rollouts on rollouts.iso_week = new_sessions.iso_week
    where rollouts.iso_week is null
    union all
    select sessions.session_id, sessions.actor_id, sessions.iso_week, 'training' as why
    from fct_sessions as sessions
    join calendar on calendar.actor_id = sessions.actor_id
    where calendar.kind = 'training' and sessions.started_at < calendar.to_ts and sessions.ended_at >= calendar.from_ts
)
select session_id, actor_id, iso_week, min(why) as why from learning group by session_id, actor_id, iso_week
