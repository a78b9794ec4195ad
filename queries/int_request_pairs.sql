-- model: int_request_pairs
-- grain: two requests of two sources that may be one, and that no id tells apart or together
-- reads: events, identities, actors, int_shared_ids
-- measures: the same model by its bare name, the same input with its cached part, the same output, at the same time: where both
--   say how long they took they begin within slack_ms, else they overlap. Counts must be reported and whole. Never two rows of one
--   source, never two ids of one form, never two different people. `agrees`: one known person, or one session; `apart_us`: how far
--   the nearest request of the same source and counts is from either, null when there is none
-- reference: formats.md 12; docs/merging.md has how often it is right
-- params: slack_ms = 3000, bucket_minutes = 10
with counted as (
    select
        event_key, source, ts, session_id, actor_id, os_user, source_file, model, request_id, response_id, output_tokens,
        input_tokens + coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0) as whole_input,
        arrow_cast(ts, 'Int64') as to_us,
        arrow_cast(ts, 'Int64') - coalesce(duration_ms, 0) * 1000 as from_us,
        duration_ms is not null as is_timed
    from events
    where kind = 'completion' and token_basis = 'reported' and not output_is_lower_bound
        and input_tokens is not null and output_tokens > 0
),
alike as (
    select whole_input, output_tokens from counted
    where (select min(source) <> max(source) from events) -- of one source alone nothing is counted, group by group
    group by whole_input, output_tokens having min(source) <> max(source)
),
requests as (
    select
        c.event_key, c.source, c.session_id, c.whole_input, c.output_tokens, c.from_us, c.to_us, c.is_timed,
        regexp_replace(regexp_replace(lower(c.model), '^(.*/)?([a-z-]+\.)*', ''),
            '(\[1m\]|[@-](20[0-9]{6}|20[0-9]{2}-[0-9]{2}-[0-9]{2}|latest|fast|v[0-9]+(:[0-9]+)?))+$', '') as model,
        coalesce(s.name, encode(c.event_key, 'hex')) as node,
        coalesce(s.sources, make_array(c.source)) as sources,
        coalesce(s.request_id, c.request_id) as request_id,
        coalesce(s.response_id, c.response_id) as response_id,
        case when i.actor_id <> '(unassigned)' then i.actor_id end as actor_id,
        coalesce(a.on_roster, false) as on_roster,
        c.to_us / ($bucket_minutes * 60000000) as bucket
    from counted as c
    inner join alike on c.whole_input = alike.whole_input and c.output_tokens = alike.output_tokens
    left join int_shared_ids as s on c.event_key = s.event_key
    left join identities as i
        on coalesce(c.actor_id, '') = i.actor_raw and coalesce(c.os_user, '') = i.os_user and c.source_file = i.source_file
    left join actors as a on i.actor_id = a.actor_id
),
placed as (
    select
        *,
        split_part(translate(request_id, '-', '_'), '_', 1) as request_form,
        split_part(translate(response_id, '-', '_'), '_', 1) as response_form,
        least(
            to_us - lag(to_us) over (partition by source, model, whole_input, output_tokens order by to_us),
            lead(to_us) over (partition by source, model, whole_input, output_tokens order by to_us) - to_us
        ) as apart_us
    from requests
),
spread as (
    select r.*, r.bucket + steps.step as near
    from placed as r
    cross join (values (-1), (0), (1)) as steps (step)
)
select
    one.event_key as one_key, one.source as one_source, one.node as one_node, one.sources as one_sources,
    two.event_key as two_key, two.source as two_source, two.node as two_node, two.sources as two_sources,
    coalesce(one.actor_id = two.actor_id, false) or one.session_id = two.session_id as agrees,
    least(one.apart_us, two.apart_us) as apart_us
from placed as one
inner join spread as two
    on one.bucket = two.near and one.model = two.model
    and one.whole_input = two.whole_input and one.output_tokens = two.output_tokens
    and one.source < two.source
where not array_has_any(one.sources, two.sources)
    and case
        when one.is_timed and two.is_timed then abs(one.from_us - two.from_us) <= $slack_ms * 1000
        else one.from_us <= two.to_us + $slack_ms * 1000 and two.from_us <= one.to_us + $slack_ms * 1000
    end
    and not coalesce(one.response_id <> two.response_id and one.response_form = two.response_form, false)
    and not coalesce(one.request_id <> two.request_id and one.request_form = two.request_form, false)
    and not coalesce(one.actor_id <> two.actor_id
        and (one.on_roster and two.on_roster or strpos(one.actor_id, '@') > 0 and strpos(two.actor_id, '@') > 0), false)
