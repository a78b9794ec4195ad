-- model: int_turns
-- grain: one prompt that was not written by another agent, with the completions that answer it
-- reads: stg_events
-- measures: what followed a prompt until the next one of its session, subagents included. The same prompt sent again within
--   retry_seconds of an error or interruption is one prompt: the repetition begins no turn, its tokens belong to the first
-- reference: signals.md 1.4
-- params: retry_seconds = 120
-- part: person
with steps as (
    select
        event_key, root_session_id as session_id, kind, model, masked_hash, tokens, cost_usd,
        kind = 'prompt' and marker is distinct from 'interrupt' as is_prompt,
        case
            when marker = 'interrupt' or (kind = 'completion' and is_error) then arrow_cast(ts, 'Int64')
        end as failed_us,
        arrow_cast(ts, 'Int64') as us
    from stg_events
    where (kind = 'prompt' and trigger <> 'agent') or kind = 'completion'
),
-- Windows over everything where that says the same: one a session or a text would be a few rows each.
texts as (
    select
        event_key,
        lag(session_id) over alike = session_id and lag(masked_hash) over alike = masked_hash as is_again,
        lag(us) over alike as last_same_us
    from steps
    where is_prompt and masked_hash is not null
    window alike as (order by session_id, masked_hash, us, event_key)
),
repeats as (
    select event_key, last_same_us from texts where is_again
),
looked_back as (
    select
        s.*,
        r.last_same_us,
        -- A window a session: without one the last that is not null is looked for ever farther back.
        max(s.failed_us) over (
            partition by s.session_id order by s.us, not s.is_prompt, s.event_key rows between unbounded preceding and 1 preceding
        ) as last_failure_us
    from repeats as r
    right join steps as s on s.event_key = r.event_key
),
marked as (
    select
        *,
        coalesce(last_failure_us >= last_same_us and us - last_failure_us <= $retry_seconds * 1000000, false) as is_retry
    from looked_back
),
assigned as (
    select
        *,
        sum(case when is_prompt and not is_retry then 1 else 0 end) over (
            order by session_id, us, not is_prompt, event_key rows between unbounded preceding and current row
        ) as turn
    from marked
),
turns as (
    select
        session_id,
        -- The prompt that begins the turn is the only one of it that is no retry.
        min(event_key) filter (where is_prompt and not is_retry) as event_key,
        count(*) filter (where is_retry) as retries,
        count(*) filter (where kind = 'completion') as completions,
        min(model) filter (where kind = 'completion') as model,
        sum(tokens) as tokens,
        sum(cost_usd) as cost_usd
    from assigned
    group by session_id, turn
    having count(*) filter (where is_prompt and not is_retry) > 0
)
select
    t.event_key, e.ts, e.local_ts, e.iso_week, t.session_id, e.actor_id, e.team_id, e.role, e.actor_kind, e.trigger,
    e.client, e.marker, e.command, e.text_hash, e.masked_hash, e.text_words, case when e.text_words is null then e.text_chars end as stated_chars,
    t.retries, t.completions, t.model, t.tokens, t.cost_usd, e.shingles, e.bands
from turns as t
inner join stg_events as e on t.event_key = e.event_key and e.kind = 'prompt'
