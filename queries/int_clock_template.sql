-- model: int_clock_template
-- grain: one half hour of the local day; no row where nobody's offset is known
-- reads: int_clock_habits
-- measures: weight: prompting half hours of everybody whose offset is known, and one. dispersion rho and shifts: how far habits of single people lie from
--   it. For at most $most_people of them with $min_acts, the person left out of the template, shift s_i maximises sum_h n_ih ln p_(h+s);
--   rho = sum (X2_i - 47) / sum 47 (n_i - 1) of Pearson's X2 at that shift, not below 0. kernel is W(t) = sum of D(t - d) over |d| <= $within half hours,
--   where D is the distribution of the shifts with $unseen added to each of the 48
-- reference: signals.md S9; McCullagh and Nelder 1989, section 4.5 (overdispersion by Pearson's X2); Claes et al. 2018 (people of one zone differ)
-- params: min_acts = 30, most_people = 500, within = 4, unseen = 0.1
with local as (
    select actor_id, local_half_hour as hour, sum(half_hours) as n from int_clock_habits where local_half_hour is not null group by actor_id, local_half_hour
),
clock as (select value as hour from range(0, 48)),
template as (
    select clock.hour, coalesce(sum(local.n), 0) + 1.0 as weight from clock left join local on local.hour = clock.hour group by clock.hour
),
everybody as (select sum(weight) as weight from template),
sized as (
    select actor_id, sum(n) as n, row_number() over (order by encode(sha256(actor_id), 'hex')) as place from local group by actor_id having sum(n) >= $min_acts
),
chosen as (select actor_id, n from sized where place <= $most_people),
others as ( -- the template without the person
    select chosen.actor_id, template.hour, (template.weight - coalesce(local.n, 0)) / (everybody.weight - chosen.n) as p
    from chosen
    cross join template
    cross join everybody
    left join local on local.actor_id = chosen.actor_id and local.hour = template.hour
),
turned as (
    select local.actor_id, clock.hour as shift, (local.hour + clock.hour) % 48 as turned_hour, local.n
    from local
    cross join clock
    where local.actor_id in (select actor_id from chosen)
),
shifted as (
    select turned.actor_id, turned.shift, sum(turned.n * ln(others.p)) as fit, sum(turned.n * turned.n / others.p) as squares, sum(turned.n) as n
    from turned
    join others on others.actor_id = turned.actor_id and others.hour = turned.turned_hour
    group by turned.actor_id, turned.shift
),
best as (
    select *, row_number() over (partition by actor_id order by round(fit, 6) desc, shift) as place from shifted
),
spread as (
    select
        count(*) as people,
        greatest(coalesce(sum(squares / n - n - 47.0) / nullif(sum(47.0 * (n - 1.0)), 0.0), 0.0), 0.0) as rho
    from best
    where place = 1
),
kernel as (
    select clock.hour, count(best.actor_id) as shifts
    from clock
    left join best on best.place = 1 and (clock.hour - best.shift + 48 + $within) % 48 <= 2 * $within
    group by clock.hour
)
select
    template.hour, template.weight / everybody.weight as p, spread.people, round(spread.rho, 9) as rho,
    (kernel.shifts + $unseen * (2 * $within + 1)) / (spread.people + $unseen * 48) as kernel
from template
cross join everybody
cross join spread
join kernel on kernel.hour = template.hour
where everybody.weight > 48
