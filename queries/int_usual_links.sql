-- model: int_usual_links
-- grain: one person
-- reads: fct_sessions, fct_attribution
-- measures: how often the typed sessions of people of the same role leave lines in a commit or are named by one, the person's own left out: what use
--   the organisation usually makes of such a session
-- reference: signals.md S4 and look-alike register
with sessions as (
    select fct_sessions.session_id, fct_sessions.actor_id, fct_sessions.role, cast(count(links.session_id) > 0 as int) as is_linked
    from fct_sessions
    left join fct_attribution as links on links.session_id = fct_sessions.session_id and links.tier in ('explicit', 'lines')
    where fct_sessions.actor_kind = 'person' and fct_sessions.trigger = 'human'
    group by fct_sessions.session_id, fct_sessions.actor_id, fct_sessions.role
),
people as (
    select actor_id, role, count(*) as sessions, sum(is_linked) as linked from sessions group by actor_id, role
),
roles as (
    select role, sum(sessions) as sessions, sum(linked) as linked from people group by role
)
select people.actor_id, max(cast(roles.linked - people.linked as double) / nullif(roles.sessions - people.sessions, 0)) as linked_share
from people
join roles on roles.role = people.role
group by people.actor_id
