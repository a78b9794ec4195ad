-- model: int_session_roots
-- grain: one session that is part of another; a session that is not here is its own root
-- reads: int_session_parents
-- measures: the session at the end of the chain of parents. Each step doubles the distance, so five steps follow 32 parents
--   without recursion; a chain that has not ended by then is a loop, and its sessions stand alone
with one as (
    select session_id, parent_session_id as ancestor from int_session_parents
),
two as (
    select a.session_id, coalesce(b.parent_session_id, a.ancestor) as ancestor
    from one as a
    left join int_session_parents as b on a.ancestor = b.session_id
),
four as (
    select a.session_id, coalesce(b.ancestor, a.ancestor) as ancestor
    from two as a
    left join two as b on a.ancestor = b.session_id
),
eight as (
    select a.session_id, coalesce(b.ancestor, a.ancestor) as ancestor
    from four as a
    left join four as b on a.ancestor = b.session_id
),
sixteen as (
    select a.session_id, coalesce(b.ancestor, a.ancestor) as ancestor
    from eight as a
    left join eight as b on a.ancestor = b.session_id
),
thirty_two as (
    select a.session_id, coalesce(b.ancestor, a.ancestor) as ancestor
    from sixteen as a
    left join sixteen as b on a.ancestor = b.session_id
)
select session_id, ancestor as root_session_id
from thirty_two
where ancestor not in (select session_id from int_session_parents)
