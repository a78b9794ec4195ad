-- model: int_novel_sessions
-- grain: one session and actor with outputs that can be compared
-- reads: int_output_novelty, int_batch_evaluations, int_on_call_sessions, int_learning_sessions
-- family: REDUNDANCY
-- measures: what the session's long outputs have in common with earlier ones; the actor's long outputs in $days days (window_outputs); whether $known or more of at least
--   $min_sampled sampled shingles were known, and more than in $usual of the sessions of the median person in the same eighth of window_outputs (where it has $peers people, else of the eighth where that is most: whoever is given more has heard more); in how many of the actor's sessions of $days days that was so (unusual_sessions); and most_db, what that many can tell: 10 log10 of e = .5 p^-.5 at Chernoff's bound on p against the share of
--   such sessions among everybody else's, or, where it is larger and more than $peers people are there, among others' in the same eighth of window_outputs: one vote a person, and nobody is their own yardstick (where no more than $peers
--   people have any, theirs are among everybody's). Sessions of which less than $own is outside batch evaluations are not counted, nor those on call or of learning: what is discounted says nothing against another. Outputs of one session are about one thing, so they are one observation
-- innocent: a report that comes again makes one session unusual, and under $recur nothing is told; in the public transcripts looked at, read as one
--   person's, a session's answers repeat some five of a hundred sampled shingles, twenty-one at most
-- reference: signals.md S5 and section 3, steps 2, 6 and 7; Chernoff 1952
-- params: novelty = 0.15, known = 0.25, rarest = 0.01, recur = 2, usual = 0.8, peers = 5, min_sampled = 10, days = 28, own = 0.5
with legible as (
    select session_id, actor_id, max(local_day) as last_day, count(*) as outputs, sum(sampled) as sampled, sum(known) as known,
        count(*) filter (where 1 - cast(known as double) / sampled < $novelty) as low_outputs,
        first_value(nearest_session order by nearest_shingles desc, nearest_session) as nearest_session, max(nearest_shingles) as nearest_shingles,
    from int_output_novelty
    group by session_id, actor_id
),
volumes as (select actor_id, last_day, sum(outputs) as outputs from legible group by actor_id, last_day),
sized as (
    select later.actor_id, later.last_day, sum(earlier.outputs) as window_outputs
    from volumes as later
    join volumes as earlier on earlier.actor_id = later.actor_id and earlier.last_day between later.last_day - $days + 1 and later.last_day
    group by later.actor_id, later.last_day
),
placed as (
    select
        legible.*, sized.window_outputs, sampled >= $min_sampled and coalesce(evaluations.factor, 1.0) >= $own and on_call.session_id is null and learning.session_id is null as is_legible, cast(known as double) / greatest(sampled, 1) as known_share,
        ntile(8) over (order by sized.window_outputs, legible.actor_id, legible.session_id) as eighth,
    from legible join sized on sized.actor_id = legible.actor_id and sized.last_day = legible.last_day
    left join int_batch_evaluations as evaluations on evaluations.session_id = legible.session_id left join int_on_call_sessions as on_call on on_call.session_id = legible.session_id left join int_learning_sessions as learning on learning.session_id = legible.session_id
),
limits as (
    select eighth, coalesce(usual_share, max(usual_share) over (), 0.0) as usual_share
    from (select eighth, case when count(*) >= $peers then median(known_share) end as usual_share
        from (select eighth, actor_id, percentile_cont($usual) within group (order by known_share) as known_share from placed where is_legible group by eighth, actor_id)
        group by eighth)
),
marked as (
    select placed.*, is_legible and known_share >= $known and known_share > usual_share as is_unusual from placed left join limits on limits.eighth = placed.eighth
),
days as (
    select actor_id, last_day, count(*) filter (where is_legible) as sessions, count(*) filter (where is_unusual) as unusual_sessions from marked group by actor_id, last_day
),
windows as (
    select later.actor_id, later.last_day, sum(earlier.sessions) as sessions, sum(earlier.unusual_sessions) as unusual_sessions
    from days as later
    join days as earlier on earlier.actor_id = later.actor_id and earlier.last_day between later.last_day - $days + 1 and later.last_day
    group by later.actor_id, later.last_day
),
counted as (
    select marked.*, cast(windows.sessions as double) as sessions, windows.unusual_sessions
    from marked
    join windows on windows.actor_id = marked.actor_id and windows.last_day = marked.last_day
),
people as (
    select eighth, actor_id, count(*) filter (where is_legible) as sessions, count(*) filter (where is_unusual) as unusual from marked group by eighth, actor_id
),
usual as (
    select eighth, actor_id, case when sum(least(sessions, 1)) over cell > $peers then cast(sum(unusual) over cell - unusual as double) / greatest(sum(sessions) over cell - sessions, 1) else 0.0 end as share
    from people window cell as (partition by eighth)
),
everybody as (
    select actor_id, cast(sum(unusual) over () - own_unusual as double) / greatest(sum(sessions) over () - own_sessions, 1) as share
    from (select *, case when sum(least(sessions, 1)) over () > $peers then unusual else 0 end as own_unusual, case when sum(least(sessions, 1)) over () > $peers then sessions else 0 end as own_sessions
        from (select actor_id, sum(sessions) as sessions, sum(unusual) as unusual from people group by actor_id))
),
shares as (
    select
        counted.*, least(counted.unusual_sessions / greatest(counted.sessions, 1.0), 0.999) as own, least(greatest(usual.share, everybody.share, $rarest), 0.999) as share,
    from counted
    join usual on usual.eighth = counted.eighth and usual.actor_id = counted.actor_id
    join everybody on everybody.actor_id = counted.actor_id
)
select
    session_id, actor_id, last_day, outputs, sampled, known, low_outputs, nearest_session, nearest_shingles, cast(window_outputs as bigint) as window_outputs, cast(unusual_sessions as bigint) as unusual_sessions,
    case when unusual_sessions >= $recur and own > share then 2.171 * sessions * (own * ln(own / share) + (1 - own) * ln((1 - own) / (1 - share))) else 0.0 end - 3.01 as most_db,
from shares
