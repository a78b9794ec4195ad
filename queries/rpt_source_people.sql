-- model: rpt_source_people
-- grain: one source of sessions and person in whose responses it has a part
-- reads: events, identities, int_sightings, stg_events
-- measures: rpt_sources by person, for who stands behind its figures: responses that the source saw, those of them that are counted under
--   another source's name (by an id, by counts), tokens as the source states them, and tokens that are counted under its name
-- reference: docs/merging.md, docs/disclosure.md
with seen as (
    select
        e.event_key,
        e.source,
        i.actor_id,
        coalesce(e.input_tokens, 0) + coalesce(e.output_tokens, 0) + coalesce(e.cache_read_tokens, 0)
            + coalesce(e.cache_write_tokens, 0) as tokens,
    from events as e
    inner join identities as i
        on coalesce(e.actor_id, '') = i.actor_raw
        and coalesce(e.os_user, '') = i.os_user
        and e.source_file = i.source_file
    where e.kind = 'completion'
),
parts as (
    select source, actor_id, 1 as seen, 0 as by_id, 0 as by_counts, tokens as stated, 0 as counted
    from seen
    union all
    select w.source, w.actor_id, 0, cast(s.rule = 'id' as bigint), cast(s.rule = 'counts' as bigint), 0, 0
    from int_sightings as s
    inner join seen as w on s.event_key = w.event_key
    where not s.is_kept
    union all
    select source, actor_id, 0, 0, 0, 0, coalesce(tokens, 0)
    from stg_events
    where kind = 'completion'
)
select
    source,
    actor_id,
    sum(seen) as requests_seen,
    sum(by_id) as requests_merged_by_id,
    sum(by_counts) as requests_merged_by_counts,
    sum(stated) as tokens_seen,
    sum(counted) as tokens_counted,
from parts
group by source, actor_id
order by source, actor_id
