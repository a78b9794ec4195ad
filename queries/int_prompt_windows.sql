-- model: int_prompt_windows
-- grain: one actor, local day on which they prompted, and cluster met in the 28 days that end with it
-- reads: int_prompt_clusters
-- family: REDUNDANCY
-- measures: how many prompts of the trailing 28 days stand in the cluster, and on how many days of them the actor prompted
-- reference: signals.md S1
-- part: person
with clusters as (
    select * from int_prompt_clusters
),
days as (
    select distinct actor_id, local_day from clusters
),
active as (
    select days.actor_id, days.local_day as window_day, count(*) as active_days
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
    min(clusters.local_day) as first_day,
from active
join clusters on clusters.actor_id = active.actor_id and clusters.local_day between active.window_day - 27 and active.window_day
group by active.actor_id, active.window_day, active.active_days, clusters.cluster_id
