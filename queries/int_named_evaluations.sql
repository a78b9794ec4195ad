-- model: int_named_evaluations
-- grain: one session of a batch evaluation that its client, branch, repository or a path is named for
-- reads: stg_events, int_prompt_clusters
-- family: REDUNDANCY
-- measures: sessions of a place named $names (a whole part of the name), on a day on which the actor sent $requests different requests or more there, half of them more than once and $seeds times
--   at most on average: a suite that is run again with other seeds, which one model alone may answer. The name is not enough, since anybody can give a branch one; nor is the grid, since a loop over a
--   few prompts is one
-- innocent: this is the look-alike: an evaluation repeats prompts, and often their outputs, on purpose
-- evasion: a loop over prompts in a branch that is called so; its name stands in the log for everybody to see
-- reference: signals.md look-alike register (batch evaluation: same prompts with several seeds, eval paths)
-- params: names = '(^|[/_.-])(eval|evals|evaluation|evaluations|bench|benchmark|benchmarks)([/_.-]|$)', requests = 3, seeds = 10
-- part: person
with named as (
    select distinct root_session_id as session_id
    from stg_events
    where regexp_like(concat_ws('/', branch, split_part(client, '/', 1), repo, path), $names)
),
sent as (
    select clusters.session_id, clusters.actor_id, clusters.local_day, clusters.cluster_id
    from int_prompt_clusters as clusters
    join named on named.session_id = clusters.session_id
),
requests as (
    select actor_id, local_day, cluster_id, count(*) as times from sent group by actor_id, local_day, cluster_id
),
grids as (
    select actor_id, local_day
    from requests
    group by actor_id, local_day
    having count(*) >= $requests and 2 * count(*) filter (where times > 1) >= count(*) and sum(times) <= $seeds * count(*)
)
select distinct sent.session_id, sent.actor_id, sent.local_day
from sent
join grids on grids.actor_id = sent.actor_id and grids.local_day = sent.local_day
