-- model: int_prompts
-- grain: one prompt that a person typed, retries collapsed
-- reads: int_turns, int_prompt_spread
-- measures: the prompts that person signals may count. A longer text that many actors send word for word is the
--   organisation's boilerplate and left out; counted over actors, so that nobody can whitelist himself. Short texts that
--   many actors use are kept and marked (`continue`, `yes`). Of a slash command only the arguments have a fingerprint
-- reference: signals.md 1.1 to 1.4 and S1 look-alikes
-- params: short_words = 7
-- part: person
with typed as (
    select *
    from int_turns
    where trigger = 'human' and actor_kind = 'person'
)
select
    t.event_key,
    t.ts,
    t.local_ts,
    t.iso_week,
    t.session_id,
    t.actor_id,
    t.team_id,
    t.role,
    t.client,
    t.marker,
    t.command,
    t.model,
    t.text_hash,
    t.masked_hash,
    t.text_words,
    t.stated_chars,
    t.shingles,
    t.bands,
    t.marker in ('continue', 'retry', 'no_op') is true
        or (coalesce(t.text_words, 0) <= $short_words and x.is_widespread is true) as is_stop_phrase,
    t.retries,
    t.completions,
    t.tokens,
    t.cost_usd
from typed as t
left join int_prompt_spread as x on t.masked_hash = x.masked_hash
where not (coalesce(t.text_words, 0) > $short_words and x.is_common is true)
