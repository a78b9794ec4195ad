-- model: int_answers
-- grain: one logical human prompt
-- reads: int_turns, int_prompts, stg_events
-- measures: what answered it until the next prompt of the session: output tokens (null when none was reported; visible ones without reasoning), characters of visible output (null without
--   text), tool calls, edits, the model of the first completion, cost, and tokens weighed by what they commonly cost against fresh input (output 5, cache read 0.1, cache write 1.25).
--   supplied_tokens is the size of the prompt where the log has no text: its stated length in tokens of four characters, else what the context of the first completion has more than the context and the output of the thread's completion
--   before it, reasoning left out where the client did not keep it. Null for the first of a thread, and where the context was compacted
-- reference: signals.md S6; the ratios are those of most price lists
-- part: person
with contexts as (
    select
        root_session_id as session_id, session_id as thread, arrow_cast(ts, 'Int64') as us, byte_offset, event_key, model, output_tokens,
        greatest(output_tokens - coalesce(reasoning_tokens, 0), 0) as visible_tokens, input_tokens + coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0) as context,
        text_chars as output_chars,
        case when cost_usd > 0 then coalesce(input_tokens, 0) + 5.0 * coalesce(output_tokens, 0) + 0.1 * coalesce(cache_read_tokens, 0) + 1.25 * coalesce(cache_write_tokens, 0) end as weighed_tokens,
        cast(cost_usd as double) as cost_usd,
    from stg_events
    where kind = 'completion'
),
-- Windows over everything, here and below: one a thread or session would be a few rows each.
growths as (
    select
        *,
        case when lag(thread) over before = thread then context - lag(context + output_tokens) over before end as with_reasoning,
        case when lag(thread) over before = thread then context - lag(context + visible_tokens) over before end as without_reasoning,
    from contexts
    window before as (order by thread, us, byte_offset, event_key)
),
steps as (
    select
        session_id, arrow_cast(ts, 'Int64') as us, event_key, 0 as place, cast(null as varchar) as model,
        cast(null as bigint) as output_tokens, cast(null as bigint) as visible_tokens, cast(null as bigint) as supplied_tokens, cast(null as bigint) as output_chars, cast(null as double) as weighed_tokens, cast(null as double) as cost_usd, 0 as calls, 0 as edits,
    from int_turns
    union all
    select
        session_id, us, event_key, 1 as place, model, output_tokens, visible_tokens,
        case when with_reasoning >= 0 then with_reasoning when without_reasoning >= 0 then without_reasoning end as supplied_tokens,
        output_chars, weighed_tokens, cost_usd, 0 as calls, 0 as edits,
    from growths
    union all
    select
        root_session_id as session_id, arrow_cast(ts, 'Int64') as us, event_key, 1 as place, model, output_tokens,
        cast(null as bigint) as visible_tokens, cast(null as bigint) as supplied_tokens, cast(null as bigint) as output_chars,
        case when cost_usd > 0 then coalesce(input_tokens, 0) + 5.0 * coalesce(output_tokens, 0) + 0.1 * coalesce(cache_read_tokens, 0) + 1.25 * coalesce(cache_write_tokens, 0) end as weighed_tokens,
        cast(cost_usd as double) as cost_usd, 1 as calls, case when effect = 'write' then 1 else 0 end as edits,
    from stg_events
    where kind = 'tool_call'
),
assigned as (
    select
        *, sum(case when place = 0 then 1 else 0 end) over (order by session_id, us, place, event_key rows between unbounded preceding and current row) as turn
    from steps
),
turns as (
    select
        session_id, turn,
        min(event_key) filter (where place = 0) as event_key,
        first_value(model order by model is null, us, event_key) as model,
        first_value(supplied_tokens order by calls, us, event_key) filter (where place = 1) as supplied_tokens,
        sum(output_tokens) as output_tokens, sum(visible_tokens) as visible_tokens, sum(output_chars) as output_chars, sum(weighed_tokens) as weighed_tokens, sum(cost_usd) as cost_usd,
        sum(calls) as calls, sum(edits) as edits, count(*) filter (where place = 1 and calls = 0) as completions,
    from assigned
    group by session_id, turn
    having min(event_key) filter (where place = 0) is not null
)
select
    prompts.event_key, prompts.session_id, prompts.actor_id, prompts.role, split_part(prompts.client, '/', 1) as client_name,
    cast(prompts.local_ts as date) as local_day, prompts.iso_week, prompts.text_words,
    turns.model, coalesce((prompts.stated_chars + 3) / 4, turns.supplied_tokens) as supplied_tokens, turns.output_tokens, turns.visible_tokens, turns.output_chars, turns.weighed_tokens, turns.cost_usd, turns.calls, turns.edits, turns.completions,
from int_prompts as prompts
join turns on turns.event_key = prompts.event_key
