-- model: int_evaluation_days
-- grain: one actor, prompt cluster and local day on which the prompt stood in a batch evaluation
-- reads: int_prompts, int_prompt_clusters, int_named_evaluations
-- family: REDUNDANCY
-- measures: batch evaluations: one request that on one day went to $models models or more, at most $seeds times to each on average, or one of $requests
--   different requests or more that on one day all went to two models, or one of a suite
--   in a place named for it (int_named_evaluations). Over a longer time
--   the same request meets several models whenever somebody's default changes, which is no evaluation
-- innocent: this is the look-alike: a comparison of models repeats prompts, and often their outputs, on purpose
-- reference: signals.md look-alike register (batch evaluation)
-- params: models = 3, seeds = 5, requests = 3
-- part: person
with days as (
    select
        clusters.actor_id, clusters.cluster_id, clusters.local_day, count(*) as prompts, count(distinct prompts.model) as models,
    from int_prompt_clusters as clusters
    join int_prompts as prompts on prompts.event_key = clusters.event_key
    where prompts.model is not null
    group by clusters.actor_id, clusters.cluster_id, clusters.local_day
    having count(distinct prompts.model) >= 2 and count(*) <= $seeds * count(distinct prompts.model)
),
crossed as (
    select *, count(*) over (partition by actor_id, local_day) as requests from days
)
select actor_id, cluster_id, local_day, max(prompts) as prompts, max(models) as models
from (
    select actor_id, cluster_id, local_day, prompts, models from crossed where models >= $models or requests >= $requests
    union all
    select clusters.actor_id, clusters.cluster_id, clusters.local_day, count(*) as prompts, 1 as models
    from int_prompt_clusters as clusters
    join int_named_evaluations as named on named.session_id = clusters.session_id and named.local_day = clusters.local_day and named.actor_id = clusters.actor_id
    group by clusters.actor_id, clusters.cluster_id, clusters.local_day
)
group by actor_id, cluster_id, local_day
