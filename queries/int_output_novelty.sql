-- model: int_output_novelty
-- grain: one output of at least $least_chars characters and $least_words masked words
-- reads: stg_events, int_stock_shingles
-- family: REDUNDANCY
-- measures: of a sample of the output's word shingles, how many stood in an earlier output of the same actor, of any of their sessions, or in
--   an earlier prompt, within $days days. The sample is every shingle in the lowest quarter of the hash range, of the 64 smallest, so
--   that two texts sample the same shingles; fenced code is masked and never counts. Phrases that many people are given are left out
--   (int_stock_shingles). nearest_session is the earlier one that most of what is known stood in last
-- reference: signals.md S5, 1.2 (1 - |S(o) and B_28d| / |S(o)|)
-- params: least_chars = 400, least_words = 40, days = 28
-- part: person
with texts as (
    select
        event_key, root_session_id as session_id, actor_id, cast(local_ts as date) as local_day,
        arrow_cast(ts, 'Int64') as us, kind = 'completion' as is_output, array_slice(shingles, 1, 64) as shingles,
    from stg_events
    where actor_kind = 'person' and actor_id <> '(unassigned)' and cardinality(shingles) > 0
        and (kind = 'completion' and text_chars >= $least_chars and text_words >= $least_words or kind = 'prompt' and trigger <> 'agent')
),
shingles as (
    select * from (select event_key, session_id, actor_id, local_day, us, is_output, unnest(shingles) as shingle from texts)
    where shingle < -4611686018427387904
),
met as (
    select
        event_key, session_id, actor_id, local_day, is_output,
        -- A window an actor: one a shingle would be a window a row.
        coalesce(lag(shingle) over earlier = shingle and us - lag(us) over earlier <= $days * 86400000000, false) as is_known,
        lag(session_id) over earlier as earlier_session,
    from shingles
    left anti join int_stock_shingles as stock on stock.shingle = shingles.shingle
    window earlier as (partition by actor_id order by shingle, us, event_key)
),
counted as (
    select
        event_key, session_id, actor_id, local_day, is_known, case when is_known then earlier_session end as earlier_session, count(*) as shingles,
    from met
    where is_output
    group by event_key, session_id, actor_id, local_day, is_known, case when is_known then earlier_session end
)
select
    event_key, session_id, actor_id, local_day,
    sum(shingles) as sampled, coalesce(sum(shingles) filter (where is_known), 0) as known,
    first_value(earlier_session order by is_known desc, shingles desc, earlier_session) as nearest_session,
    coalesce(max(shingles) filter (where is_known), 0) as nearest_shingles,
from counted
group by event_key, session_id, actor_id, local_day
