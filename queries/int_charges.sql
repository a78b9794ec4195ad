-- model: int_charges
-- grain: one row of a bill or of a vendor's admin report that says what was used or charged
-- reads: aggregates, aggregate_identities, actors, int_model_names
-- measures: who used how many tokens and was charged how much, by UTC day, or by month where a bill has nothing finer. `scope` is what a
--   row speaks for: a tool (`cursor`; Copilot's CLI is Copilot), else the maker of the model. `host` is who runs the model where that is not who
--   the scope names (a cloud): its use is in no report of the maker's. Several reports of one use all stand here; `report_rank` is smaller for
--   the finer: a vendor's own, then a cloud's bill, then a gateway's log. Claude Code analytics repeats what the API's reports hold, but for
--   subscriptions
-- reference: formats.md sections 7, 8 and 12
-- params: since = '', as_of = ''
with charges as (
    select
        a.report, a.dimension, a.client, a.provider, a.source, a.group_id, a.key_id, a.from_ts, a.to_ts, a.requests, a.cost_usd,
        n.name, n.maker,
        coalesce(who.actor_id, '(unassigned)') as actor_id,
        coalesce(p.team_id, t.team_id, '(unassigned)') as team_id,
        case
            when coalesce(a.input_tokens, a.output_tokens, a.cache_read_tokens, a.cache_write_tokens) is not null
                then coalesce(a.input_tokens, 0) + coalesce(a.output_tokens, 0)
                    + coalesce(a.cache_read_tokens, 0) + coalesce(a.cache_write_tokens, 0)
        end as tokens,
        case
            when a.report = 'focus.charges' then 3
            when a.report = 'requests' then 4
            when a.report in ('anthropic.claude_code', 'cursor.usage_csv', 'github_copilot.days') then 2
            else 1
        end as report_rank,
        max(case when a.report in ('anthropic.messages', 'anthropic.cost') then 1 else 0 end) over () as has_api_report
    from aggregates as a
    left join int_model_names as n on a.model = n.model
    left join aggregate_identities as who on coalesce(a.actor_id, a.key_id, a.group_id, '') = who.actor_raw
    left join actors as p on who.actor_id = p.actor_id
    left join (select distinct team_id from actors) as t on a.group_id = t.team_id
    where (a.from_ts >= cast(nullif($since, '') as timestamp with time zone) or $since = '')
        and (a.from_ts <= cast(nullif($as_of, '') as timestamp with time zone) or $as_of = '')
        and a.counted_by = 'vendor' and a.report not in ('github_copilot.seats', 'github_copilot.seat_bill')
),
scoped as (
    select
        *,
        case
            when report = 'anthropic.claude_code' and has_api_report = 0 then 'claude-code'
            when report = 'anthropic.claude_code' then 'anthropic'
            when client is not null then replace(client, 'copilot-cli', 'github-copilot')
            when coalesce(maker, '') <> '' then maker
            else lower(coalesce(provider, source))
        end as scope
    from charges
    where (tokens is not null or cost_usd is not null)
        and (report <> 'anthropic.claude_code' or has_api_report = 0 or coalesce(dimension, '') like '%customer=subscription%')
),
hosted as (
    select
        *,
        case
            when report not in ('focus.charges', 'requests') or client is not null then scope
            when regexp_like(lower(provider), 'bedrock|aws|amazon') then 'aws'
            when regexp_like(lower(provider), 'azure|microsoft') then 'azure'
            when regexp_like(lower(provider), 'vertex|gcp|google') then 'google'
            when report = 'requests' and has_focus = 0 or coalesce(provider, '') = '' or strpos(lower(provider), scope) > 0 then scope
            else lower(provider)
        end as host
    from (select *, max(case when report = 'focus.charges' then 1 else 0 end) over (partition by scope, lower(provider)) as has_focus from scoped)
),
dated as (
    select
        *,
        max(arrow_cast(to_ts, 'Int64') - arrow_cast(from_ts, 'Int64')) over (partition by scope) > 90000000000 as by_month,
        cast(arrow_cast(from_ts, 'Timestamp(Microsecond, None)') as date) as utc_day
    from hosted
)
select
    scope, host,
    case when by_month then 'month' else 'day' end as period,
    case when by_month then cast(date_trunc('month', utc_day) as date) else utc_day end as period_from,
    report, report_rank,
    coalesce(dimension, '') like '%customer=subscription%' as by_subscription,
    actor_id, team_id, group_id, key_id, name, tokens, cost_usd, requests
from dated
