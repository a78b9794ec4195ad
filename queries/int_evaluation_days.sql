-- model: int_evaluation_days
-- grain: one actor, prompt cluster and local day on which the prompt went to several models
-- reads: int_prompts, int_prompt_clusters
-- family: REDUNDANCY
-- measures: batch evaluations: one request that on one day went to $models models or more, at most $seeds times to each on average. Over a longer time
--   the same request meets several models whenever somebody's default changes, which is no evaluation
-- innocent: this is the look-alike: a comparison of models repeats prompts, and often their outputs, on purpose
-- reference: signals.md look-alike register (batch evaluation)
-- params: models = 3, seeds = 5
select
    clusters.actor_id, clusters.cluster_id, clusters.local_day, count(*) as prompts, count(distinct prompts.model) as models,
from int_prompt_clusters as clusters
join int_prompts as prompts on prompts.event_key = clusters.event_key
where prompts.model is not null
group by clusters.actor_id, clusters.cluster_id, clusters.local_day
having count(distinct prompts.model) >= $models and count(*) <= $seeds * count(distinct prompts.model)
