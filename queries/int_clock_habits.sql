-- model: int_clock_habits
-- grain: one known person and half hour of the day of UTC (and of the local day, where its offset is known)
-- reads: int_counted_events, identities, actors, zone_offsets
-- measures: in how many half hours of the whole period a prompt of the person was sent, so that a busy half hour counts once. basis is where the
--   person's offset comes from: the zone on the roster, else the client's log, else nobody says
-- innocent: what a schedule or an agent sent is no habit, and leaves where the log says so itself
-- reference: signals.md 1.7 and S9
with prompts as (
    select
        coalesce(e.merged_person, i.actor_id, e.actor_id, '(unassigned)') as actor_id,
        arrow_cast(e.ts, 'Int64') / 1800000000 as slot,
        e.ts, e.utc_offset_min
    from int_counted_events as e
    left join identities as i
        on coalesce(e.actor_id, '') = i.actor_raw
        and coalesce(e.os_user, '') = i.os_user
        and e.source_file = i.source_file
    where e.kind = 'prompt' and e.trigger in ('human', 'unknown')
),
placed as (
    select
        p.actor_id, p.slot,
        max(coalesce(z.offset_min, p.utc_offset_min)) as offset_min,
        bool_or(z.offset_min is not null) as is_on_roster
    from prompts as p
    left join actors as a on p.actor_id = a.actor_id
    left join zone_offsets as z on a.time_zone = z.time_zone and p.ts >= z.from_ts and p.ts < z.to_ts
    where p.actor_id <> '(unassigned)' and coalesce(a.kind, 'person') = 'person'
    group by p.actor_id, p.slot
),
bases as (
    select
        actor_id,
        case when bool_or(is_on_roster) then 'roster' when count(offset_min) > 0 then 'client' else 'unknown' end as basis
    from placed
    group by actor_id
)
select
    p.actor_id, b.basis,
    p.slot % 48 as utc_half_hour,
    (p.slot + offset_min / 30 + 48) % 48 as local_half_hour,
    count(*) as half_hours
from placed as p
inner join bases as b on p.actor_id = b.actor_id
group by p.actor_id, b.basis, p.slot % 48, (p.slot + offset_min / 30 + 48) % 48
