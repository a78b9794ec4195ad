-- model: rpt_reconciliation_accounts
-- grain: one month, scope and workspace or key, as the bill has it
-- reads: int_billed_asked
-- measures: what was billed to a group (workspace, project, sub-account), or to a key where a row has no group. The team is told where all rows have one. Of
--   a month that is asked for in part, the charges of those days
with dated as (
    select
        scope,
        cast(date_trunc('month', period_from) as date) as month,
        case when group_id is null then 'key' else 'group' end as kind,
        coalesce(group_id, key_id) as account,
        nullif(team_id, '(unassigned)') as team_id,
        tokens, cost_usd
    from int_billed_asked
    where coalesce(group_id, key_id) is not null
)
select
    scope, month, kind, account,
    case when min(team_id) = max(team_id) and count(team_id) = count(*) then min(team_id) end as team_id,
    sum(tokens) as tokens,
    sum(cost_usd) as cost_usd
from dated
group by 1, 2, 3, 4
