-- model: int_merged_events
-- grain: one event that is counted for several
-- reads: events, identities, actors, int_sightings
-- measures: what the event says once the others have filled in what it does not. Counts come from one source together: the nearest
--   one that has them whole, since a transcript may have only a streaming placeholder for the output. A logged cost comes before a
--   computed one. The person is the nearest one known, one on the roster first; a prompt that moves is whose its request is
-- reference: docs/merging.md
with seen as (
    select
        s.kept_key, s.source, s.authority, s.session_id as new_session_id, s.request_key, s.rule,
        e.event_key = s.kept_key as is_kept,
        e.model, e.provider, e.input_tokens, e.output_tokens, e.reasoning_tokens, e.cache_read_tokens, e.cache_write_tokens,
        e.cache_write_1h_tokens, e.token_basis, e.output_is_lower_bound, e.output_estimate, e.cost_usd, e.cost_basis,
        e.duration_ms, e.approval, e.repo, e.branch,
        case
            when e.input_tokens is null and e.output_tokens is null then 2
            when e.output_is_lower_bound then 1
            else 0
        end as doubt,
        case when i.actor_id <> '(unassigned)' then i.actor_id end as person,
        coalesce(a.on_roster, false) as on_roster,
        encode(e.event_key, 'hex') as hex_key
    from int_sightings as s
    inner join events as e on s.event_key = e.event_key
    left join identities as i
        on coalesce(e.actor_id, '') = i.actor_raw and coalesce(e.os_user, '') = i.os_user and e.source_file = i.source_file
    left join actors as a on i.actor_id = a.actor_id
),
merged as (
    select
        kept_key as event_key,
        array_to_string(array_sort(array_agg(distinct source)), ', ') as sources,
        count(*) as sightings,
        max(rule) as rule,
        max(new_session_id) as new_session_id,
        first_value(request_key order by request_key is null, hex_key) as request_key,
        first_value(person order by person is null, not on_roster, authority, source, hex_key) as person,
        first_value(model order by model is null, not is_kept, authority, source, hex_key) as model,
        first_value(provider order by provider is null, not is_kept, authority, source, hex_key) as provider,
        first_value(input_tokens order by doubt, not is_kept, authority, source, hex_key) as input_tokens,
        first_value(output_tokens order by doubt, not is_kept, authority, source, hex_key) as output_tokens,
        first_value(reasoning_tokens order by doubt, not is_kept, authority, source, hex_key) as reasoning_tokens,
        first_value(cache_read_tokens order by doubt, not is_kept, authority, source, hex_key) as cache_read_tokens,
        first_value(cache_write_tokens order by doubt, not is_kept, authority, source, hex_key) as cache_write_tokens,
        first_value(cache_write_1h_tokens order by doubt, not is_kept, authority, source, hex_key) as cache_write_1h_tokens,
        first_value(token_basis order by doubt, not is_kept, authority, source, hex_key) as token_basis,
        first_value(output_is_lower_bound order by doubt, not is_kept, authority, source, hex_key) as output_is_lower_bound,
        first_value(output_estimate order by doubt, not is_kept, authority, source, hex_key) as output_estimate,
        first_value(cost_usd order by cost_usd is null, cost_basis <> 'reported', doubt, not is_kept, authority, source, hex_key) as cost_usd,
        first_value(cost_basis order by cost_usd is null, cost_basis <> 'reported', doubt, not is_kept, authority, source, hex_key) as cost_basis,
        first_value(duration_ms order by duration_ms is null, not is_kept, authority, source, hex_key) as duration_ms,
        first_value(approval order by approval is null, not is_kept, authority, source, hex_key) as approval,
        first_value(repo order by repo is null, not is_kept, authority, source, hex_key) as repo,
        first_value(branch order by branch is null, not is_kept, authority, source, hex_key) as branch
    from seen
    group by kept_key
)
select
    m.event_key, m.sources, m.sightings, m.rule, m.new_session_id,
    coalesce(r.person, m.person) as person,
    m.model, m.provider, m.input_tokens, m.output_tokens, m.reasoning_tokens, m.cache_read_tokens, m.cache_write_tokens,
    m.cache_write_1h_tokens, m.token_basis, m.output_is_lower_bound, m.output_estimate, m.cost_usd, m.cost_basis, m.duration_ms,
    m.approval, m.repo, m.branch
from merged as m
left join merged as r on m.request_key = r.event_key
