-- model: stg_events
-- grain: one event
-- reads: int_counted_events, identities, int_person_places, int_session_roots, int_triggers
-- measures: each step, seen by however many sources, with its person, root session, trigger and local time resolved. The best-ranked evidence decides the
--   trigger: a fact of int_triggers, or the event's own (provenance 2, text markers 4, bare text below every fact);
--   what another agent wrote never becomes a person's. Local time is by the actor's zone, else by the log's offset, else
--   by the one that the person's other logs mostly state, or their hours say where none does (int_person_places), else UTC
-- reference: signals.md 1.1 and 1.7, formats.md 3.3
-- store: table
-- part: person, shared by int_shared_sessions
with resolved as (
    select
        e.*,
        coalesce(e.merged_person, i.actor_id, e.actor_id, '(unassigned)') as person,
        coalesce(r.root_session_id, e.session_id) as root_session_id,
        case
            when t.trigger is null or (e.trigger = 'agent' and t.trigger = 'human') then e.trigger
            when t.rank < case
                when e.trigger = 'unknown' or e.trigger_evidence = 'text.bare' then 99
                when e.trigger_evidence like 'provenance%' or e.trigger_evidence like 'origin%' then 2
                else 4
            end then t.trigger
            else e.trigger
        end as best_trigger
    from int_counted_events as e
    left join identities as i
        on coalesce(e.actor_id, '') = i.actor_raw
        and coalesce(e.os_user, '') = i.os_user
        and e.source_file = i.source_file
    left join int_session_roots as r on e.session_id = r.session_id
    left join int_triggers as t
        on e.session_id = t.session_id
        and (t.from_us is null or arrow_cast(e.ts, 'Int64') >= t.from_us)
        and (t.to_us is null or arrow_cast(e.ts, 'Int64') < t.to_us)
),
placed as (
    select
        e.*,
        coalesce(p.team_id, '(unassigned)') as team_id,
        coalesce(p.role, '') as role,
        coalesce(p.kind, 'person') as actor_kind,
        arrow_cast(
            arrow_cast(e.ts, 'Int64') + coalesce(p.roster_offset_min, e.utc_offset_min, p.usual_offset_min, 0) * 60000000,
            'Timestamp(Microsecond, None)'
        ) as local_ts
    from resolved as e
    -- Each join copies all columns of an event: the person's place is one of them.
    left join int_person_places as p
        on e.person = p.actor_id and (p.from_ts is null or e.ts >= p.from_ts) and (p.to_ts is null or e.ts < p.to_ts)
)
select
    event_key, event_id, source, sources, ts, local_ts,
    to_char(local_ts, '%G-W%V') as iso_week,
    session_id, root_session_id,
    person as actor_id,
    team_id, role, actor_kind, kind,
    best_trigger as trigger,
    client, model,
    input_tokens, output_tokens, reasoning_tokens, cache_read_tokens, cache_write_tokens,
    case
        when coalesce(input_tokens, output_tokens, cache_read_tokens, cache_write_tokens) is not null
            then coalesce(input_tokens, 0) + coalesce(output_tokens, 0)
                + coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0)
    end as tokens,
    cost_usd, cost_basis, output_is_lower_bound, token_basis,
    text_chars, text_words, text_hash, masked_hash, shingles, bands,
    marker, command, tool_name, call_id, is_error, effect, system, approval, path, repo, branch, duration_ms,
    call_hash, result_hash, added_lines, spans, repeated_permille, packed_permille, identifiers, source_file, byte_offset
from placed
