-- model: fct_sessions
-- grain: one root session, its subagents rolled up
-- reads: int_sessions, int_automation_runs, int_session_lines
-- measures: int_sessions with the lines it added, its stratum, and whether it was declared (int_automation_runs): an `[[automation]]`
--   names its actor or repository, its actor is a service, or a schedule of its platform names it
-- reference: outputs.md, signals.md 1.6
-- part: person
with lines as (
    select session_id, count(*) as added_lines_count from int_session_lines group by session_id
)
select
    s.session_id, s.actor_id, s.team_id, s.role, s.actor_kind, s.client,
    split_part(s.client, '/', 1) as client_name,
    s.trigger,
    coalesce(d.declared, false) as declared,
    s.started_at, s.ended_at, s.started_local, s.iso_week,
    cast(s.started_local as date) as local_day,
    s.prompts, s.human_prompts, s.completions, s.tool_calls, s.edits, s.errors,
    s.input_tokens, s.output_tokens, s.cache_read_tokens, s.cache_write_tokens, s.tokens, s.cost_usd,
    s.completions_without_usage, s.lower_bound_completions,
    coalesce(l.added_lines_count, 0) as added_lines_count,
    s.subagents, s.repo,
    concat(split_part(s.client, '/', 1), '|', s.role, '|', s.trigger) as stratum
from int_sessions as s
left join int_automation_runs as d on s.session_id = d.session_id
left join lines as l on s.session_id = l.session_id
