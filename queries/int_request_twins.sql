-- model: int_request_twins
-- grain: one request that was matched without an id
-- reads: int_request_pairs
-- measures: pairs of which neither side has another candidate in the other's source, joined across sources. Where nobody is known
--   on both sides, the counts must be rare as well: no other request of either source with them within alone_minutes. A group in
--   which a source would stand twice is ambiguous and is left alone. `node` is what the request goes by where it is known by an id
-- reference: docs/merging.md
-- params: alone_minutes = 60
with counted as (
    select
        *,
        count(*) over (partition by one_key, two_source) as of_one,
        count(*) over (partition by two_key, one_source) as of_two
    from int_request_pairs
),
accepted as (
    select *
    from counted
    where of_one = 1 and of_two = 1 and (agrees or coalesce(apart_us, $alone_minutes * 60000000) >= $alone_minutes * 60000000)
),
edges as (
    select one_node as node, two_node as other from accepted
    union
    select two_node, one_node from accepted
    union
    select one_node as node, one_node as other from accepted
    union
    select two_node as node, two_node as other from accepted
),
-- Each step follows one more link; a chain through five sources has four.
one as (
    select node, min(other) as label from edges group by node
),
two as (
    select e.node, min(one.label) as label from edges as e inner join one on e.other = one.node group by e.node
),
three as (
    select e.node, min(two.label) as label from edges as e inner join two on e.other = two.node group by e.node
),
four as (
    select e.node, min(three.label) as label from edges as e inner join three on e.other = three.node group by e.node
),
seen as (
    select one_node as node, unnest(one_sources) as source from accepted
    union
    select two_node, unnest(two_sources) from accepted
),
clear as (
    select four.label
    from four
    inner join seen on four.node = seen.node
    group by four.label
    having count(*) = count(distinct seen.source)
),
keys as (
    select one_node as node, one_key as event_key, one_source as source from accepted
    union
    select two_node, two_key, two_source from accepted
)
select keys.event_key, keys.source, keys.node, four.label as twin
from keys
inner join four on keys.node = four.node
inner join clear on four.label = clear.label
