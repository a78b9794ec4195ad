-- model: stg_outcomes
-- grain: one outcome
-- reads: outcomes, outcome_identities, actors, zone_offsets, int_person_offsets, int_requests_taken_back
-- measures: each outcome with its author and local time resolved; local time is by the author's zone, else by the offset that
--   int_person_offsets infers, else UTC. A pull request that was
--   taken back is reverted, whatever its own record says
with resolved as (
    select
        o.*,
        coalesce(i.actor_id, o.actor_id, '(unassigned)') as person
    from outcomes as o
    left join outcome_identities as i on coalesce(o.actor_id, '') = i.actor_raw
),
placed as (
    select
        o.*,
        coalesce(a.team_id, '(unassigned)') as team_id,
        coalesce(a.role, '') as role,
        coalesce(a.kind, 'person') as actor_kind,
        t.outcome_key is not null as is_taken_back,
        arrow_cast(
            arrow_cast(o.ts, 'Int64') + coalesce(z.offset_min, p.offset_min, 0) * 60000000,
            'Timestamp(Microsecond, None)'
        ) as local_ts
    from resolved as o
    left join actors as a on o.person = a.actor_id
    left join int_requests_taken_back as t on o.outcome_key = t.outcome_key
    left join zone_offsets as z on a.time_zone = z.time_zone and o.ts >= z.from_ts and o.ts < z.to_ts
    left join int_person_offsets as p on o.person = p.actor_id
)
select
    outcome_key, source, ts, local_ts,
    to_char(local_ts, '%G-W%V') as iso_week,
    outcome_id, kind,
    case when is_taken_back then 'reverted' else status end as status,
    person as actor_id,
    team_id, role, actor_kind, session_ids, repo, branch, paths,
    lines_added, lines_deleted, lines_surviving, added_lines, refs
from placed
