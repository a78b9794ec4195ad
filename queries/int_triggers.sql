-- model: int_triggers
-- grain: one span of a session that a trigger fact speaks about, spans of one session do not overlap
-- reads: facts, events, int_sightings
-- measures: the best-ranked fact on what started the steps of the span. A fact with a time starts a run that lasts until the
--   next run of the session or the prompt after the run's own, or as long as a note beside it says (until=<microseconds>); a fact
--   without a time speaks about the whole session
-- reference: formats.md 3.3, most reliable rule first
-- params: early_ms = 2000
with stated as (
    select
        session_id,
        arrow_cast(ts, 'Int64') - $early_ms * 1000 as from_us,
        value as trigger,
        rank
    from facts
    where name = 'trigger' and value <> 'unknown'
),
best as (
    select
        *,
        row_number() over (partition by session_id, from_us order by rank, trigger) as choice
    from stated
),
whole as (
    select session_id, trigger, rank from best where from_us is null and choice = 1
),
runs as (
    select session_id, from_us, trigger, rank, lead(from_us) over (partition by session_id order by from_us) as next_from
    from best
    where from_us is not null and choice = 1
),
lasting as (
    select session_id, arrow_cast(ts, 'Int64') - $early_ms * 1000 as from_us, max(try_cast(substr(value, 7) as bigint)) as until_us
    from facts
    where name = 'note' and starts_with(value, 'until=')
    group by session_id, ts
),
prompts as (
    select session_id, at_us, lead(at_us) over (partition by session_id order by at_us) as next_us
    from (
        select distinct e.session_id, arrow_cast(e.ts, 'Int64') as at_us
        from events as e
        left anti join (select event_key from int_sightings where not is_kept) as seen on e.event_key = seen.event_key
        where e.kind = 'prompt'
    ) as moments
),
ends as (
    select runs.session_id, runs.from_us, runs.next_from, coalesce(max(lasting.until_us) + 1, min(prompts.next_us)) as end_us
    from runs
    inner join prompts on runs.session_id = prompts.session_id and prompts.at_us >= runs.from_us
    left join lasting on runs.session_id = lasting.session_id and runs.from_us = lasting.from_us
    group by runs.session_id, runs.from_us, runs.next_from
),
starts as (
    select session_id, from_us, trigger, rank from runs
    union all
    select session_id, end_us, arrow_cast(null, 'Utf8'), arrow_cast(null, 'Int32')
    from ends
    -- In the next run no end of an earlier one may stand: the prompt there is that run's own, as its fact is written about when the prompt is.
    where end_us is not null and (next_from is null or end_us < next_from)
    union all
    select distinct session_id, arrow_cast(null, 'Int64'), arrow_cast(null, 'Utf8'), arrow_cast(null, 'Int32') from stated
),
spans as (
    select
        *,
        lead(from_us) over (partition by session_id order by from_us nulls first, rank nulls first) as to_us
    from starts
)
select
    spans.session_id,
    spans.from_us,
    spans.to_us,
    case when whole.rank < spans.rank or spans.rank is null then whole.trigger else spans.trigger end as trigger,
    least(whole.rank, spans.rank) as rank
from spans
left join whole on spans.session_id = whole.session_id
where coalesce(whole.rank, spans.rank) is not null and (spans.to_us is null or spans.from_us is null or spans.from_us < spans.to_us)
