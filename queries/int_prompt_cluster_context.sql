-- model: int_prompt_cluster_context
-- grain: one actor and prompt cluster of at least two prompts
-- reads: int_prompt_clusters, stg_events, fct_attribution, fct_coverage
-- family: REDUNDANCY
-- measures: what else could explain a cluster: how many actors use the very same text, how many models it was sent to, how many of its prompts are slash commands, and how many of its sessions left lines in a commit
-- suggests: nothing by itself; factor multiplies the evidence of sig_prompt_repetition
-- innocent: hand-off template (one text, >= $template_actors actors), batch evaluation (>= $evaluation_models models, at most two prompts a model), slash command, uptake (1 - share of the sessions that were linked by trailer or by lines)
-- abstains: the uptake factor is 1 where outcome coverage is unknown or under $coverage, since missing outcomes are not zero outcomes
-- evasion: junk commits raise uptake; sig_orphan_output asks for survival
-- reference: signals.md S1 and look-alike register
-- params: template_actors = 5, template_factor = 0.2, evaluation_models = 3, coverage = 0.8
with clusters as (
    select * from int_prompt_clusters
),
commands as (
    select event_key from stg_events where kind = 'prompt' and marker = 'slash_command'
),
session_models as (
    select distinct root_session_id as session_id, model
    from stg_events
    where kind = 'completion' and model is not null
),
linked as (
    select distinct session_id from fct_attribution where tier in ('explicit', 'lines')
),
text_actors as (
    select masked_hash, count(distinct actor_id) as actors from clusters group by masked_hash
),
members as (
    select
        clusters.actor_id,
        clusters.cluster_id,
        count(*) as prompts,
        count(distinct clusters.session_id) as sessions,
        max(text_actors.actors) as actors,
        count(commands.event_key) as slash_commands,
        count(distinct linked.session_id) as linked_sessions,
    from clusters
    join text_actors on text_actors.masked_hash = clusters.masked_hash
    left join commands on commands.event_key = clusters.event_key
    left join linked on linked.session_id = clusters.session_id
    group by clusters.actor_id, clusters.cluster_id
    having count(*) >= 2
),
models as (
    select clusters.actor_id, clusters.cluster_id, count(distinct session_models.model) as models
    from clusters
    join session_models on session_models.session_id = clusters.session_id
    group by clusters.actor_id, clusters.cluster_id
),
factors as (
    select
        members.*,
        coalesce(models.models, 0) as models,
        case when members.actors >= $template_actors then $template_factor else 1.0 end as template_factor,
        case when models.models >= $evaluation_models and members.prompts <= 2 * models.models then 0.0 else 1.0 end as evaluation_factor,
        1.0 - cast(members.slash_commands as double) / members.prompts as command_factor,
        case when fct_coverage.outcome_coverage >= $coverage then 1.0 - cast(members.linked_sessions as double) / members.sessions else 1.0 end as uptake_factor,
    from members
    left join models on models.actor_id = members.actor_id and models.cluster_id = members.cluster_id
    left join fct_coverage on fct_coverage.actor_id = members.actor_id
)
select *, template_factor * evaluation_factor * command_factor * uptake_factor as factor from factors
