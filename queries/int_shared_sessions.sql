-- model: int_shared_sessions
-- grain: one root session and one of the several people in it
-- reads: int_counted_events, identities, int_session_roots
-- measures: who must be looked at together because they worked in one session: a bucket of people holds whole sessions. What nobody is known to
--   have done counts as a person too
-- reference: ARCHITECTURE.md, buckets
with seen as (
    select distinct session_id, merged_person, actor_id, os_user, source_file from int_counted_events
),
people as (
    select distinct
        coalesce(r.root_session_id, e.session_id) as session_id,
        coalesce(e.merged_person, i.actor_id, e.actor_id, '(unassigned)') as actor_id
    from seen as e
    left join identities as i
        on coalesce(e.actor_id, '') = i.actor_raw
        and coalesce(e.os_user, '') = i.os_user
        and e.source_file = i.source_file
    left join int_session_roots as r on e.session_id = r.session_id
),
shared as (
    select session_id from people group by session_id having count(*) > 1
)
select people.session_id, people.actor_id
from people
inner join shared on people.session_id = shared.session_id
