-- model: int_batch_evaluations
-- grain: one session with prompts that were sent to several models
-- reads: int_prompt_clusters, int_evaluation_days
-- family: REDUNDANCY
-- measures: the share of the session's prompts that stand in no batch evaluation (factor); 0 where all do
-- innocent: this is the look-alike: a comparison of models repeats prompts, and often their outputs, on purpose
-- reference: signals.md look-alike register (batch evaluation)
select clusters.session_id, round(avg(case when evaluations.actor_id is null then 1.0 else 0.0 end), 4) as factor
from int_prompt_clusters as clusters
left join int_evaluation_days as evaluations
    on evaluations.actor_id = clusters.actor_id and evaluations.cluster_id = clusters.cluster_id and evaluations.local_day = clusters.local_day
group by clusters.session_id
having avg(case when evaluations.actor_id is null then 1.0 else 0.0 end) < 1
