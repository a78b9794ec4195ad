-- model: int_repos
-- grain: one spelling of a repository, as logs or outcomes have it
-- reads: events, outcomes
-- measures: the place with forward slashes and without `.git`, of a working tree that Claude Code made for itself
--   (`.claude/worktrees/<name>`) that of the repository it is in; the remote without scheme, credentials and port
--   (`github.com/o/r`), null for a directory; and the last name, in lower case
with spelled as (
    select repo from events where repo is not null
    union
    select repo from outcomes where repo is not null
),
trimmed as (
    select
        repo,
        regexp_replace(
            regexp_replace(replace(trim(repo), '\', '/'), '(\.git)?/*$', ''), '/\.claude/worktrees/[^/]+(/.*)?$', ''
        ) as place
    from spelled
),
split as (
    select
        repo,
        place,
        regexp_like(place, '^[a-z+]+://', 'i') and not starts_with(lower(place), 'file://') as is_url,
        regexp_like(place, '^[^/@]+@[^/:]+:') as is_scp,
        regexp_like(place, '^[a-z0-9-]+(\.[a-z0-9-]+)+/[^/]+/', 'i') as is_bare
    from trimmed
)
select
    repo,
    place,
    case
        when is_url then lower(regexp_replace(place, '^[A-Za-z+]+://([^/@]*@)?([^/:]+)(:[0-9]+)?/+', '\2/'))
        when is_scp then lower(regexp_replace(place, '^[^/@]+@([^/:]+):/*', '\1/'))
        when is_bare then lower(place)
    end as remote,
    lower(regexp_replace(place, '^.*[/:]', '')) as name
from split
