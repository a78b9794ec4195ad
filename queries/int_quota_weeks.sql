-- model: int_quota_weeks
-- grain: one weekly quota, known person and ISO week with use of their own
-- reads: fct_actor_weeks, quotas
-- family: INCENTIVE
-- measures: the week's official metric as a multiple of the quota (null for active_week), whether the week lies before or after the week of
--   the announcement (which is in neither, unless it was announced on its Monday), and whether it is a minimal check-in: one session, at most $prompts prompts, tokens in the
--   lowest $token_share of all person weeks, nothing that is known of landed
-- innocent: declared automation and what a schedule began is no use of a person's own
-- reference: signals.md S10
-- params: prompts = 2, token_share = 0.05
with weeks as (
    select * from fct_actor_weeks where actor_kind = 'person' and actor_id <> '(unassigned)' and (own_sessions > 0 or own_prompts > 0)
),
weekly_quotas as (
    select quota_id, metric, threshold, to_char(announced, '%G-W%V') as announced_week, date_part('dow', announced) = 1 as is_whole from quotas where period = 'week'
),
lows as (
    select percentile_cont($token_share) within group (order by own_tokens) as tokens from weeks
),
measured as (
    select
        quotas.quota_id,
        quotas.metric,
        quotas.threshold,
        weeks.actor_id,
        weeks.team_id,
        weeks.iso_week,
        case when weeks.iso_week < quotas.announced_week then 'before' when weeks.iso_week > quotas.announced_week or quotas.is_whole then 'after' else 'announced' end as phase,
        case quotas.metric
            when 'prompts' then cast(weeks.own_prompts as double)
            when 'sessions' then cast(weeks.own_sessions as double)
            when 'tokens' then cast(weeks.own_tokens as double)
            when 'cost_usd' then cast(weeks.own_cost_usd as double)
        end as amount,
        quotas.metric = 'active_week' and weeks.own_sessions = 1 and weeks.own_prompts <= $prompts
            and coalesce(weeks.own_tokens <= lows.tokens, false) and weeks.outcomes_seen = 0 as is_minimal,
    from weeks
    cross join weekly_quotas as quotas
    cross join lows
)
select *, amount / nullif(threshold, 0.0) as ratio from measured
