-- model: int_commit_use
-- grain: one landed commit
-- reads: stg_outcomes, int_outcome_refs, int_as_of
-- family: NO-CONSUMPTION
-- measures: what became of it: the share of its lines that is alive, once it is $survival_days days old (younger ones are censored and count as
--   alive, as do those whose survival nobody measured; reverted ones are not landed); and whether another person touched one of its files, named
--   it, or reviewed its pull request; a service account is no person. used_share is the product, an untouched commit counting $untouched
-- innocent: where only one person commits to a repository, or paths are unknown, nobody else can be expected
-- evasion: junk commits and generated documents are alive but untouched, whatever bots deploy, name or review; editing a file that everybody edits passes
-- reference: signals.md S4 (alive at 30 days, second person)
-- params: survival_days = 30, untouched = 0.75
with outcomes as (
    select outcome_key, outcome_id, kind, status, actor_id, actor_kind, repo, ts, paths, lines_added, lines_surviving from stg_outcomes
),
commits as (
    select * from outcomes where kind = 'commit' and status = 'landed'
),
authors as (
    select repo, count(distinct case when actor_kind <> 'service' then actor_id end) as people from commits group by repo
),
touched_paths as (
    select repo, path, count(distinct case when actor_kind <> 'service' then actor_id end) as people
    from (select repo, actor_id, actor_kind, unnest(paths) as path from outcomes where cardinality(paths) > 0)
    group by repo, path
),
commit_paths as (
    select outcome_id, actor_kind, repo, unnest(paths) as path from commits where cardinality(paths) > 0
),
touches as (
    select commit_paths.outcome_id, bool_or(touched_paths.people > case when commit_paths.actor_kind = 'service' then 0 else 1 end) as is_touched
    from commit_paths
    join touched_paths on touched_paths.repo = commit_paths.repo and touched_paths.path = commit_paths.path
    group by commit_paths.outcome_id
),
names as (
    select outcome_key, named_key from int_outcome_refs
    union
    select named_key as outcome_key, outcome_key as named_key from int_outcome_refs
),
requests as (
    select commits.outcome_id, names.outcome_key
    from commits
    join names on names.named_key = commits.outcome_key
    join outcomes as requests on requests.outcome_key = names.outcome_key and requests.kind = 'pull_request'
),
named as (
    select commits.outcome_id
    from commits
    join int_outcome_refs as refs on refs.named_key = commits.outcome_key
    join outcomes as others on others.outcome_key = refs.outcome_key and others.actor_id <> commits.actor_id and others.actor_kind <> 'service'
    union
    select requests.outcome_id
    from requests
    join commits on commits.outcome_id = requests.outcome_id
    join int_outcome_refs as refs on refs.named_key = requests.outcome_key
    join outcomes as reviews on reviews.outcome_key = refs.outcome_key and reviews.kind = 'review' and reviews.actor_id <> commits.actor_id and reviews.actor_kind <> 'service'
),
judged as (
    select
        commits.outcome_id,
        case
            when date_part('epoch', int_as_of.as_of) - date_part('epoch', commits.ts) >= $survival_days * 86400.0 and commits.lines_added > 0
                then coalesce(least(1.0, cast(commits.lines_surviving as double) / commits.lines_added), 1.0)
            else 1.0
        end as alive_share,
        coalesce(authors.people, 1) < 2 or coalesce(touches.is_touched, true) or named.outcome_id is not null as is_touched,
    from commits
    cross join int_as_of
    left join authors on authors.repo = commits.repo
    left join touches on touches.outcome_id = commits.outcome_id
    left join named on named.outcome_id = commits.outcome_id
)
select
    outcome_id, min(alive_share) as alive_share, bool_or(is_touched) as is_touched,
    min(alive_share) * case when bool_or(is_touched) then 1.0 else $untouched end as used_share,
from judged
group by outcome_id
