-- model: rpt_linked_weeks
-- grain: one actor, team and ISO week in local time, with tokens of sessions that are linked to an outcome or of which nobody can tell
-- reads: fct_sessions, rpt_session_links, stg_events
-- measures: tokens of the week in which they were used, as in fct_actor_weeks, by what came of their session, whenever that began. So what is
--   linked is a lower bound of the week's tokens with an outcome, and with what is unknown an upper one; neither is ever more than all of them
-- reference: outputs.md teams.tokens_with_outcome
-- part: person
select
    s.actor_id,
    s.team_id,
    e.iso_week,
    coalesce(sum(e.tokens) filter (where l.outcome_link = 'linked'), 0) as linked_tokens,
    coalesce(sum(e.tokens) filter (where l.outcome_link = 'unknown'), 0) as unknown_tokens
from fct_sessions as s
inner join rpt_session_links as l on s.session_id = l.session_id
inner join stg_events as e on s.session_id = e.root_session_id
where l.outcome_link in ('linked', 'unknown') and e.tokens > 0
group by s.actor_id, s.team_id, e.iso_week
