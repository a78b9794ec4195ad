-- model: int_block_references
-- grain: one human prompt of at least 2,000 bytes in a session whose outputs can be read
-- reads: int_supplied_texts, stg_events
-- family: REDUNDANCY
-- measures: the share of the prompt's names, weighted by their rarity in the outputs of other sessions, that a later output or tool
--   argument of the session has, and how many rare ones do. A name is rare from $rare of the highest weight on. Of a text the 512 smallest hashes of names are kept, so where
--   there are as many each stands for several: the names of the text are estimated from the largest that is kept (k minimum values), and the count is scaled by them
-- innocent: an answer that says nothing can still have been of use: only the absence of every rare name speaks
-- abstains: no row for a session without output text, with answers of which no text was logged, or with edits whose arguments have no sketch: what was written there is unknown;
--   no share of a block without names, as numbers alone are, which nothing could refer to
-- evasion: asking for a summary makes names come back; who used the summary is for sig_orphan_output
-- reference: signals.md S2 (zero-reference blocks); Bar-Yossef et al. 2002 (k minimum values)
-- params: rare = 0.5
with texts as (
    select
        event_key, session_id, ts, identifiers,
        case when cardinality(identifiers) >= 512 then greatest(1.0, 511.0 / 512 * power(2.0, 64) / (cast(identifiers[512] as double) + power(2.0, 63))) else 1.0 end as names_each,
    from int_supplied_texts where packed_permille is not null
),
block_sessions as (select distinct session_id from texts),
outputs as (
    select events.root_session_id as session_id, events.kind, events.ts, events.effect, events.text_chars, events.identifiers
    from block_sessions
    join stg_events as events on events.root_session_id = block_sessions.session_id
    where events.kind in ('completion', 'tool_call')
),
legible as (
    select
        session_id,
        count(*) filter (where cardinality(identifiers) > 0) > 0
            and count(*) filter (where effect = 'write' and coalesce(cardinality(identifiers), 0) = 0) = 0
            and (count(*) filter (where kind = 'completion') = 0 or count(*) filter (where kind = 'completion' and coalesce(text_chars, cardinality(identifiers)) > 0) > 0) as is_legible,
    from outputs
    group by session_id
),
block_names as (
    select event_key, session_id, ts, unnest(identifiers) as identifier from texts where cardinality(identifiers) > 0
),
-- What no block names cannot be a reference to one.
asked as (select distinct identifier from block_names),
names as (
    select made.session_id, made.ts, made.identifier
    from asked
    join (select session_id, ts, unnest(identifiers) as identifier from outputs where cardinality(identifiers) > 0) as made on made.identifier = asked.identifier
),
session_names as (select session_id, identifier, max(ts) as last_at from names group by session_id, identifier),
spread as (select identifier, count(*) as sessions from session_names group by identifier),
scope as (select count(*) as sessions from legible),
weighed as (
    select
        block_names.event_key,
        coalesce(own.last_at >= block_names.ts, false) as is_referenced,
        greatest(0.1, ln(cast(scope.sessions as double) / (1 + coalesce(spread.sessions, 0) - cast(own.identifier is not null as int)))) as weight,
        ln(greatest(cast(scope.sessions as double), 1.0)) as highest,
    from block_names
    cross join scope
    left join session_names as own on own.session_id = block_names.session_id and own.identifier = block_names.identifier
    left join spread on spread.identifier = block_names.identifier
),
referenced as (
    select
        event_key,
        coalesce(sum(weight) filter (where is_referenced), 0.0) / sum(weight) as reference_share,
        count(*) filter (where is_referenced and weight >= $rare * highest) as rare_references,
    from weighed
    group by event_key
)
select
    texts.event_key, texts.session_id,
    referenced.reference_share,
    coalesce(cast(round(referenced.rare_references * texts.names_each) as bigint), 0) as rare_references,
from texts
join legible on legible.session_id = texts.session_id
left join referenced on referenced.event_key = texts.event_key
where legible.is_legible
