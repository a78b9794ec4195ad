-- model: int_unattended
-- grain: one root session with a human turn
-- reads: int_attention, int_calls, stg_events, fct_attribution, facts
-- family: AGENT-WASTE
-- measures: what ran after the last human turn by more than the attention gap (int_attention). Tokens of a completion are its output and what its context has over
--   that of the completion before it in the thread, at most what was not read from a cache: what is sent again, after a cache has run out too, no one chose to send
-- innocent: sinks are outcomes that landed, or tickets that name the session, past the attention gap; deliveries, messages sent and tickets changed (`tickets` of the
--   `sends`) after the last turn. Of `untold` calls (of an unknown effect, or writes to a system of which no outcomes are read) it is not known whether they reached somebody:
--   only those count that were not answered, or whose end (beginning, where their duration is not told) lies past the gap, since none before it can have told what was done after it.
--   What a schedule began in somebody's session, its tokens and its calls, is not the person's
-- evasion: what landed while a person attended is no sink of what ran on alone
-- reference: signals.md S7
-- part: person
with limits as (
    select *, greatest(0.0, tail_seconds - attention_seconds) as unattended_seconds from int_attention
),
landed as (
    select distinct links.session_id
    from limits join fct_attribution as links on links.session_id = limits.session_id
    where links.tier in ('explicit', 'lines', 'files') and (links.status = 'landed' or links.outcome_kind = 'ticket')
        and date_part('epoch', links.outcome_ts) - date_part('epoch', limits.last_turn_at) > limits.attention_seconds
),
deliveries as (
    select
        facts.session_id,
        count(*) filter (where facts.value = 'delivered' and (facts.ts is null or facts.ts > limits.last_turn_at)) as delivered,
        count(*) filter (where facts.value = 'not_delivered') as not_delivered,
    from limits join facts on facts.session_id = limits.session_id
    where facts.name = 'delivery'
    group by facts.session_id
),
called as (
    select
        limits.session_id,
        count(*) filter (where calls.effect = 'send' or calls.effect = 'write' and calls.system = 'ticket') as sends,
        count(*) filter (where calls.effect in ('send', 'write') and calls.system = 'ticket') as tickets,
        count(*) filter (where (calls.effect is null or calls.effect = 'write'
            and coalesce(calls.system, 'filesystem') not in ('filesystem', 'git', 'shell', 'database', 'memory', 'ticket'))
            and (calls.unanswered is true
                or date_part('epoch', calls.ts) + coalesce(calls.duration_ms, 0) / 1000.0 - date_part('epoch', limits.last_turn_at) > limits.attention_seconds)) as untold,
    from limits join int_calls as calls on calls.session_id = limits.session_id and calls.ts > limits.last_turn_at
    where not calls.is_error and calls.by_schedule is not true
    group by limits.session_id
),
contexts as (
    select
        limits.session_id, limits.last_turn_at, limits.attention_seconds, events.session_id as thread_id, events.ts, events.event_key, events.trigger, events.output_tokens,
        coalesce(events.input_tokens, 0) + coalesce(events.cache_write_tokens, 0) as uncached,
        coalesce(events.input_tokens, 0) + coalesce(events.cache_write_tokens, 0) + coalesce(events.cache_read_tokens, 0) as context,
    from limits join stg_events as events on events.root_session_id = limits.session_id
    where limits.unattended_seconds > 0 and events.tokens is not null
),
grown as (
    select *, greatest(0, context - coalesce(lag(context) over (partition by thread_id order by ts, event_key), 0)) as growth from contexts
),
spent as (
    select session_id, sum(coalesce(output_tokens, 0) + least(uncached, growth)) as tokens
    from grown where date_part('epoch', ts) - date_part('epoch', last_turn_at) > attention_seconds and (trigger is distinct from 'schedule')
    group by session_id
)
select
    limits.*,
    coalesce(spent.tokens, 0) as unattended_tokens,
    landed.session_id is not null as has_landed,
    coalesce(called.sends, 0) as sends,
    coalesce(called.tickets, 0) as tickets,
    coalesce(called.untold, 0) as untold,
    coalesce(deliveries.delivered, 0) as delivered,
    coalesce(deliveries.not_delivered, 0) as not_delivered,
    landed.session_id is not null or coalesce(called.sends, 0) > 0 or coalesce(deliveries.delivered, 0) > 0 as has_sink,
from limits
left join landed on landed.session_id = limits.session_id left join spent on spent.session_id = limits.session_id
left join called on called.session_id = limits.session_id left join deliveries on deliveries.session_id = limits.session_id
