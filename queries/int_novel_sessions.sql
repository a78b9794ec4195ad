-- model: int_novel_sessions
-- grain: one session and actor with outputs that can be compared
-- reads: int_output_novelty
-- family: REDUNDANCY
-- measures: how many of the session's long outputs have a novelty under $novelty (low) or were half known (half), and most_db, what that many can tell: 10 log10 of
--   e = .5 p^-.5 at Chernoff's bound on p against the share of everybody's outputs, twice that for the two levels
-- innocent: in the public transcripts looked at, read as one person's, a session's answers repeat some five of a hundred sampled shingles
-- reference: signals.md S5 and section 3, step 2; Chernoff 1952
-- params: novelty = 0.15
with legible as (
    select session_id, actor_id, max(local_day) as last_day, count(*) as outputs, sum(sampled) as sampled, sum(known) as known,
        count(*) filter (where 1 - cast(known as double) / sampled < $novelty) as low_outputs, count(*) filter (where 2 * known >= sampled) as half_outputs,
        first_value(nearest_session order by nearest_shingles desc, nearest_session) as nearest_session, max(nearest_shingles) as nearest_shingles,
    from int_output_novelty
    group by session_id, actor_id
),
levels as (
    select session_id, actor_id, cast(outputs as double) as outputs, 'low' as level, cast(low_outputs as double) as hits from legible
    union all
    select session_id, actor_id, cast(outputs as double) as outputs, 'half' as level, cast(half_outputs as double) as hits from legible
),
base as (
    select level, least(greatest(sum(hits) / sum(outputs), 0.001), 0.999) as share from levels group by level
),
bounds as (
    select session_id, actor_id, max(case when hits > share * outputs then 2.171 * outputs * (own * ln(own / share) + (1 - own) * ln((1 - own) / (1 - share))) else 0.0 end) - 4.52 as most_db
    from (select levels.*, base.share, least(hits / outputs, 0.999) as own from levels join base on base.level = levels.level)
    group by session_id, actor_id
)
select legible.*, bounds.most_db
from legible
join bounds on bounds.session_id = legible.session_id and bounds.actor_id = legible.actor_id
