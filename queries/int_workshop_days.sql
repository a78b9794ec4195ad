-- model: int_workshop_days
-- grain: one masked text and local day on which several people typed it
-- reads: int_prompts
-- family: REDUNDANCY
-- measures: workshops: a text that $actors people or more typed on one day, which holds $share of all prompts with that text. A template that is passed on to inflate a count
--   goes on for days
-- innocent: this is the look-alike: everybody types what is on the slide, some of it several times
-- reference: signals.md P4 (workshops: a one-day spike) and look-alike register (learning)
-- params: actors = 3, share = 0.8
with people as (
    select masked_hash, cast(local_ts as date) as local_day, actor_id, count(*) as prompts
    from int_prompts
    where masked_hash is not null and actor_id <> '(unassigned)'
    group by masked_hash, cast(local_ts as date), actor_id
),
days as (
    select masked_hash, local_day, sum(prompts) as prompts, count(*) as actors from people group by masked_hash, local_day
),
totals as (
    select masked_hash, sum(prompts) as prompts from days group by masked_hash
)
select days.masked_hash, days.local_day, days.prompts, days.actors
from days
join totals on totals.masked_hash = days.masked_hash
where days.actors >= $actors and days.prompts >= $share * totals.prompts
