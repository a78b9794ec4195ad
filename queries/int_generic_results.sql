-- model: int_generic_results
-- grain: one masked tool result that says nothing about what was asked
-- reads: int_calls
-- measures: results that $actors people or more and $actors_share of those who use tools were given, such as an empty one. In an organisation of fewer than $organisation people who use
--   tools nothing can be told apart, and every result counts as generic
-- reference: signals.md S3 (coarse alphabet)
-- params: actors = 3, actors_share = 0.05, organisation = 10
with people as (
    select count(distinct actor_id) as people from int_calls where result_hash is not null
),
results as (
    select result_hash, count(distinct actor_id) as actors from int_calls where result_hash is not null group by result_hash
)
select results.result_hash, results.actors
from results
cross join people
where results.actors >= greatest($actors, $actors_share * people.people) or people.people < $organisation
