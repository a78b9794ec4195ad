-- model: sig_context_padding
-- grain: one root session
-- reads: fct_sessions, int_prompts, int_supplied_texts, int_padding, int_input_slopes
-- family: REDUNDANCY
-- measures: the share of what people supplied in the session, in characters, that was supplied before (spans of 50 tokens, when they
--   come to $least_chars characters of a prompt), or is a block of unusual packed size that no rare name for each 2,000 tokens came back
--   from, or a block of $least_block tokens of which at most $reference_share of the names, weighted by rarity, and no rare name for each 2,000 tokens came back, where the
--   actor has $block_tokens tokens of such blocks in the 28 days that end with it. Beside it, unscored, the slope of ln(output) on ln(input) over 28 days (int_input_slopes)
-- suggests: input that is sent to be counted, not to be used
-- innocent: weighs in full from $full of the input on; logs, specifications, contracts, tables, few-shot examples, packed repositories: a
--   first supply is free, only a second one or one that nothing refers to counts; replayed context, cache reads, tool results and retrieved files are no human input at all
-- abstains: declared automation, service accounts; actor unknown; no logical human prompt, or the log does not say who prompted; no prompt text in the log; fewer than
--   $min_prompts prompts with $min_tokens tokens in the session and fewer than $min_prompts prompts of $min_tokens tokens of the actor
--   in 28 days, unless $padded_tokens tokens are padded; a value of 0 beside it says that nothing is
-- evasion: articles and foreign code escape the first two tests and meet the third; asking for a summary of them makes names come back,
--   and the summary is then to be used by somebody: sig_orphan_output, sig_low_output_novelty
-- reference: signals.md S2
-- params: min_prompts = 3, min_tokens = 2000, padded_tokens = 20000, least_chars = 200, least_block = 500, block_tokens = 5000, reference_share = 0.02, full = 0.25
with supplied as (
    select session_id, actor_id, count(*) as prompts, sum(tokens) as tokens, sum(text_chars) as chars, max(cast(local_ts as date)) as last_day, max(tokens) as largest
    from int_supplied_texts group by session_id, actor_id
),
days as (select actor_id, cast(local_ts as date) as day, count(*) as prompts from int_supplied_texts where tokens >= $min_tokens group by actor_id, cast(local_ts as date)),
large as (
    select supplied.session_id, supplied.actor_id, sum(days.prompts) as prompts
    from supplied
    join days on days.actor_id = supplied.actor_id and days.day between supplied.last_day - 27 and supplied.last_day
    where supplied.largest >= $min_tokens group by supplied.session_id, supplied.actor_id
),
judged_prompts as (
    select
        *,
        case when resupplied_chars >= $least_chars then resupplied_chars else 0.0 end as resupplied,
        case when is_unusual and rare_references < tokens / 2000.0 then cast(text_chars as double) else 0.0 end as unusual,
        tokens >= $least_block and reference_share <= $reference_share and rare_references < tokens / 2000.0 as is_unread,
    from int_padding
),
pooled as (
    select *, case when is_unread and sum(case when is_unread then tokens end) over trailing >= $block_tokens then cast(text_chars as double) else 0.0 end as unreferenced
    from judged_prompts window trailing as (partition by actor_id order by date_trunc('day', ts) range between interval '27 days' preceding and current row)
),
padding as (
    select
        session_id, actor_id, sum(greatest(resupplied, unusual, unreferenced)) as padded, sum(resupplied) as resupplied, sum(unusual) as unusual,
        sum(unreferenced) as unreferenced, count(*) filter (where tokens >= $least_block) as blocks,
        count(*) filter (where tokens >= $least_block and reference_share is null) as unjudged_blocks,
    from pooled
    group by session_id, actor_id
),
prompted as (select session_id, actor_id, count(*) as prompts from int_prompts group by session_id, actor_id),
judged as (
    select
        sessions.session_id, sessions.actor_id, sessions.iso_week, slopes.slope, slopes.error as slope_error, supplied.prompts, supplied.tokens, supplied.chars,
        coalesce(padding.padded, 0.0) as padded, coalesce(padding.resupplied, 0.0) as resupplied, coalesce(padding.unusual, 0.0) as unusual,
        coalesce(padding.unreferenced, 0.0) as unreferenced, coalesce(padding.blocks, 0) as blocks, coalesce(padding.unjudged_blocks, 0) as unjudged_blocks,
        case
            when sessions.declared or sessions.trigger = 'schedule' or sessions.actor_kind = 'service' then 'declared automation'
            when sessions.actor_id = '(unassigned)' then 'actor unknown'
            when prompted.prompts is null then case when sessions.trigger = 'unknown' and sessions.prompts > 0 then 'the log does not say who prompted' else 'no logical human prompt' end
            when coalesce(supplied.chars, 0) = 0 then 'no prompt text in the log'
            when not (supplied.prompts >= $min_prompts and supplied.tokens >= $min_tokens) and coalesce(large.prompts, 0) < $min_prompts
                and coalesce(padding.padded, 0.0) / 4 < $padded_tokens then concat('fewer than ', $min_prompts, ' prompts with ', $min_tokens, ' tokens of human input')
        end as abstain_reason,
    from fct_sessions as sessions
    left join prompted on prompted.session_id = sessions.session_id and prompted.actor_id = sessions.actor_id
    left join supplied on supplied.session_id = sessions.session_id and supplied.actor_id = sessions.actor_id
    left join int_input_slopes as slopes on slopes.session_id = sessions.session_id and slopes.actor_id = sessions.actor_id
    left join large on large.session_id = sessions.session_id and large.actor_id = sessions.actor_id
    left join padding on padding.session_id = sessions.session_id and padding.actor_id = sessions.actor_id
)
select
    'session' as scope, session_id as unit_id, actor_id, iso_week,
    case when abstain_reason is null then round(padded / chars, 9) when starts_with(abstain_reason, 'fewer than') and padded = 0 then 0.0 end as value, coalesce(prompts, 0) as n,
    case when abstain_reason is null then 'speak' else 'abstain' end as status, abstain_reason, 1.0 as discount, 0.0 as exculpation_db,
    case when abstain_reason is null then round(12.0 * least(1.0, padded / chars / $full), 2) end as most_db,
    concat('{"supplied_tokens":', coalesce(tokens, 0), ',"padded_tokens":', round(padded / 4), ',"resupplied_tokens":', round(resupplied / 4),
        ',"unusual_tokens":', round(unusual / 4), ',"unreferenced_tokens":', round(unreferenced / 4), ',"blocks":', blocks,
        ',"blocks_not_judged":', unjudged_blocks, ',"output_slope":', coalesce(cast(round(slope, 4) as varchar), 'null'), ',"output_slope_error":', coalesce(cast(round(slope_error, 4) as varchar), 'null'), ',"discounts":[]}') as evidence,
from judged
