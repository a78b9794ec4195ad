-- model: fct_log_checks
-- grain: one session and one thing about its log that a log as it grows by itself seldom has
-- reads: int_log_clocks, int_log_rates, int_log_copies, int_log_patterns, int_session_roots
-- measures: facts about logs, with how many of a session's records they are true of. They say nothing about why, and nothing about a person
-- innocent: the models above name what else does this: jobs, caches, exports, clocks that were set right, shared accounts
with found as (
    select 'clock_backwards' as log_check, session_id, records, of_records, tokens, first_at, last_at, most_seconds_back as most
    from int_log_clocks
    union all
    select log_check, session_id, records, null, tokens, first_at, last_at, most from int_log_rates
    union all
    select log_check, session_id, records, null, tokens, first_at, last_at, null from int_log_copies
    union all
    select log_check, session_id, records, of_records, tokens, first_at, last_at, null from int_log_patterns
)
select
    f.log_check,
    coalesce(r.root_session_id, f.session_id) as session_id,
    sum(f.records) as records,
    sum(f.of_records) as of_records,
    sum(f.tokens) as tokens,
    min(f.first_at) as first_at,
    max(f.last_at) as last_at,
    max(f.most) as most
from found as f
left join int_session_roots as r on f.session_id = r.session_id
group by 1, 2
