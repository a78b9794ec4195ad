-- model: int_prompt_clusters
-- grain: one logical human prompt of $min_words words or more that is no stop phrase and in no session of a declared automation
-- reads: int_prompts, int_prompt_edges, int_sized_prompts, fct_sessions
-- family: REDUNDANCY
-- measures: the cluster of near-identical prompts of the actor that each prompt stands in, named by its smallest masked hash. Texts are joined over at most three edges, so a long chain of small edits splits: the count can only be too low. Of a person
--   without any text, prompts of one size stand together (int_sized_prompts): the cluster is the size, and there is no hash
-- suggests: prompts of one cluster are one request
-- innocent: see sig_prompt_repetition
-- abstains: texts under $min_words words, which anybody may say again, are no rows
-- evasion: see int_prompt_edges
-- reference: signals.md S1
-- params: min_words = 4
-- part: person
with declared as (
    select session_id from fct_sessions where declared
),
prompts as (
    select int_prompts.*
    from int_prompts
    left join declared on declared.session_id = int_prompts.session_id
    where not is_stop_phrase and masked_hash is not null and coalesce(text_words, $min_words) >= $min_words and declared.session_id is null
),
edges as (
    select actor_id, low_hash as masked_hash, high_hash as neighbour from int_prompt_edges
    union all
    select actor_id, high_hash as masked_hash, low_hash as neighbour from int_prompt_edges
),
first_hop as (
    select actor_id, masked_hash, least(masked_hash, min(neighbour)) as label
    from edges
    group by actor_id, masked_hash
),
second_hop as (
    select edges.actor_id, edges.masked_hash, least(min(own.label), min(other.label)) as label
    from edges
    join first_hop as own on own.actor_id = edges.actor_id and own.masked_hash = edges.masked_hash
    join first_hop as other on other.actor_id = edges.actor_id and other.masked_hash = edges.neighbour
    group by edges.actor_id, edges.masked_hash
),
third_hop as (
    select edges.actor_id, edges.masked_hash, least(min(own.label), min(other.label)) as label
    from edges
    join second_hop as own on own.actor_id = edges.actor_id and own.masked_hash = edges.masked_hash
    join second_hop as other on other.actor_id = edges.actor_id and other.masked_hash = edges.neighbour
    group by edges.actor_id, edges.masked_hash
)
select
    prompts.event_key,
    prompts.ts,
    cast(prompts.local_ts as date) as local_day,
    prompts.session_id,
    prompts.actor_id,
    prompts.masked_hash,
    coalesce(third_hop.label, prompts.masked_hash) as cluster_id,
    prompts.text_words,
    prompts.tokens,
    prompts.cost_usd,
from prompts
left join third_hop on third_hop.actor_id = prompts.actor_id and third_hop.masked_hash = prompts.masked_hash
union all
select
    sized.event_key,
    sized.ts,
    cast(sized.local_ts as date) as local_day,
    sized.session_id,
    sized.actor_id,
    null as masked_hash,
    sized.size as cluster_id,
    null as text_words,
    sized.tokens,
    sized.cost_usd,
from int_sized_prompts as sized
left join declared on declared.session_id = sized.session_id
where declared.session_id is null
