-- model: sig_low_output_novelty
-- grain: one root session
-- reads: fct_sessions, int_novel_sessions, int_batch_evaluations, int_on_call_sessions, int_learning_sessions, int_session_use
-- family: REDUNDANCY
-- measures: the share of the session's long outputs, by sampled word shingles, that the actor was already given within 28 days or had
--   supplied themselves: the definition's cheap form of (C(h o) - C(h)) / C(o). The lake keeps no texts, so nothing is compressed against another and there is no NCD
-- suggests: the same answer produced again, whatever words asked for it
-- innocent: weighs no more than a Chernoff bound on so many unusual sessions of the actor in 28 days (int_novel_sessions), so it must recur; recurring reports, translations, generated code: what landed takes the evidence by the share of the actor's sessions
--   with $known or more known that was used (int_session_use); batch evaluations; on call, discount $on_call; whoever learns asks the same again and is answered the same, discount $learning; fenced code is not read, so rewritten files are no repetition
-- abstains: declared automation, service accounts; actor unknown; no long output that can be compared: no text in the log, or only what subagents or a schedule said, or phrases that many people are given; less
--   than $own of the session is outside batch evaluations; fewer than $min_outputs long outputs of the actor that can be compared in 28 days; fewer than $min_sampled sampled shingles in the session
-- evasion: random text or poems are new: novelty is never exculpatory; sig_orphan_output asks what became of it, and of what subagents are had to write, which is not read here; sig_loop_no_progress reads their calls
-- reference: signals.md S5; Cilibrasi and Vitanyi 2005; Cebrian, Alfonseca and Ortega 2005
-- params: min_outputs = 5, min_sampled = 10, on_call = 0.2, learning = 0.2, known = 0.25, own = 0.5
with legible as (select * from int_novel_sessions),
uptakes as (
    select legible.actor_id, cast(coalesce(sum(cast(uses.used_share as decimal(38, 15))), 0) as double) / count(*) as uptake -- decimals have one sum, in any order
    from legible
    left join int_session_use as uses on uses.session_id = legible.session_id
    where cast(legible.known as double) / legible.sampled >= $known
    group by legible.actor_id
),
judged as (
    select
        sessions.*, legible.most_db, legible.outputs, legible.sampled, legible.known, legible.low_outputs, legible.unusual_sessions,
        legible.nearest_session, legible.nearest_shingles, legible.window_outputs,
        coalesce(evaluations.factor, 1.0) as evaluation_factor, case when on_call.session_id is null then 1.0 else $on_call end as on_call_factor,
        case when learning.session_id is null then 1.0 else $learning end as learning_factor, learning.why as learning_why,
        round(1.0 - coalesce(uptakes.uptake, 0.0), 4) as uptake_factor, -- what is known of use excuses, whatever the coverage
        case
            when sessions.declared or sessions.trigger = 'schedule' or sessions.actor_kind = 'service' then 'declared automation'
            when sessions.actor_id = '(unassigned)' then 'actor unknown'
            when legible.session_id is null then case when evaluations.factor < $own then 'batch evaluation' else 'no long output that can be compared' end
            when legible.window_outputs < $min_outputs then concat('fewer than ', $min_outputs, ' long outputs that can be compared in 28 days')
            when legible.sampled < $min_sampled then concat('fewer than ', $min_sampled, ' sampled shingles')
        end as abstain_reason,
    from fct_sessions as sessions
    left join legible on legible.session_id = sessions.session_id and legible.actor_id = sessions.actor_id
    left join uptakes on uptakes.actor_id = sessions.actor_id
    left join int_batch_evaluations as evaluations on evaluations.session_id = sessions.session_id
    left join int_on_call_sessions as on_call on on_call.session_id = sessions.session_id
    left join int_learning_sessions as learning on learning.session_id = sessions.session_id
)
select
    'session' as scope, session_id as unit_id, actor_id, iso_week,
    case when abstain_reason is null then round(cast(known as double) / sampled, 9) end as value, coalesce(outputs, 0) as n,
    case when abstain_reason is null then 'speak' else 'abstain' end as status, abstain_reason,
    evaluation_factor * on_call_factor * learning_factor * uptake_factor as discount, 0.0 as exculpation_db,
    case when abstain_reason is null then round(most_db, 2) end as most_db,
    concat('{"outputs":', coalesce(outputs, 0), ',"outputs_under_novelty":', coalesce(low_outputs, 0), ',"unusual_sessions_28_days":', coalesce(unusual_sessions, 0), ',"outputs_28_days":', coalesce(window_outputs, 0),
        ',"sampled_shingles":', coalesce(sampled, 0), ',"known_shingles":', coalesce(known, 0), ',"nearest_earlier_session":"', coalesce(regexp_replace(nearest_session, '[^A-Za-z0-9._:/ -]', '_', 'g'), ''), '","shared_shingles":', coalesce(nearest_shingles, 0),
        ',"new_shingles_per_1000_output_tokens":', coalesce(cast(round(4000.0 * (sampled - known) / nullif(output_tokens, 0), 1) as varchar), 'null'), ',"discounts":[', concat_ws(',',
            case when evaluation_factor < 1 then concat('{"why":"batch evaluation over models","factor":', evaluation_factor, '}') end,
            case when on_call_factor < 1 then concat('{"why":"on call","factor":', on_call_factor, '}') end,
            case when learning_factor < 1 then concat('{"why":"', learning_why, '","factor":', learning_factor, '}') end,
            case when uptake_factor < 1 then concat('{"why":"results of such sessions were used","factor":', uptake_factor, '}') end), ']}') as evidence,
from judged
