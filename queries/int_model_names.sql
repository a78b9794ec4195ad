-- model: int_model_names
-- grain: one model as a log or a bill names it
-- reads: stg_events, aggregates
-- measures: one name for what logs and bills call differently, and who makes it: lower case, without the host before it
--   (`openrouter/anthropic/`, `us-gov.anthropic.`), without a date, a mode or a version of the host behind it (`-20250929`, `-thinking`, `[1m]`,
--   `@default`, `-v1:0`; of Claude also `-v1`, which is part of others' names), and Claude's version behind its size with dashes (`claude-4.6-sonnet`, `Claude Sonnet 4.6`). Names are matched and never guessed:
--   a stranger keeps its own
-- reference: formats.md section 11
with named as (
    select model from stg_events where model is not null
    union
    select model from aggregates where model is not null
),
bare as (
    select
        model,
        regexp_replace(
            regexp_replace(replace(lower(trim(model)), ' ', '-'), '^.*/', ''),
            '^([a-z-]{2,8}[.])?(anthropic|openai|amazon|meta|mistral|deepseek|qwen|google|vendor)[.]', ''
        ) as name
    from named
),
short as (
    select
        model,
        regexp_replace(
            regexp_replace(regexp_replace(name, '(-v[0-9]+:[0-9]+)?(\[[^\]]*\])?$', ''), '^(claude-.*[0-9].*)-v[0-9]+$', '\1'),
            '([-@]20[0-9]{6}|-20[0-9]{2}-[0-9]{2}-[0-9]{2}|-thinking|-latest|-fast|@default|\[[^\]]*\])+$', ''
        ) as name
    from bare
),
ordered as (
    select
        model,
        regexp_replace(
            regexp_replace(name, '^claude-([0-9]+)[.-]([0-9]+)-(opus|sonnet|haiku)$', 'claude-\3-\1-\2'),
            '^(claude-[a-z]+-[0-9]+)[.]([0-9]+)$', '\1-\2'
        ) as name
    from short
)
select
    model,
    name,
    case
        when name like 'claude%' then 'anthropic'
        when regexp_like(name, '^(gpt|chatgpt|codex|o[0-9]|text-embedding|dall-e|whisper)') then 'openai'
        when regexp_like(name, '^(gemini|gemma)') then 'google'
        when name like 'grok%' then 'xai'
        when regexp_like(name, '^(mistral|codestral|devstral|magistral)') then 'mistral'
        when name like 'deepseek%' then 'deepseek'
        else ''
    end as maker
from ordered
