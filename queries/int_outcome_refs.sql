-- model: int_outcome_refs
-- grain: one outcome and one other outcome of the lake that it names
-- reads: outcomes, int_repos
-- measures: references followed: `#12` and `!12` are of the naming outcome's own repository, by its remote or, where it has none, by its last
--   name; everything else is an id as it stands. Compared without case. What the lake does not have is named by nobody
with named as (
    select outcome_key, repo, lower(unnest(refs)) as reference from outcomes where cardinality(refs) > 0
),
spelled as (
    select
        named.outcome_key,
        case
            when not regexp_like(named.reference, '^[#!]') then named.reference
            when int_repos.remote is not null then concat(regexp_replace(int_repos.remote, '^[^/]*/', ''), named.reference)
            else concat('/', int_repos.name, named.reference)
        end as id,
    from named
    left join int_repos on int_repos.repo = named.repo
),
known as (
    select outcome_key, lower(outcome_id) as id from outcomes
    union all
    select outcome_key, regexp_replace(lower(outcome_id), '^.*/', '/') as id from outcomes where regexp_like(outcome_id, '/[^/]*[#!][0-9]+$')
)
select distinct spelled.outcome_key, known.outcome_key as named_key
from spelled
inner join known on known.id = spelled.id
where known.outcome_key <> spelled.outcome_key
