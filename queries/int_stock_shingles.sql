-- model: int_stock_shingles
-- grain: one sampled word shingle that many people are given
-- reads: int_given_shingles, stg_events
-- family: REDUNDANCY
-- measures: phrases of outputs that are how the model talks: those of $stock_actors people or more and $stock_share of all who are given or type
--   texts; counted over people, so that nobody makes a phrase common
-- reference: signals.md S5, 1.2
-- params: least_chars = 400, least_words = 40, stock_actors = 5, stock_share = 0.01
with people as (
    select count(distinct actor_id) as actors
    from stg_events
    where actor_kind = 'person' and actor_id <> '(unassigned)'
        and (kind = 'completion' and text_chars >= $least_chars and text_words >= $least_words or kind = 'prompt' and trigger <> 'agent' and text_words > 0)
),
counted as (
    select shingle, count(*) as actors from int_given_shingles group by shingle having count(*) >= $stock_actors
)
select counted.shingle
from people
cross join counted
where counted.actors >= $stock_share * people.actors
