-- model: fct_line_survival
-- grain: one age in days of landed commits, and whether a session is linked to them by a named session or by lines
-- reads: stg_outcomes, fct_attribution, int_as_of
-- measures: lines that the commits added and how many of them are still there. Each commit was looked at once, so the time at which a line
--   went is unknown: survival at 30 days is the falling isotonic regression of the share still there on age (src/score/survival), in which
--   young commits are censored, not failed. Commits without a count of surviving lines are left out
-- reference: signals.md S4 (survival at 30 days); Groeneboom and Wellner 1992; Rahman and Shihab 2026
with linked as (
    select distinct outcome_id from fct_attribution where tier in ('explicit', 'lines')
),
aged as (
    select
        cast(floor((date_part('epoch', int_as_of.as_of) - date_part('epoch', stg_outcomes.ts)) / 86400.0) as bigint) as age_days,
        linked.outcome_id is not null as is_linked,
        stg_outcomes.lines_added,
        least(stg_outcomes.lines_surviving, stg_outcomes.lines_added) as lines_surviving,
    from stg_outcomes
    cross join int_as_of
    left join linked on linked.outcome_id = stg_outcomes.outcome_id
    where stg_outcomes.kind = 'commit' and stg_outcomes.status in ('landed', 'reverted')
        and stg_outcomes.lines_surviving is not null and stg_outcomes.lines_added > 0 and stg_outcomes.ts <= int_as_of.as_of
)
select age_days, is_linked, count(*) as commits, sum(lines_added) as lines, sum(lines_surviving) as surviving
from aged
group by age_days, is_linked
