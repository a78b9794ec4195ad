-- model: int_repo_pairs
-- grain: one pair of spellings of the same repository: as an event has it, as an outcome has it
-- reads: int_repos, events, outcomes
with logged as (
    select distinct r.repo, r.remote, r.name
    from int_repos as r
    inner join (select distinct repo from events) as e on r.repo = e.repo
),
landed as (
    select distinct r.repo, r.remote, r.name
    from int_repos as r
    inner join (select distinct repo from outcomes) as o on r.repo = o.repo
)
select logged.repo, landed.repo as outcome_repo
from logged
inner join landed on logged.name = landed.name
where logged.name <> ''
    and (logged.remote = landed.remote or logged.remote is null or landed.remote is null)
