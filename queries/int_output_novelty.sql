-- model: int_output_novelty
-- grain: one output of at least $least_chars characters and $least_words masked words
-- reads: stg_events, fct_sessions, int_batch_evaluations, int_stock_shingles
-- family: REDUNDANCY
-- measures: of a sample of the output's word shingles, how many stood in an earlier output of the same actor, of any of their sessions, or in
--   an earlier prompt, within $days days. The sample is every shingle in the lowest quarter of the hash range, of the 64 smallest, so
--   that two texts sample the same shingles; fenced code is masked and never counts. Phrases that many people are given are left out
--   (int_stock_shingles), and so is what a declared or scheduled session says, or a step that a schedule began, or a subagent to the agent that sent it, which no person was given, and what is said in sessions of which less than
--   $own is outside batch evaluations: thousands of answers to a suite are no history that others could be held against. nearest_session is the earlier one that most of what is known stood in last
-- reference: signals.md S5, 1.2 (1 - |S(o) and B_28d| / |S(o)|)
-- params: least_chars = 400, least_words = 40, days = 28, own = 0.5
-- part: person
with automated as (
    select session_id from fct_sessions where declared or trigger = 'schedule'
    union all
    select session_id from int_batch_evaluations where factor < $own
),
texts as (
    select
        event_key, root_session_id as session_id, actor_id, cast(local_ts as date) as local_day,
        arrow_cast(ts, 'Int64') as us, kind = 'completion' as is_output, array_slice(shingles, 1, 64) as shingles,
    from automated
    right anti join stg_events as events on events.root_session_id = automated.session_id
    where actor_kind = 'person' and actor_id <> '(unassigned)' and cardinality(shingles) > 0 and (trigger is distinct from 'schedule') and not coalesce(trigger = 'agent' and events.session_id <> root_session_id, false)
        and (kind = 'completion' and text_chars >= $least_chars and text_words >= $least_words or kind = 'prompt' and trigger <> 'agent')
),
-- A person's texts follow each other in `place`, so that numbers say what a sort by person, moment and key would.
numbered as (
    select
        event_key, session_id, actor_id, local_day, us, is_output, shingles,
        row_number() over (order by actor_id, us, event_key) as place, dense_rank() over (order by actor_id) as person,
    from texts
),
sampled as (
    select * from (select place, person, us, is_output, unnest(shingles) as shingle from numbered)
    where shingle < -4611686018427387904
),
met as (
    select
        place, is_output,
        -- No window has partitions: one a shingle would be a window a row.
        case
            when lag(shingle) over earlier = shingle and lag(person) over earlier = person and us - lag(us) over earlier <= $days * 86400000000
                then lag(place) over earlier
        end as earlier,
    from sampled
    left anti join int_stock_shingles as stock on stock.shingle = sampled.shingle
    window earlier as (order by sampled.shingle, place)
),
counted as (
    select place, earlier, count(*) as shingles from met where is_output group by place, earlier
),
known as (
    select counted.place, before.session_id as earlier_session, sum(counted.shingles) as shingles
    from counted left join numbered as before on before.place = counted.earlier
    group by counted.place, before.session_id
),
summed as (
    select
        place, sum(shingles) as sampled, coalesce(sum(shingles) filter (where earlier_session is not null), 0) as known,
        first_value(earlier_session order by earlier_session is not null desc, shingles desc, earlier_session) as nearest_session,
        coalesce(max(shingles) filter (where earlier_session is not null), 0) as nearest_shingles,
    from known
    group by place
)
select event_key, session_id, actor_id, local_day, sampled, known, nearest_session, nearest_shingles
from summed join numbered on numbered.place = summed.place
