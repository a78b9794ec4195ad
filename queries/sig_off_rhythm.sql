-- model: sig_off_rhythm
-- grain: one actor and ISO week with human prompts
-- reads: fct_actor_weeks, int_quiet_arcs, int_on_call_sessions, int_person_offsets, sig_timer_regularity, sig_unattended_burn
-- family: CLOCK
-- measures: standardised excess of the week's prompts inside the actor's own habitual quiet arc over the beta-binomial prediction from the
--   eight weeks before (Jeffreys prior)
-- suggests: nothing by itself: a gate that adds to sig_timer_regularity or sig_unattended_burn in the same week
-- innocent: night work, other zones, travel, parents, on-call (discount $on_call); outcomes inside the arc mean that the person was there
--   and take the evidence to nothing
-- abstains: neither of the two signals speaks in the week; time zone unknown (int_person_offsets); no baseline of four weeks and $min_baseline acts, or no quiet arc; fewer than
--   $min_prompts prompts
-- evasion: moving the machine into working hours: sig_timer_regularity
-- reference: signals.md S9; Claes et al. 2018
-- params: min_baseline = 100, min_prompts = 20, on_call = 0.2
with weeks as (
    select * from fct_actor_weeks where actor_kind = 'person' and prompts > 0
),
gates as (
    select actor_id, iso_week, 'timer_regularity' as gate from sig_timer_regularity where status = 'speak'
    union
    select actor_id, iso_week, 'unattended_burn' as gate from sig_unattended_burn where status = 'speak' and value > 0
),
open_gates as (
    select actor_id, iso_week, min(gate) as gate from gates group by actor_id, iso_week
),
on_call as (
    select distinct actor_id, iso_week from int_on_call_sessions
),
predicted as (
    select
        weeks.actor_id, weeks.iso_week, open_gates.gate, on_call.actor_id is not null as is_on_call,
        arcs.acts, arcs.arc_start, arcs.arc_hours, arcs.prompts, arcs.arc_prompts, arcs.arc_outcomes,
        offsets.abstain_reason as zone_reason, case when offsets.basis = 'inferred' then concat('"offset_min":', offsets.offset_min, ',"offset_posterior":', offsets.posterior, ',') else '' end as zone,
        cast(arcs.arc_acts as double) + 0.5 as a, cast(arcs.acts - arcs.arc_acts as double) + 0.5 as b,
    from weeks
    left join int_quiet_arcs as arcs on arcs.actor_id = weeks.actor_id and arcs.iso_week = weeks.iso_week
    left join open_gates on open_gates.actor_id = weeks.actor_id and open_gates.iso_week = weeks.iso_week
    left join on_call on on_call.actor_id = weeks.actor_id and on_call.iso_week = weeks.iso_week
    left join int_person_offsets as offsets on offsets.actor_id = weeks.actor_id
),
judged as (
    select
        *,
        case when arc_outcomes > 0 then 0.0 else 1.0 end as presence_factor,
        case when is_on_call then $on_call else 1.0 end as on_call_factor,
        (arc_prompts - prompts * a / (a + b)) / sqrt(prompts * a * b * (a + b + prompts) / (power(a + b, 2) * (a + b + 1))) as excess,
        case
            when actor_id = '(unassigned)' then 'actor unknown'
            when gate is null then 'gate only: no machine clock and no unattended burn this week'
            when zone_reason is not null then zone_reason
            when acts is null then 'no habitual quiet arc over four earlier weeks'
            when acts < $min_baseline then concat('fewer than ', $min_baseline, ' baseline events')
            when prompts < $min_prompts then concat('fewer than ', $min_prompts, ' prompts')
        end as abstain_reason,
    from predicted
)
select
    'actor_week' as scope, concat(actor_id, '/', iso_week) as unit_id, actor_id, iso_week,
    case when abstain_reason is null then round(excess, 9) end as value, coalesce(prompts, 0) as n,
    case when abstain_reason is null then 'speak' else 'abstain' end as status, abstain_reason,
    presence_factor * on_call_factor as discount, 0.0 as exculpation_db,
    concat('{', zone, '"gate":"', coalesce(gate, ''), '","quiet_from_hour":', coalesce(cast(arc_start as varchar), 'null'), ',"quiet_hours":', coalesce(cast(arc_hours as varchar), 'null'),
        ',"prompts_inside":', coalesce(arc_prompts, 0), ',"outcomes_inside":', coalesce(arc_outcomes, 0), ',"baseline_events":', coalesce(acts, 0), ',"discounts":[', concat_ws(',',
            case when presence_factor < 1 then concat('{"why":"outcomes landed in the same hours","factor":', presence_factor, '}') end,
            case when on_call_factor < 1 then concat('{"why":"on call","factor":', on_call_factor, '}') end), ']}') as evidence,
from judged
