-- model: int_repo_outcomes_until
-- grain: one repository of the outcomes, as logs spell it
-- reads: int_repo_pairs, stg_outcomes, int_outcomes_until
-- measures: the moment up to which the outcomes of this repository are known: its newest commit (its newest outcome where it has none) less
--   $lateness_hours hours, and int_outcomes_until at most, so that an export that ended does not pass for work that was left; and whether lines
--   of its commits are known (has_lines): where none are, no written line can be met again
-- innocent: where commits are rare the newest one is old, and more is left unjudged than need be
-- evasion: what is written where nobody commits is never old enough, as if the repository were not read at all
-- reference: signals.md 1.8, S4 (young sessions are censored, not failed); Akidau et al. 2015 (watermark)
-- params: lateness_hours = 72
with newest as (
    select
        repo,
        coalesce(max(ts) filter (where kind = 'commit'), max(ts)) as ts,
        coalesce(bool_or(kind = 'commit' and cardinality(added_lines) > 0), false) as has_lines
    from stg_outcomes
    where repo is not null
    group by repo
),
spelled as (
    select p.repo, max(n.ts) as ts, bool_or(n.has_lines) as has_lines
    from int_repo_pairs as p
    inner join newest as n on n.repo = p.outcome_repo
    group by p.repo
)
select
    s.repo,
    least(
        u.outcomes_until,
        arrow_cast(arrow_cast(s.ts, 'Int64') - cast(round($lateness_hours * 3600000000.0) as bigint), 'Timestamp(Microsecond, Some("UTC"))')
    ) as outcomes_until,
    s.has_lines
from spelled as s
cross join int_outcomes_until as u
