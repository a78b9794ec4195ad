-- model: int_step_sightings
-- grain: one event of a step that several sources saw
-- reads: events, vantages, int_shared_ids, int_request_twins
-- measures: which of them is counted: that of the source nearest to the tool (transcript, own export, telemetry, gateway,
--   observability, declared mapping). Of a prompt, every record of that source stays. `rule` is `id` where that row has the same id,
--   else `counts`
-- reference: formats.md 12
with twins as (
    select distinct node, twin from int_request_twins
),
members as (
    select s.event_key, s.kind, coalesce(t.twin, s.name) as step, s.name
    from int_shared_ids as s
    left join twins as t on s.kind = 'completion' and s.name = t.node
    union all
    select t.event_key, 'completion', t.twin, t.node
    from int_request_twins as t
    left anti join int_shared_ids as s on t.event_key = s.event_key
),
ranked as (
    select
        m.event_key, m.kind, m.step, m.name, e.source, e.ts,
        coalesce(v.authority, 99) as authority,
        encode(m.event_key, 'hex') as hex_key
    from members as m
    inner join events as e on m.event_key = e.event_key
    left join vantages as v on e.source = v.source
),
decided as (
    select
        *,
        first_value(event_key) over (partition by kind, step order by authority, source, ts, hex_key) as kept_key,
        first_value(source) over (partition by kind, step order by authority, source, ts, hex_key) as kept_source,
        first_value(name) over (partition by kind, step order by authority, source, ts, hex_key) as kept_name
    from ranked
)
select
    event_key, kind, source, authority,
    case when name = kept_name then 'id' else 'counts' end as rule,
    source = kept_source as is_kept,
    case when source = kept_source then event_key else kept_key end as kept_key
from decided
