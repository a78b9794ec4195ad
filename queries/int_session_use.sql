-- model: int_session_use
-- grain: one session that an outcome names or shares lines with
-- reads: fct_attribution, int_commit_use, int_as_of
-- measures: used_share, what came of the best of the session's outcomes: 1 for one that landed, a landed commit by what became of it (int_commit_use: alive at 30 days, touched by
--   another person), 0 for one that was abandoned or taken back. What is not decided yet counts as used for $open_days days: unknown use is no missing use
-- innocent: where one person alone commits, or survival was not measured, a landed commit is used
-- evasion: a line in a file that others edit too, and that stays, is used
-- reference: signals.md S1 (uptake of the cluster's outputs), S4 (alive at 30 days, second person)
-- params: open_days = 30
select
    links.session_id,
    max(case
        when links.status = 'landed' then case when links.outcome_kind = 'commit' then coalesce(uses.used_share, 1.0) else 1.0 end
        when links.status = 'open' and date_part('epoch', int_as_of.as_of) - date_part('epoch', links.outcome_ts) < $open_days * 86400.0 then 1.0
        else 0.0
    end) as used_share,
from fct_attribution as links
cross join int_as_of
left join int_commit_use as uses on uses.outcome_id = links.outcome_id
where links.tier in ('explicit', 'lines')
group by links.session_id
