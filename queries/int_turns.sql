-- model: int_turns
-- grain: one prompt that was not written by another agent, with the completions that answer it
-- reads: stg_events
-- measures: what followed a prompt until the next one of its session, subagents included. The same prompt sent again within
--   retry_seconds of an error or interruption is one prompt: the repetition begins no turn, its tokens belong to the first
-- reference: signals.md 1.4
-- params: retry_seconds = 120
with steps as (
    select
        event_key, ts, local_ts, iso_week, root_session_id as session_id, actor_id, team_id, role, actor_kind, kind, trigger,
        client, model, marker, command, masked_hash, text_words, tokens, cost_usd,
        kind = 'prompt' and marker is distinct from 'interrupt' as is_prompt,
        case
            when marker = 'interrupt' or (kind = 'completion' and is_error) then arrow_cast(ts, 'Int64')
        end as failed_us,
        arrow_cast(ts, 'Int64') as us
    from stg_events
    where (kind = 'prompt' and trigger <> 'agent') or kind = 'completion'
),
looked_back as (
    select
        *,
        max(failed_us) over (
            partition by session_id order by us, not is_prompt, event_key rows between unbounded preceding and 1 preceding
        ) as last_failure_us,
        case when is_prompt then lag(us) over (partition by session_id, is_prompt, masked_hash order by us, event_key) end
            as last_same_us
    from steps
),
marked as (
    select
        *,
        coalesce(
            masked_hash is not null
            and last_failure_us >= last_same_us
            and us - last_failure_us <= $retry_seconds * 1000000,
            false
        ) as is_retry
    from looked_back
),
assigned as (
    select
        *,
        sum(case when is_prompt and not is_retry then 1 else 0 end) over (
            partition by session_id order by us, not is_prompt, event_key rows between unbounded preceding and current row
        ) as turn
    from marked
),
turns as (
    select
        first_value(event_key order by us, not is_prompt, event_key) as event_key,
        min(ts) as ts,
        first_value(local_ts order by us, not is_prompt, event_key) as local_ts,
        first_value(iso_week order by us, not is_prompt, event_key) as iso_week,
        session_id,
        turn,
        first_value(actor_id order by us, not is_prompt, event_key) as actor_id,
        first_value(team_id order by us, not is_prompt, event_key) as team_id,
        first_value(role order by us, not is_prompt, event_key) as role,
        first_value(actor_kind order by us, not is_prompt, event_key) as actor_kind,
        first_value(trigger order by us, not is_prompt, event_key) as trigger,
        first_value(client order by us, not is_prompt, event_key) as client,
        first_value(marker order by us, not is_prompt, event_key) as marker,
        first_value(command order by us, not is_prompt, event_key) as command,
        first_value(masked_hash order by us, not is_prompt, event_key) as masked_hash,
        first_value(text_words order by us, not is_prompt, event_key) as text_words,
        count(*) filter (where is_retry) as retries,
        count(*) filter (where kind = 'completion') as completions,
        min(model) filter (where kind = 'completion') as model,
        sum(tokens) as tokens,
        sum(cost_usd) as cost_usd
    from assigned
    where turn > 0
    group by session_id, turn
)
select t.*, e.shingles, e.bands
from turns as t
inner join stg_events as e on t.event_key = e.event_key and e.kind = 'prompt'
