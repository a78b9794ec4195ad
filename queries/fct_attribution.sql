-- model: fct_attribution
-- grain: one session and one outcome that belong together
-- reads: int_links_explicit, int_links_lines, int_links_files, int_links_window, stg_outcomes, fct_sessions
-- measures: each pair once, with its best tier: explicit before lines before files before window. `lines_matched` is told
--   whatever the tier. Links say that work and outcome go together, not that the outcome is good: see `status`
-- reference: outputs.md
with links as (
    select session_id, outcome_key, 1 as place, 'explicit' as tier, confidence, lines_matched
    from int_links_explicit
    union all
    select session_id, outcome_key, 2 as place, 'lines' as tier, confidence, lines_matched
    from int_links_lines
    union all
    select session_id, outcome_key, 3 as place, 'files' as tier, confidence, cast(null as bigint) as lines_matched
    from int_links_files
    union all
    select session_id, outcome_key, 4 as place, 'window' as tier, confidence, cast(null as bigint) as lines_matched
    from int_links_window
),
best as (
    select
        session_id,
        outcome_key,
        first_value(tier order by place) as tier,
        first_value(confidence order by place) as confidence,
        coalesce(max(lines_matched), 0) as lines_matched
    from links
    group by session_id, outcome_key
)
select
    b.session_id,
    o.outcome_id,
    s.actor_id,
    b.tier,
    b.confidence,
    b.lines_matched,
    b.outcome_key,
    o.kind as outcome_kind,
    o.status,
    o.ts as outcome_ts
from best as b
inner join fct_sessions as s on b.session_id = s.session_id
inner join stg_outcomes as o on b.outcome_key = o.outcome_key
