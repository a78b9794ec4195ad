-- model: int_prompt_bounds
-- grain: one actor and local day on which they prompted, with prompts of their own (own_prompts of int_prompt_windows) in the 28 days that end with it
-- reads: int_prompt_windows
-- family: REDUNDANCY
-- measures: the re-issued share of the own prompts of the 28 days that end with the day: those of batch evaluations, hand-off templates, workshops and commands left out, 1 - exp(H)/N with H the entropy of the cluster sizes; the lower end
--   of its 90 % Wilson interval; usual_low, what that end is among people with as many prompts (median over people, in eighths of all days
--   by prompts; over everybody where an eighth has fewer than $peers people, and 0 where there are no more; those whose prompts are compared by size among themselves); and excess, the part of what is left above it. Whoever prompts more has more to repeat: volume is taken out before anything is ranked
-- reference: signals.md S1 and section 3, step 6 (binned medians); Jost 2006 (Hill numbers); Wilson 1927
-- params: z = 1.645, peers = 10
with windows as (
    select
        actor_id, window_day, max(active_days) as active_days, max(own_prompts) as largest, cast(sum(own_prompts) as double) as total,
        1.0 - exp(-sum(own_prompts * ln(own_prompts)) / sum(own_prompts)) as repeated, coalesce(bool_or(by_size), false) as by_size,
    from int_prompt_windows
    where own_prompts > 0
    group by actor_id, window_day
),
bounds as (
    select
        *,
        greatest((repeated + $z * $z / (2 * total) - $z * sqrt((repeated * (1 - repeated) + $z * $z / (4 * total)) / total)) / (1 + $z * $z / total), 0.0) as repeated_low,
        ntile(8) over (partition by by_size order by total, actor_id, window_day) as eighth,
    from windows
),
people as (
    select by_size, eighth, actor_id, avg(repeated_low) as repeated_low from bounds group by by_size, eighth, actor_id
),
everybody as (
    select by_size, case when count(*) >= $peers then median(repeated_low) else 0.0 end as usual_low
    from (select by_size, actor_id, avg(repeated_low) as repeated_low from bounds group by by_size, actor_id) group by by_size
),
usual as (
    select people.by_size, people.eighth, case when count(*) >= $peers then median(people.repeated_low) else max(everybody.usual_low) end as usual_low
    from people
    join everybody on everybody.by_size = people.by_size
    group by people.by_size, people.eighth
)
select
    bounds.actor_id, bounds.window_day, bounds.active_days, bounds.largest, bounds.total, bounds.repeated, bounds.repeated_low, usual.usual_low,
    case when usual.usual_low < 1 then greatest(bounds.repeated_low - usual.usual_low, 0.0) / (1 - usual.usual_low) else 0.0 end as excess,
from bounds
join usual on usual.eighth = bounds.eighth and usual.by_size = bounds.by_size
