-- model: sig_prompt_repetition
-- grain: one root session
-- reads: fct_sessions, int_prompts, int_prompt_clusters, int_prompt_windows, int_prompt_bounds, int_prompt_cluster_context, int_learning_sessions, int_on_call_sessions
-- family: REDUNDANCY
-- measures: share of the session's prompts in clusters of >= $min_cluster near-identical prompts of the actor's trailing 28 days (those of batch evaluations not counted, nor of clusters that are mostly templates, workshops or slash commands), times what the
--   lower end of the 90 % Wilson interval of the re-issued share of those days, 1 - exp(H)/N with H the entropy of the cluster sizes, has above
--   the median of people with as many prompts, as a part of what is left above it (int_prompt_bounds). Where no prompt of the person has a text, prompts of one size are taken for near-identical (int_sized_prompts): the evidence
--   says so and weighs $by_size dB at most, since equal sizes are not yet equal texts
-- suggests: effort spent on issuing the same request again
-- innocent: weighs in full from $full on; slash commands, hand-off templates, batch evaluations, workshops, results that were used, first 60 days and training ($learning), on call
--   ($on_call): discounts; stop phrases
--   are dropped before. The share of the session's answer tokens that went to repeated prompts stands beside it, unscored
-- abstains: declared automation, service accounts; actor unknown; no logical human prompt, or the log does not say who prompted; neither text nor size of the prompts in the log; of those that no batch evaluation, template, workshop or command
--   explains under $min_prompts logical prompts or $min_days days; no cluster of $min_cluster
-- evasion: salted tails are contained (int_prompt_edges); paraphrase by a model, and words of one's own behind a command that others have: sig_low_output_novelty, and sig_loop_no_progress and
--   sig_orphan_output, which read no words; these two alone where a loop over several models passes for an evaluation
-- reference: signals.md S1; Jost 2006 (Hill numbers); Wilson 1927
-- params: min_prompts = 10, min_days = 2, min_cluster = 4, learning = 0.2, on_call = 0.2, full = 0.25, by_size = 3.0
-- part: person
with session_windows as (
    select session_id, actor_id, max(local_day) as window_day, count(*) as prompts, sum(tokens) as tokens, bool_or(masked_hash is null) as by_size from int_prompt_clusters group by session_id, actor_id
),
readings as (
    select
        clusters.session_id,
        count(*) as repeated_prompts, sum(clusters.tokens) as repeated_tokens, max(sizes.own_prompts) as cluster_size, min(sizes.first_day) as first_day,
        round(avg(context.template_factor), 4) as template_factor, round(avg(context.evaluation_factor), 4) as evaluation_factor,
        round(avg(context.workshop_factor), 4) as workshop_factor, round(avg(context.command_factor), 4) as command_factor, round(avg(context.uptake_factor), 4) as uptake_factor, round(avg(context.factor), 4) as factor,
    from session_windows
    join int_prompt_clusters as clusters on clusters.session_id = session_windows.session_id and clusters.actor_id = session_windows.actor_id
    join int_prompt_windows as sizes on sizes.actor_id = clusters.actor_id and sizes.window_day = session_windows.window_day and sizes.cluster_id = clusters.cluster_id
    left join int_prompt_cluster_context as context on context.actor_id = clusters.actor_id and context.cluster_id = clusters.cluster_id
    where sizes.own_prompts >= $min_cluster
    group by clusters.session_id
),
judged as (
    select
        sessions.session_id, sessions.actor_id, sessions.iso_week, session_windows.prompts as session_prompts, session_windows.tokens as answer_tokens, session_windows.by_size,
        case when learning.session_id is null then 1.0 else $learning end as learning_factor, learning.why as learning_why, case when on_call.session_id is null then 1.0 else $on_call end as on_call_factor,
        bounds.total, bounds.active_days, bounds.largest, bounds.repeated, bounds.repeated_low, bounds.usual_low, coalesce(cast(repeated_prompts as double) / session_windows.prompts * bounds.excess, 0.0) as reading, readings.*, case
            when sessions.declared or sessions.trigger = 'schedule' or sessions.actor_kind = 'service' then 'declared automation'
            when sessions.actor_id = '(unassigned)' then 'actor unknown'
            when session_windows.prompts is null then case
                when mute.session_id is not null then 'neither prompt text nor its size in the log'
                when sessions.trigger = 'unknown' and sessions.prompts > 0 then 'the log does not say who prompted' else 'no logical human prompt'
            end
            when coalesce(bounds.total, 0) < $min_prompts then concat('fewer than ', $min_prompts, ' logical prompts in 28 days that no batch, template, workshop or command explains')
            when bounds.active_days < $min_days then concat('prompts that no batch, template, workshop or command explains on fewer than ', $min_days, ' days')
            when bounds.largest < $min_cluster then concat('no cluster of ', $min_cluster, ' prompts that no batch, template, workshop or command explains')
        end as abstain_reason,
    from fct_sessions as sessions
    left join int_learning_sessions as learning on learning.session_id = sessions.session_id left join int_on_call_sessions as on_call on on_call.session_id = sessions.session_id
    left join session_windows on session_windows.session_id = sessions.session_id and session_windows.actor_id = sessions.actor_id
    left join (select distinct session_id from int_prompts where masked_hash is null) as mute on mute.session_id = sessions.session_id
    left join int_prompt_bounds as bounds on bounds.actor_id = session_windows.actor_id and bounds.window_day = session_windows.window_day
    left join (select session_id as reading_session, * except (session_id) from readings) as readings on readings.reading_session = sessions.session_id
)
select
    'session' as scope, session_id as unit_id, actor_id, iso_week,
    case when abstain_reason is null then round(reading, 9) when starts_with(abstain_reason, 'no cluster') then 0.0 end as value,
    cast(coalesce(total, 0) as bigint) as n,
    case when abstain_reason is null then 'speak' else 'abstain' end as status, abstain_reason,
    coalesce(factor, 1.0) * learning_factor * on_call_factor as discount, 0.0 as exculpation_db,
    case when abstain_reason is null then round(case when by_size then $by_size else 12.0 end * least(1.0, reading / $full), 2) end as most_db,
    concat('{"compared_by":"', case when by_size then 'size' else 'text' end, '","prompts":', coalesce(session_prompts, 0), ',"repeated_prompts":', coalesce(repeated_prompts, 0), ',"cluster_size":', coalesce(cluster_size, 0),
        ',"days":', coalesce(active_days, 0), ',"repeated_share":', coalesce(round(repeated, 4), 0.0), ',"repeated_low":', coalesce(round(repeated_low, 4), 0.0), ',"usual_low":', coalesce(round(usual_low, 4), 0.0),
        ',"repeated_token_share":', coalesce(cast(round(cast(repeated_tokens as double) / nullif(answer_tokens, 0), 4) as varchar), 'null'), ',"discounts":[', concat_ws(',',
            case when template_factor < 1 then concat('{"why":"hand-off template of several actors","factor":', template_factor, '}') end,
            case when evaluation_factor < 1 then concat('{"why":"batch evaluation over models","factor":', evaluation_factor, '}') end, case when command_factor < 1 then concat('{"why":"slash command","factor":', command_factor, '}') end,
            case when workshop_factor < 1 then concat('{"why":"workshop: typed by several people on one day","factor":', workshop_factor, '}') end,
            case when on_call_factor < 1 then concat('{"why":"on call","factor":', on_call_factor, '}') end, case when learning_factor < 1 then concat('{"why":"', learning_why, '","factor":', learning_factor, '}') end,
            case when uptake_factor < 1 then concat('{"why":"results of the cluster were used","factor":', uptake_factor, '}') end), ']}') as evidence,
from judged
