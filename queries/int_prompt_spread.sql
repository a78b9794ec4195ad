-- model: int_prompt_spread
-- grain: one masked text that people typed
-- reads: int_turns
-- measures: whether the text is the organisation's boilerplate (many actors send it word for word) or an answer that everybody gives; counted over
--   actors, so that nobody can whitelist himself
-- reference: signals.md 1.1 to 1.4 and S1 look-alikes
-- params: boilerplate_actors = 5, boilerplate_share = 0.01, stop_share = 0.05, stop_actors = 2
with typed as (
    select distinct actor_id, masked_hash from int_turns where trigger = 'human' and actor_kind = 'person'
),
people as (
    select count(distinct actor_id) as actors from typed
),
spread as (
    select masked_hash, count(*) as actors from typed where masked_hash is not null group by masked_hash
)
select
    s.masked_hash,
    s.actors >= $boilerplate_actors and s.actors >= $boilerplate_share * p.actors as is_common,
    s.actors >= $stop_actors and s.actors >= $stop_share * p.actors as is_widespread
from spread as s
cross join people as p
