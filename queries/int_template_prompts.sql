-- model: int_template_prompts
-- grain: one typed prompt whose text is a template that $least_actors people or more share
-- reads: int_turns
-- family: INCENTIVE
-- measures: which template a prompt is. A template is one masked text sent by that many people, or masked texts of which a quarter of the 32
--   MinHash bands (a Jaccard of about .7) is shared by that many; buckets of more than $bucket_cap texts are left out. It is named by the
--   smallest masked hash that it was met by, over one step, so a chain of small edits splits
-- innocent: slash commands, marked continuations and texts of $short_words words or fewer are no templates
-- reference: signals.md P4; Broder 1997
-- params: least_actors = 5, bucket_cap = 200, short_words = 7
with typed as (
    select event_key, actor_id, session_id, ts, cast(local_ts as date) as local_day, masked_hash, bands
    from int_turns
    where trigger = 'human' and actor_kind = 'person' and actor_id <> '(unassigned)' and masked_hash is not null
        and command is null and marker is null and text_words > $short_words
),
-- People are numbered, since a distinct count of names, where another stands beside it, keeps some 10 KB for each group.
numbered as (
    select masked_hash, bands, ts, event_key, dense_rank() over (order by actor_id) as person from typed
),
-- A window over everything: one a text would be a window a row.
sketched as (
    select
        person, masked_hash, bands,
        (lag(person) over texts is distinct from person) or (lag(masked_hash) over texts is distinct from masked_hash) as is_first
    from numbered
    window texts as (order by person, masked_hash, ts, event_key)
),
text_bands as (
    select person, masked_hash, unnest(bands) as band from sketched where is_first
),
-- Most bands are one text's. A count leaves them before anything is counted distinctly. Joins hold their left side: the few come first.
crowded as (
    select band from text_bands group by band having count(*) >= $least_actors
),
few as (
    select text_bands.band, person, masked_hash
    from crowded
    inner join text_bands on text_bands.band = crowded.band
),
-- Two distinct counts over one grouping would keep some 10 KB for each group, and give none of it back when they spill.
shared as (
    select band from (select distinct band, person from few) group by band having count(*) >= $least_actors
),
hubs as (
    select band, min(masked_hash) as hub from (select distinct band, masked_hash from few) group by band having count(*) <= $bucket_cap
),
wide as (
    select hubs.band, hubs.hub from shared inner join hubs on hubs.band = shared.band
),
similar as (
    select text_bands.masked_hash, min(wide.hub) as template
    from wide
    inner join text_bands on text_bands.band = wide.band
    group by text_bands.person, text_bands.masked_hash
    having count(*) >= 8
),
exact as (
    select masked_hash, masked_hash as template from typed group by masked_hash having count(distinct actor_id) >= $least_actors
),
found as (
    select masked_hash, template from similar
    union all
    select masked_hash, template from exact
),
templates as (
    select masked_hash, min(template) as template from found group by masked_hash
)
select templates.template, typed.event_key, typed.actor_id, typed.session_id, typed.ts, typed.local_day
from templates
inner join typed on typed.masked_hash = templates.masked_hash
