-- model: int_links_lines
-- grain: one session and one outcome that added the same lines
-- reads: int_shared_lines, stg_outcomes, fct_sessions, int_repo_pairs
-- measures: distinct lines that the session's edits and the commit both added (int_shared_lines). The commit is the session's actor's; where the log does not say who that is, it is in the session's repository. It is of $horizon_days days
--   after the session at most, of $merge_days where it landed: a squash or a rebase has the date of its merge
-- innocent: generated code and moved files carry lines without anybody typing them
-- reference: signals.md S4; confidence is a judgement: from .5 up with the share of the smaller side and the number of lines
-- params: least_lines = 3, early_hours = 1, horizon_days = 14, merge_days = 60
with shared as (
    select session_id, outcome_key, sum(lines) as lines_matched from int_shared_lines group by session_id, outcome_key
),
judged as (
    select
        x.session_id,
        x.outcome_key,
        x.lines_matched,
        cast(x.lines_matched as double) / least(s.added_lines_count, cast(cardinality(o.added_lines) as bigint)) as share
    from shared as x
    inner join fct_sessions as s on x.session_id = s.session_id
    inner join stg_outcomes as o on x.outcome_key = o.outcome_key
    left join int_repo_pairs as p on s.repo = p.repo and o.repo = p.outcome_repo
    where arrow_cast(o.ts, 'Int64') between arrow_cast(s.started_at, 'Int64') - $early_hours * 3600000000
            and arrow_cast(s.ended_at, 'Int64') + case when o.status in ('landed', 'reverted') then $merge_days else $horizon_days end * 86400000000
        and case when s.actor_id = '(unassigned)' then p.repo is not null else s.actor_id = o.actor_id end
)
select
    session_id,
    outcome_key,
    lines_matched,
    0.5 + 0.5 * share * lines_matched / (lines_matched + 2) as confidence
from judged
where lines_matched >= $least_lines or share >= 1.0
