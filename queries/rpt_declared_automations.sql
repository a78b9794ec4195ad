-- model: rpt_declared_automations
-- grain: one job: a declaration, a schedule of a platform, a service account; or what schedules of a tool began and nobody declared
-- reads: int_declared_jobs, int_automation_runs, fct_sessions, rpt_session_links, int_session_uptake, stg_events, facts
-- measures: what each job ran and cost, and what became of its output. A run was taken up where an outcome is linked to it or a line of it landed
--   (rpt_session_links, int_session_uptake), and was not where its new lines in known repositories are old enough, its outcomes are known and none is linked, or where it wrote none and
--   nothing of it was delivered. Of every other run uptake is not known, and it is in no share: a job that posts to a chat has no sink here. Cost is null where no run has a price
-- suggests: a job that costs much and whose output nobody takes up is its owner's to look at; so is automation that nobody declared
-- innocent: a watch that finds nothing is doing its job; what it prevents is in no log
-- reference: signals.md 1.6, and section 2, evasion register: declare everything as scheduled
with deliveries as (
    select session_id, bool_or(value = 'delivered') as is_delivered, bool_or(value = 'not_delivered') as is_undelivered
    from facts
    where name = 'delivery'
    group by session_id
),
senders as (
    select distinct root_session_id as session_id from stg_events where kind = 'tool_call' and effect = 'send' and is_error is not true
),
runs as (
    select
        r.kind, r.job, r.schedule, r.owner, r.actor_id, r.is_person, s.iso_week, s.tokens, s.cost_usd, u.lines, u.landed_lines,
        case
            when l.outcome_link = 'linked' or u.landed_lines > 0 then true
            when u.lines > 0 then case when l.outcome_link = 'none' and not u.is_young then false end
            when u.elsewhere_lines > 0 then null
            when d.is_undelivered and not d.is_delivered and e.session_id is null then false
        end as taken_up
    from int_automation_runs as r
    inner join fct_sessions as s on r.session_id = s.session_id
    inner join rpt_session_links as l on r.session_id = l.session_id
    left join int_session_uptake as u on r.session_id = u.session_id
    left join deliveries as d on r.session_id = d.session_id
    left join senders as e on r.session_id = e.session_id
),
ran as (
    select
        kind, job,
        min(schedule) as schedule,
        count(distinct schedule) as schedules,
        min(owner) as owner,
        count(distinct owner) as owners,
        count(distinct actor_id) filter (where is_person) as people,
        count(*) as runs,
        count(distinct iso_week) as weeks,
        sum(tokens) as tokens,
        sum(cost_usd) as cost_usd,
        count(*) filter (where tokens > 0 and cost_usd is null) as unpriced_runs,
        count(*) filter (where taken_up is not null) as followed_runs,
        count(*) filter (where taken_up) as taken_up_runs,
        coalesce(sum(lines) filter (where taken_up is not null), 0) as lines,
        coalesce(sum(landed_lines) filter (where taken_up is not null), 0) as landed_lines,
        sum(cost_usd) filter (where not taken_up) as cost_not_taken_up_usd
    from runs
    group by kind, job
),
named as (
    select kind, job, min(schedule) as schedule, count(distinct schedule) as schedules, min(owner) as owner, count(distinct owner) as owners
    from int_declared_jobs
    group by kind, job
)
select
    coalesce(r.kind, n.kind) as kind,
    coalesce(r.job, n.job) as job,
    case when coalesce(r.schedules, n.schedules) = 1 then coalesce(r.schedule, n.schedule) end as schedule,
    case when coalesce(r.owners, n.owners) = 1 then coalesce(r.owner, n.owner) end as owner,
    coalesce(r.people, 0) as people,
    coalesce(r.runs, 0) as runs,
    coalesce(r.weeks, 0) as weeks,
    r.tokens, r.cost_usd,
    coalesce(r.unpriced_runs, 0) as unpriced_runs,
    coalesce(r.followed_runs, 0) as followed_runs,
    case when r.followed_runs > 0 then r.taken_up_runs end as taken_up_runs,
    case when r.followed_runs > 0 then cast(r.taken_up_runs as double) / r.followed_runs end as uptake,
    coalesce(r.lines, 0) as lines,
    case when r.followed_runs > 0 then r.landed_lines end as landed_lines,
    r.cost_not_taken_up_usd
from ran as r
full join named as n on r.kind = n.kind and r.job = n.job
order by kind, job
