-- model: stg_outcomes
-- grain: one outcome
-- reads: outcomes, outcome_identities, int_person_places, int_requests_taken_back
-- measures: each outcome with its author and local time resolved; local time is by the author's zone, else by the offset that their
--   logs mostly state or their hours say (int_person_places), else UTC. A pull request that was taken back is reverted, whatever its own record says
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
        coalesce(p.team_id, '(unassigned)') as team_id,
        coalesce(p.role, '') as role,
        coalesce(p.kind, 'person') as actor_kind,
        t.outcome_key is not null as is_taken_back,
        arrow_cast(
            arrow_cast(o.ts, 'Int64') + coalesce(p.roster_offset_min, p.usual_offset_min, 0) * 60000000,
            'Timestamp(Microsecond, None)'
        ) as local_ts
    from resolved as o
    left join int_person_places as p
        on o.person = p.actor_id and (p.from_ts is null or o.ts >= p.from_ts) and (p.to_ts is null or o.ts < p.to_ts)
    left join int_requests_taken_back as t on o.outcome_key = t.outcome_key
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
