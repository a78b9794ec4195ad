-- model: int_counted_outcomes
-- grain: one piece of work that landed, for one person
-- reads: stg_outcomes, int_outcome_refs
-- measures: landed outcomes, each piece of work once where references link it: a person's commits of a pull request of their own are that request
--   (those from after it only mention it); a ticket or deployment that a request or commit of the same person names, or that names it, is
--   that request or commit; reviews of one thing are one, and what somebody says on their own request is none. A commit that several requests
--   name is of the first that landed, and a request without a commit of its own (a release of what others brought) is those others.
--   lines_surviving of a request is that of its own commits, where they are known. Whose references were never written, or who goes by two names, is counted twice
-- reference: schema.md, outcomes; the hour is for clocks that differ
-- params: late_seconds = 3600
with outcomes as (
    select outcome_key, outcome_id, kind, status, actor_id, ts, local_ts, iso_week, refs, lines_added, lines_surviving from stg_outcomes
),
links as (
    select outcome_key, named_key as other_key from int_outcome_refs
    union
    select named_key as outcome_key, outcome_key as other_key from int_outcome_refs
),
own_links as (
    select
        one.outcome_key, one.kind, one.lines_added, one.lines_surviving,
        other.outcome_key as other_key, other.kind as other_kind, other.status as other_status, other.ts as other_ts,
        arrow_cast(one.ts, 'Int64') <= arrow_cast(other.ts, 'Int64') + $late_seconds * 1000000 as is_before,
    from links
    inner join outcomes as one on one.outcome_key = links.outcome_key
    inner join outcomes as other on other.outcome_key = links.other_key and other.actor_id = one.actor_id
    where one.status = 'landed'
),
parts as (
    select * from own_links
    where case kind
        when 'commit' then other_kind = 'pull_request' and other_status = 'landed' and is_before
        when 'review' then other_kind = 'pull_request'
        when 'ticket' then other_kind in ('pull_request', 'commit') and other_status = 'landed'
        when 'deployment' then other_kind in ('pull_request', 'commit') and other_status = 'landed'
    end
),
request_commits as (
    select
        other_key as outcome_key, lines_added, lines_surviving,
        other_key = first_value(other_key) over (partition by outcome_key order by other_ts, other_key) as is_own
    from parts
    where kind = 'commit'
),
request_lines as (
    select
        outcome_key, bool_or(is_own) as has_own,
        sum(lines_added) filter (where is_own) as lines_added,
        sum(lines_surviving) filter (where is_own) as lines_surviving
    from request_commits
    group by outcome_key
),
whole as (
    select outcomes.* from outcomes left join parts on parts.outcome_key = outcomes.outcome_key
    where outcomes.status = 'landed' and parts.outcome_key is null
),
first_reviews as (
    select first_value(outcome_key order by ts, outcome_id) as outcome_key
    from whole
    where kind = 'review'
    group by actor_id, coalesce(lower(refs[1]), outcome_id)
)
select
    whole.outcome_key, whole.outcome_id, whole.kind, whole.actor_id, whole.ts, whole.local_ts, whole.iso_week,
    coalesce(request_lines.lines_added, whole.lines_added) as lines_added,
    coalesce(whole.lines_surviving, request_lines.lines_surviving) as lines_surviving,
from whole
left join request_lines on request_lines.outcome_key = whole.outcome_key
left join first_reviews on first_reviews.outcome_key = whole.outcome_key
where (whole.kind <> 'review' or first_reviews.outcome_key is not null) and coalesce(request_lines.has_own, true)
