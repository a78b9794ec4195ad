-- model: int_prompt_windows
-- grain: one actor, local day on which they prompted, and cluster met in the 28 days that end with it
-- reads: int_prompt_clusters, int_evaluation_days, int_prompt_cluster_context
-- family: REDUNDANCY
-- measures: how many prompts of the trailing 28 days stand in the cluster, how many of them are part of no batch evaluation and of no cluster of which less than $own is no hand-off template, workshop or slash command (own_prompts; what is discounted says nothing against other prompts), on how many days of them the actor sent such prompts, and whether the cluster is one of equal sizes (by_size)
-- reference: signals.md S1 and look-alike register (the body of a template is masked)
-- params: own = 0.5
-- part: person
with clusters as (
    select
        clusters.actor_id, clusters.cluster_id, clusters.local_day, clusters.masked_hash is null as by_size,
        evaluations.actor_id is null and coalesce(context.template_factor * context.workshop_factor * context.command_factor, 1.0) >= $own as is_own,
    from int_prompt_clusters as clusters
    left join int_evaluation_days as evaluations
        on evaluations.actor_id = clusters.actor_id and evaluations.cluster_id = clusters.cluster_id and evaluations.local_day = clusters.local_day
    left join int_prompt_cluster_context as context on context.actor_id = clusters.actor_id and context.cluster_id = clusters.cluster_id
),
days as (
    select actor_id, local_day, bool_or(is_own) as is_own from clusters group by actor_id, local_day
),
active as (
    select days.actor_id, days.local_day as window_day, count(*) filter (where earlier.is_own) as active_days
    from days
    join days as earlier on earlier.actor_id = days.actor_id and earlier.local_day between days.local_day - 27 and days.local_day
    group by days.actor_id, days.local_day
)
select
    active.actor_id,
    active.window_day,
    active.active_days,
    clusters.cluster_id,
    count(*) as prompts,
    count(*) filter (where clusters.is_own) as own_prompts,
    min(clusters.local_day) as first_day,
    bool_or(clusters.by_size) as by_size,
from active
join clusters on clusters.actor_id = active.actor_id and clusters.local_day between active.window_day - 27 and active.window_day
group by active.actor_id, active.window_day, active.active_days, clusters.cluster_id
