-- model: int_requests_taken_back
-- grain: one pull request that landed and was taken back
-- reads: outcomes, int_outcome_refs
-- measures: two ways to know: a later request of the same repository whose branch begins with `revert-`, as the buttons of the forges name it,
--   landed and names it; or every commit of it that reached the default branch was reverted. A revert that was itself taken back has no effect,
--   nor has what takes back a revert and was taken back: chains of up to four reverts are followed
-- innocent: reverts made by hand under another branch name, without the sentence that git writes, are not seen
with requests as (
    select outcome_key, ts, repo, branch from outcomes where kind = 'pull_request' and status = 'landed'
),
reverts as (
    select reverts.outcome_key, taken.outcome_key as taken_key
    from requests as reverts
    inner join int_outcome_refs as refs on refs.outcome_key = reverts.outcome_key
    inner join requests as taken on taken.outcome_key = refs.named_key
    where starts_with(reverts.branch, 'revert-') and taken.repo = reverts.repo and taken.ts <= reverts.ts
),
-- Reverts that nothing takes back, then those that only reverts without effect take back.
last_reverts as (select * from reverts where outcome_key not in (select taken_key from reverts)),
standing as (
    select * from reverts
    where outcome_key not in (
        select taken_key from reverts where outcome_key not in (select taken_key from last_reverts)
    )
),
reverted_commits as (
    select requests.outcome_key as taken_key
    from requests
    inner join int_outcome_refs as refs on refs.outcome_key = requests.outcome_key
    inner join outcomes as commits on commits.outcome_key = refs.named_key
    where commits.kind = 'commit' and commits.status in ('landed', 'reverted')
    group by requests.outcome_key
    having bool_and(commits.status = 'reverted')
)
select taken_key as outcome_key from standing
union
select taken_key as outcome_key from reverted_commits
