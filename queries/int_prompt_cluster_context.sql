-- model: int_prompt_cluster_context
-- grain: one actor and prompt cluster of at least two prompts
-- reads: int_usual_links, int_prompts, int_prompt_texts, int_shared_bands, int_shared_commands, int_prompt_clusters, int_evaluation_days, int_workshop_days, int_session_use, fct_coverage
-- family: REDUNDANCY
-- measures: what else could explain a cluster: how many of its prompts are a template of $template_actors people or more, or at least of $shared_actors (a quarter of a text's 32 bands
--   are shared that widely, which is a Jaccard of about .7; each explains itself alone) whose blanks are filled in: $variety of the cluster's texts differ. How many of its prompts compare models, how many belong to a workshop, how many
--   are slash commands that $shared_actors people use (int_shared_commands), how many of its sessions an outcome names or shares lines with, and what came of these (int_session_use). A template whose sessions leave them far less often than those of the same role do (a score test at
--   $unused_z) is a burner and no hand-off: it keeps its evidence. factor multiplies the evidence of sig_prompt_repetition
-- innocent: hand-off template; batch evaluation (int_evaluation_days); workshop (int_workshop_days); slash command; used results
-- abstains: no template is a burner where outcome coverage is unknown or under $coverage, since missing outcomes are not zero outcomes; a use that is known excuses whatever the coverage
-- evasion: junk commits raise uptake: those that do not live, or that nobody else touches, less
-- reference: signals.md S1 and look-alike register
-- params: template_actors = 5, template_factor = 0.2, shared_actors = 3, shared_factor = 0.5, variety = 0.5, unused_z = 1.645, workshop_factor = 0.2, coverage = 0.8
-- part: person
with clusters as (
    select clusters.*, prompts.text_hash, coalesce(prompts.marker = 'slash_command', false) and (prompts.command is null or known.command is not null) as is_command
    from int_prompt_clusters as clusters
    join int_prompts as prompts on prompts.event_key = clusters.event_key
    left join int_shared_commands as known on known.command = prompts.command
),
templates as (
    select texts.actor_id, texts.masked_hash, max(shared.actors) as actors
    from (select actor_id, masked_hash, unnest(bands) as band from int_prompt_texts) as texts
    join int_shared_bands as shared on shared.band = texts.band
    group by texts.actor_id, texts.masked_hash
    having count(*) >= 8
),
sessions as (
    select
        clusters.actor_id, clusters.cluster_id, clusters.session_id, count(*) as prompts,
        coalesce(max(templates.actors), 1) as actors, count(*) filter (where templates.actors >= $template_actors) as template_prompts,
        count(*) filter (where templates.actors >= $shared_actors) as shared_prompts,
        count(*) filter (where clusters.is_command) as slash_commands, count(workshops.masked_hash) as workshop_prompts,
    from clusters
    left join int_workshop_days as workshops on workshops.masked_hash = clusters.masked_hash and workshops.local_day = clusters.local_day
    left join templates on templates.actor_id = clusters.actor_id and templates.masked_hash = clusters.masked_hash
    group by clusters.actor_id, clusters.cluster_id, clusters.session_id
),
texts as (
    select actor_id, cluster_id, count(text_hash) = 0 or count(distinct text_hash) >= $variety * count(text_hash) as is_varied from clusters group by actor_id, cluster_id
),
evaluations as (
    select actor_id, cluster_id, sum(prompts) as prompts, max(models) as models from int_evaluation_days group by actor_id, cluster_id
),
members as (
    select
        sessions.actor_id, sessions.cluster_id, sum(prompts) as prompts, count(*) as sessions, max(actors) as actors,
        sum(template_prompts) as template_prompts, sum(shared_prompts) as shared_prompts,
        sum(slash_commands) as slash_commands, sum(workshop_prompts) as workshop_prompts, count(uses.session_id) as linked_sessions,
        cast(coalesce(sum(cast(uses.used_share as decimal(38, 15))), 0) as double) as used_sessions, -- decimals have one sum, in any order
    from sessions
    left join int_session_use as uses on uses.session_id = sessions.session_id
    group by sessions.actor_id, sessions.cluster_id
    having sum(prompts) >= 2
),
factors as (
    select
        members.*, coalesce(evaluations.models, 0) as evaluated_models,
        case when not texts.is_varied then 1.0
            when fct_coverage.outcome_coverage >= $coverage and members.sessions * usual.linked_share - members.linked_sessions
                >= $unused_z * sqrt(members.sessions * usual.linked_share * (1 - usual.linked_share)) and usual.linked_share > 0 then 1.0
            else 1.0 - ((1.0 - $template_factor) * members.template_prompts + (1.0 - $shared_factor) * (members.shared_prompts - members.template_prompts)) / members.prompts end as template_factor,
        1.0 - cast(coalesce(evaluations.prompts, 0) as double) / members.prompts as evaluation_factor,
        1.0 - (1.0 - $workshop_factor) * members.workshop_prompts / members.prompts as workshop_factor,
        1.0 - cast(members.slash_commands as double) / members.prompts as command_factor,
        1.0 - members.used_sessions / members.sessions as uptake_factor,
    from members
    join texts on texts.actor_id = members.actor_id and texts.cluster_id = members.cluster_id
    left join evaluations on evaluations.actor_id = members.actor_id and evaluations.cluster_id = members.cluster_id
    left join fct_coverage on fct_coverage.actor_id = members.actor_id left join int_usual_links as usual on usual.actor_id = members.actor_id
)
select *, template_factor * evaluation_factor * workshop_factor * command_factor * uptake_factor as factor from factors
