-- model: fct_finding_repeated_prompt
-- grain: one root session and cluster of near-identical human prompts
-- reads: int_prompt_clusters, int_prompt_windows, int_prompt_cluster_context
-- measures: the prompt, or a near-identical one, was given $least times in the 28 days that end with the session (in the session alone where
--   the actor is unknown). count is of those days; tokens and cost are of this session's prompts, so that rows can be added up
-- suggests: a request that could be a script, a template, or answered once
-- abstains: prompts without a text: those of one size are no proof of one request
-- innocent: hand-off templates, batch evaluations, slash commands, results that were used: named in the evidence
-- reference: signals.md S1
-- params: least = 3
-- part: person
with here as (
    select
        session_id, actor_id, cluster_id, max(local_day) as window_day, count(*) as prompts, count(distinct masked_hash) as variants,
        sum(tokens) as tokens, sum(cost_usd) as cost_usd,
    from int_prompt_clusters
    where masked_hash is not null
    group by session_id, actor_id, cluster_id
),
windows as (
    select here.*, case when here.actor_id = '(unassigned)' then here.prompts else sizes.prompts end as count
    from here
    join int_prompt_windows as sizes
        on sizes.actor_id = here.actor_id and sizes.window_day = here.window_day and sizes.cluster_id = here.cluster_id
),
times as (
    select
        windows.session_id, windows.cluster_id, min(clusters.ts) as first_at, max(clusters.ts) as last_at,
        count(distinct clusters.session_id) as sessions, count(distinct clusters.local_day) as days,
    from windows
    join int_prompt_clusters as clusters
        on clusters.actor_id = windows.actor_id and clusters.cluster_id = windows.cluster_id
        and clusters.local_day between windows.window_day - 27 and windows.window_day
        and (windows.actor_id <> '(unassigned)' or clusters.session_id = windows.session_id)
    where windows.count >= $least
    group by windows.session_id, windows.cluster_id
)
select
    windows.session_id, 'repeated_prompt' as finding, windows.count, windows.tokens, windows.cost_usd, times.first_at, times.last_at,
    concat('{"why":"', case
            when times.sessions = 1 then 'all in this session'
            else concat(windows.prompts, ' in this session, the rest in the 28 days up to it (other sessions: ', times.sessions - 1, ')')
        end, '","prompts_in_session":', windows.prompts,
        ',"variants_in_session":', windows.variants, ',"sessions":', times.sessions, ',"days":', times.days, ',"innocent":[', concat_ws(',',
            case when context.template_factor < 1 then concat('"a template that ', context.actors, ' people use"') end,
            case when context.evaluation_factor < 1 then concat('"a batch evaluation over ', context.evaluated_models, ' models"') end,
            case when context.slash_commands > 0 then concat('"', context.slash_commands, ' of them are slash commands"') end,
            case when context.linked_sessions > 0 then concat('"', context.linked_sessions, ' of the sessions left lines in a commit"') end), ']}') as evidence,
from windows
join times on times.session_id = windows.session_id and times.cluster_id = windows.cluster_id
left join int_prompt_cluster_context as context on context.actor_id = windows.actor_id and context.cluster_id = windows.cluster_id
where windows.count >= $least
