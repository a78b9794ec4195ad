-- model: int_repo_pairs
-- grain: one pair of spellings of the same repository: as an event has it, as an outcome has it
-- reads: int_repos, events, outcomes
-- measures: two remotes are one repository when they agree; a directory and anything else when their last names agree, or when
--   the event's directory lies in the outcome's. A working copy under another name stays unmatched, which coverage shows
with logged as (
    select r.*
    from int_repos as r
    inner join (select distinct repo from events) as e on r.repo = e.repo
    where r.name <> ''
),
landed as (
    select r.*
    from int_repos as r
    inner join (select distinct repo from outcomes) as o on r.repo = o.repo
    where r.name <> ''
)
select logged.repo, landed.repo as outcome_repo
from logged
inner join landed on logged.name = landed.name
where logged.remote = landed.remote or logged.remote is null or landed.remote is null
union
select logged.repo, landed.repo as outcome_repo
from logged
inner join landed on starts_with(logged.place, landed.place || '/')
where logged.remote is null and landed.remote is null
