-- model: int_prompts
-- grain: one prompt that a person typed, retries collapsed
-- reads: int_turns
-- measures: the prompts that person signals may count. A longer text that many actors send word for word is the
--   organisation's boilerplate and left out; counted over actors, so that nobody can whitelist himself. Short texts that
--   many actors use are kept and marked (`continue`, `yes`). Of a slash command only the arguments have a fingerprint
-- reference: signals.md 1.1 to 1.4 and S1 look-alikes
-- params: boilerplate_actors = 5, boilerplate_share = 0.01, stop_share = 0.05, stop_actors = 2, short_words = 7
with typed as (
    select *
    from int_turns
    where trigger = 'human' and actor_kind = 'person'
),
people as (
    select count(distinct actor_id) as actors from typed
),
spread as (
    select masked_hash, count(distinct actor_id) as actors
    from typed
    where masked_hash is not null
    group by masked_hash
),
texts as (
    select
        s.masked_hash,
        s.actors >= $boilerplate_actors and s.actors >= $boilerplate_share * p.actors as is_common,
        s.actors >= $stop_actors and s.actors >= $stop_share * p.actors as is_widespread
    from spread as s
    cross join people as p
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
    t.masked_hash,
    t.text_words,
    t.shingles,
    t.bands,
    t.marker in ('continue', 'retry', 'no_op') is true
        or (coalesce(t.text_words, 0) <= $short_words and x.is_widespread is true) as is_stop_phrase,
    t.retries,
    t.completions,
    t.tokens,
    t.cost_usd
from typed as t
left join texts as x on t.masked_hash = x.masked_hash
where not (coalesce(t.text_words, 0) > $short_words and x.is_common is true)
