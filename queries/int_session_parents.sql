-- model: int_session_parents
-- grain: one session that another session started
-- reads: events, facts
-- measures: the starting session, where it is in the lake itself; a lost parent leaves its children standing alone
with logged as (
    select session_id, parent_session_id, 0 as rank
    from events
    where parent_session_id is not null
    group by session_id, parent_session_id
),
stated as (
    select session_id, value as parent_session_id, rank
    from facts
    where name = 'parent'
),
known as (
    select distinct session_id from events
),
ranked as (
    select
        session_id,
        parent_session_id,
        row_number() over (partition by session_id order by rank, parent_session_id) as choice
    from (select * from logged union all select * from stated)
    where parent_session_id <> session_id
        and parent_session_id in (select session_id from known)
)
select session_id, parent_session_id
from ranked
where choice = 1
