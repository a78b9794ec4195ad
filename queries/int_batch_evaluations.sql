-- model: int_batch_evaluations
-- grain: one session with prompts that were sent to several models
-- reads: int_prompt_clusters, int_prompt_cluster_context
-- family: REDUNDANCY
-- measures: the share of the session's prompts that stand in no batch evaluation (factor); 0 where all do. A batch evaluation is one prompt
--   that went to three models or more, twice at most to each
-- innocent: this is the look-alike: a comparison of models repeats prompts, and often their outputs, on purpose
-- reference: signals.md look-alike register (batch evaluation)
with prompts as (
    select clusters.session_id, coalesce(context.evaluation_factor, 1.0) as factor
    from int_prompt_clusters as clusters
    left join int_prompt_cluster_context as context
        on context.actor_id = clusters.actor_id and context.cluster_id = clusters.cluster_id
)
select session_id, round(avg(factor), 4) as factor from prompts group by session_id having avg(factor) < 1
