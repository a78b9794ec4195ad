-- model: int_quota_weeks
-- grain: one weekly quota, known person and ISO week with use of their own
-- reads: fct_actor_weeks, fct_sessions, fct_attribution, quotas
-- family: INCENTIVE
-- measures: the week's official metric as a multiple of the quota (null for active_week), the sessions that the person began, whether the week lies before or after the week of
--   the announcement (which is in neither, unless it was announced on its Monday), and whether it is a minimal check-in: one session, at most $prompts prompts, tokens no more than in the
--   lowest $token_share of the weeks of more, which check-ins cannot fill, and no artifact: no session of the week wrote anything, is named by an outcome or shares lines or files with one. What the
--   person landed by hand is no artifact of the use. Null where tokens, or whether there was an artifact, are unknown
-- innocent: declared automation and what a schedule began is no use of a person's own; that nothing came of a week is known only where outcomes of the person are, or
--   where the log of that client shows what is written: a chat in a lake without outcomes is no check-in
-- reference: signals.md S10
-- params: prompts = 2, token_share = 0.05
with weeks as (
    select * from fct_actor_weeks where actor_kind = 'person' and actor_id <> '(unassigned)' and (own_sessions > 0 or own_prompts > 0)
),
weekly_quotas as (
    select quota_id, metric, threshold, to_char(announced, '%G-W%V') as announced_week, date_part('dow', announced) = 1 as is_whole from quotas where period = 'week'
),
lows as (
    select percentile_cont($token_share) within group (order by own_tokens) as tokens from weeks where own_sessions > 1 or own_prompts > $prompts
),
sessions as (
    select session_id, actor_id, iso_week, client_name, added_lines_count > 0 or edits > 0 as has_written from fct_sessions where not declared and trigger <> 'schedule'
),
linked as (
    select distinct session_id from fct_attribution where tier in ('explicit', 'lines', 'files')
),
writing_clients as (
    select distinct client_name from sessions where has_written
),
artifacts as (
    select sessions.actor_id, sessions.iso_week, bool_or(sessions.has_written or linked.session_id is not null) as has_artifact, bool_and(writing.client_name is not null) as is_shown
    from sessions
    left join linked on linked.session_id = sessions.session_id
    left join writing_clients as writing on writing.client_name = sessions.client_name
    group by sessions.actor_id, sessions.iso_week
),
measured as (
    select
        quotas.quota_id,
        quotas.metric,
        quotas.threshold,
        weeks.actor_id,
        weeks.team_id,
        weeks.iso_week,
        weeks.own_sessions,
        case when weeks.iso_week < quotas.announced_week then 'before' when weeks.iso_week > quotas.announced_week or quotas.is_whole then 'after' else 'announced' end as phase,
        case quotas.metric
            when 'prompts' then cast(weeks.own_prompts as double)
            when 'sessions' then cast(weeks.own_sessions as double)
            when 'tokens' then cast(weeks.own_tokens as double)
            when 'cost_usd' then cast(weeks.own_cost_usd as double)
        end as amount,
        quotas.metric = 'active_week' and weeks.own_sessions = 1 and weeks.own_prompts <= $prompts
            and weeks.own_tokens <= lows.tokens and not coalesce(artifacts.has_artifact, false)
            and case when weeks.outcomes is not null or artifacts.is_shown then true end as is_minimal,
    from weeks
    left join artifacts on artifacts.actor_id = weeks.actor_id and artifacts.iso_week = weeks.iso_week
    cross join weekly_quotas as quotas
    cross join lows
)
select *, amount / nullif(threshold, 0.0) as ratio from measured
