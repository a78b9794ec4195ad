-- model: fct_population_panel
-- grain: one known person and whole ISO week in which the person used a tool or something of theirs landed
-- reads: fct_actor_weeks, stg_outcomes, int_outcomes_until, int_counted_outcomes, fct_coverage, actors
-- family: INCENTIVE
-- measures: usage beside outcomes, for incentive_break (P2: a jump or ramp of usage at the first policy date that outcomes do not follow)
--   and metric_decoupling (P3: usage no longer orders people by outcomes). Outcomes are landed ones, each piece of work once, of which a line is
--   left, where that is known; null where no source has any, and in weeks that end after int_outcomes_until: what was not read is not nothing.
--   Use is the person's own: declared automation and what a schedule began leave. is_new: the week ends before the
--   person's first $new_days days on the roster do. The first week of the data is left out unless they begin on
--   its Monday, the last unless they reach its Sunday: it is not whole. The estimators stand in src/score
-- suggests: usage for the metric since the policy date
-- innocent: model, tokeniser, price or client changes and releases (the calendar is taken out); new licences and hires (people on both sides
--   of the date only, and nobody who was new before it); saturation at a quota (narrower range); tokens that were not reported (those people are left out); a review bottleneck; long projects
-- abstains: fewer than 8 whole weeks with known outcomes on a side for the break, 6 for decoupling; fewer than 30 people with outcome coverage of .8
-- evasion: gamed outcomes: only outcomes of which something survives are counted
-- reference: signals.md P2 and P3; Callaway and Sant'Anna 2021 (where `[[rollout]]` says when a policy came to which team); Bernal et al. 2017; Penfold and Zhang 2013; Newey and West 1987; Kendall 1945
-- params: new_days = 60
with people as (
    select actor_id, team_id, to_char(active_from + cast($new_days as bigint), '%G-W%V') as settled_week
    from actors
    where kind = 'person' and actor_id <> '(unassigned)'
),
landed as (
    select actor_id, iso_week, count(*) as outcomes
    from int_counted_outcomes
    where coalesce(lines_surviving, 1) > 0 or coalesce(lines_added, 0) = 0
    group by actor_id, iso_week
),
sources as (select count(*) > 0 as any_outcomes from stg_outcomes),
known as (
    select to_char(arrow_cast(outcomes_until, 'Timestamp(Microsecond, None)'), '%G-W%V') as until_week from int_outcomes_until
),
used as (select * from fct_actor_weeks where actor_kind = 'person'),
own as (select actor_id, iso_week, own_tokens, own_prompts from used where own_steps > 0),
edges as (
    select
        min(iso_week) as first_week, max(iso_week) as last_week,
        arrow_cast(min(first_at), 'Timestamp(Microsecond, None)') as first_at, arrow_cast(max(last_at), 'Timestamp(Microsecond, None)') as last_at,
    from used
),
-- Weeks are local and times are not: where the first step lies in the week before by UTC, it is Monday for whoever took it.
bounds as (
    select
        first_week, last_week,
        coalesce(to_char(first_at, '%u') = '1' or to_char(first_at, '%G-W%V') < first_week, false) as begins_whole,
        coalesce(to_char(last_at, '%u') = '7' or to_char(last_at, '%G-W%V') > last_week, false) as ends_whole,
    from edges
),
-- One row, and first: what a cross join has on its left is held.
run as (
    select bounds.*, sources.any_outcomes, known.until_week
    from bounds
    cross join sources
    cross join known
),
weeks as (
    select
        coalesce(own.actor_id, landed.actor_id) as actor_id, coalesce(own.iso_week, landed.iso_week) as iso_week,
        case when own.actor_id is null then 0 else own.own_tokens end as tokens,
        case when own.actor_id is null then 0 else own.own_prompts end as prompts, -- null where a client logs none
        coalesce(landed.outcomes, 0) as outcomes,
    from own
    full outer join landed on landed.actor_id = own.actor_id and landed.iso_week = own.iso_week
)
select
    people.actor_id,
    people.team_id,
    weeks.iso_week,
    coalesce(weeks.iso_week < people.settled_week, false) as is_new,
    weeks.tokens,
    weeks.prompts,
    case when run.any_outcomes and weeks.iso_week < run.until_week then weeks.outcomes end as outcomes,
    fct_coverage.outcome_coverage,
from run
cross join weeks
inner join people on people.actor_id = weeks.actor_id
left join fct_coverage on fct_coverage.actor_id = people.actor_id
where (weeks.iso_week > run.first_week or weeks.iso_week = run.first_week and run.begins_whole)
    and (weeks.iso_week < run.last_week or weeks.iso_week = run.last_week and run.ends_whole)
