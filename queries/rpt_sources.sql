-- model: rpt_sources
-- grain: one source of sessions
-- reads: events, int_sightings, stg_events
-- measures: what it saw and what of that is counted under its name. What it saw and another source is counted for is `merged`: by an
--   id, or by its counts. `shared` is what is counted here and was seen by others too. Tokens as the source itself states them
-- reference: docs/merging.md
with seen as (
    select
        e.source,
        count(*) filter (where e.kind = 'completion') as requests_seen,
        count(*) filter (where e.kind = 'completion' and s.is_kept is null) as requests_alone,
        count(*) filter (where e.kind = 'completion' and s.is_kept) as requests_shared,
        count(*) filter (where e.kind = 'completion' and not s.is_kept and s.rule = 'id') as requests_merged_by_id,
        count(*) filter (where e.kind = 'completion' and not s.is_kept and s.rule = 'counts') as requests_merged_by_counts,
        count(*) filter (where e.kind <> 'completion' and not s.is_kept) as other_steps_merged,
        sum(coalesce(e.input_tokens, 0) + coalesce(e.output_tokens, 0) + coalesce(e.cache_read_tokens, 0) + coalesce(e.cache_write_tokens, 0))
            filter (where e.kind = 'completion') as tokens_seen
    from events as e
    left join int_sightings as s on e.event_key = s.event_key
    group by e.source
),
counted as (
    select source, sum(tokens) as tokens_counted
    from stg_events
    where kind = 'completion'
    group by source
)
select
    seen.source, seen.requests_seen, seen.requests_alone, seen.requests_shared,
    seen.requests_merged_by_id, seen.requests_merged_by_counts, seen.other_steps_merged,
    seen.tokens_seen,
    coalesce(counted.tokens_counted, 0) as tokens_counted
from seen
left join counted on seen.source = counted.source
