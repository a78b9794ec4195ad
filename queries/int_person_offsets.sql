-- model: int_person_offsets
-- grain: one known person with a prompt
-- reads: int_clock_habits, int_clock_template
-- measures: where the person's offset from UTC comes from. Of whose logs some state one and others none, it is the one stated in most half hours, to the
--   half hour; for whom nobody states one, the one that their hours say, with its posterior. Over the 48 whole and half hours:
--   L(u) = exp(sum_h n_h ln p_(h+u) / (1 + (n - 1) rho)), p the template of those whose offset is known, tempered by its overdispersion rho;
--   q = L / sum L; M(o) = sum_t W(t) q(o+t), with W from int_clock_template: the probability that the offset lies within two hours of o, since a person's own
--   day begins an hour or more from their zone's, which no number of prompts makes smaller. The largest M decides, and below $least nothing is inferred
-- innocent: travel and the change to summer time within the period widen the hours, and less is inferred; who works at night for the whole period is taken to be elsewhere
-- reference: signals.md 1.7 and S9
-- params: least = 0.8, min_acts = 30
with people as (
    select actor_id, min(basis) as basis, sum(half_hours) as acts from int_clock_habits group by actor_id
),
stated as (
    select actor_id, (local_half_hour - utc_half_hour + 48) % 48 as shift, sum(half_hours) as half_hours
    from int_clock_habits
    where basis = 'client' and local_half_hour is not null
    group by actor_id, (local_half_hour - utc_half_hour + 48) % 48
),
usual as (
    select actor_id, shift, row_number() over (partition by actor_id order by half_hours desc, shift) as place from stated
),
habits as (
    select h.actor_id, h.utc_half_hour as hour, sum(h.half_hours) as n, min(people.acts) as acts
    from int_clock_habits as h
    inner join people on h.actor_id = people.actor_id
    where people.basis = 'unknown' and people.acts >= $min_acts
    group by h.actor_id, h.utc_half_hour
),
turned as (
    select habits.actor_id, habits.n, habits.acts, clock.value as shift, (habits.hour + clock.value) % 48 as turned_hour
    from habits
    cross join range(0, 48) as clock
),
fits as (
    select turned.actor_id, turned.shift, sum(turned.n * ln(template.p)) / (1.0 + (min(turned.acts) - 1.0) * min(template.rho)) as fit
    from turned
    join int_clock_template as template on template.hour = turned.turned_hour
    group by turned.actor_id, turned.shift
),
likelihoods as (
    select actor_id, shift, exp(fit - max(fit) over (partition by actor_id)) as likelihood from fits
),
away as (
    select l.actor_id, l.likelihood, clock.value as shift, (l.shift - clock.value + 48) % 48 as hours_away
    from likelihoods as l
    cross join range(0, 48) as clock
),
masses as (
    select away.actor_id, away.shift, sum(template.kernel * away.likelihood) / sum(away.likelihood) as mass
    from away
    join int_clock_template as template on template.hour = away.hours_away
    group by away.actor_id, away.shift
),
best as (
    select actor_id, shift, round(mass, 6) as posterior, row_number() over (partition by actor_id order by round(mass, 6) desc, shift) as place from masses
),
placed as (
    select actor_id, shift from best where place = 1 and posterior >= $least
    union all
    select actor_id, shift from usual where place = 1
)
select
    people.actor_id,
    case when people.basis = 'unknown' and best.posterior >= $least then 'inferred' else people.basis end as basis,
    cast(case when placed.shift <= 26 then placed.shift else placed.shift - 48 end * 30 as int) as offset_min, -- +13 is New Zealand's summer; hardly anybody is at -11
    templates.hours > 0 as others_are_known,
    best.posterior, people.acts,
    case
        when people.basis <> 'unknown' or best.posterior >= $least then null
        when templates.hours = 0 then 'time zone unknown: nobody states an offset'
        when people.acts < $min_acts then concat('time zone unknown: prompts in fewer than ', $min_acts, ' half hours')
        else concat('time zone unknown: no offset has a posterior of ', $least)
    end as abstain_reason,
from people
cross join (select count(*) as hours from int_clock_template) as templates
left join best on best.actor_id = people.actor_id and best.place = 1
left join placed on placed.actor_id = people.actor_id
