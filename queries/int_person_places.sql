-- model: int_person_places
-- grain: one known person and span of time
-- reads: actors, zone_offsets, int_person_offsets
-- measures: where a person stands in the organisation and on the clock: team, role and kind by the roster, the offset of the roster's zone in the span, and
--   the usual one of whoever has no zone there: what their logs mostly state, else what their hours say. Spans are half-open, follow each other without
--   a gap and have no first beginning and no last end, so a moment has one of them; a person without a zone has one span
-- reference: signals.md 1.7
with spans as (
    select
        time_zone, offset_min,
        case when lag(from_ts) over zone is not null then from_ts end as from_ts,
        case when lead(from_ts) over zone is not null then to_ts end as to_ts
    from zone_offsets
    window zone as (partition by time_zone order by from_ts)
)
select
    coalesce(a.actor_id, o.actor_id) as actor_id,
    a.team_id, a.role, a.kind,
    s.from_ts, s.to_ts,
    s.offset_min as roster_offset_min,
    o.offset_min as usual_offset_min
from actors as a
full join int_person_offsets as o on a.actor_id = o.actor_id
left join spans as s on a.time_zone = s.time_zone
