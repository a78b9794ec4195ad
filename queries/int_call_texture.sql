-- model: int_call_texture
-- grain: one session with a loop
-- reads: int_call_matches, int_calls, fct_sessions, int_session_uptake
-- family: AGENT-WASTE
-- measures: three things that noise between the calls of a loop cannot lift: rep3, the share of call 3-grams that are no first ones; the complexity of Lempel and Ziv of the
--   coarse alphabet (tool, path), C log_a(n) / n, near 1 for chance and near 0 for a loop; and progress, the new lines that landed for each 1,000 tokens
-- innocent: paging, searching and watching have the same texture, so it stands beside the evidence and adds nothing to it
-- reference: signals.md S3 (secondary measures); Lempel and Ziv 1976
with recursive phrases as (
    select distinct session_id, cast(1 as bigint) as position, cast(1 as bigint) as phrase from int_call_matches
    union all
    select phrases.session_id, cast(phrases.position + matches.match_length + 1 as bigint) as position, phrases.phrase + 1 as phrase
    from phrases
    join int_call_matches as matches on matches.session_id = phrases.session_id and matches.position = phrases.position
    where phrases.position + matches.match_length + 1 <= matches.calls
),
parsed as (
    select session_id, max(phrase) as phrases from phrases group by session_id
),
alphabets as (
    select session_id, cast(count(*) as double) as calls, count(distinct symbol) as symbols from int_call_matches group by session_id
),
followed as (
    select
        int_calls.session_id, call_hash, lag(call_hash) over thread as before, lag(call_hash, 2) over thread as before_that,
    from alphabets
    join int_calls on int_calls.session_id = alphabets.session_id
    where not is_poll
    window thread as (partition by thread_id order by seq)
),
grams as (
    select session_id, count(*) as grams, cast(count(distinct concat(call_hash, ' ', before, ' ', before_that)) as double) as distinct_grams
    from followed
    where before_that is not null
    group by session_id
)
select
    parsed.session_id, parsed.phrases, alphabets.symbols,
    1 - grams.distinct_grams / grams.grams as repeated_trigrams,
    parsed.phrases * ln(alphabets.calls) / ln(greatest(alphabets.symbols, 2)) / alphabets.calls as complexity,
    1000.0 * coalesce(uptake.landed_lines, 0) / nullif(sessions.tokens, 0) as landed_lines_per_1000_tokens,
from parsed
join alphabets on alphabets.session_id = parsed.session_id
join fct_sessions as sessions on sessions.session_id = parsed.session_id
left join grams on grams.session_id = parsed.session_id
left join int_session_uptake as uptake on uptake.session_id = parsed.session_id
