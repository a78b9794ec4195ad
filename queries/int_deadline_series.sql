-- model: int_deadline_series
-- grain: one weekly quota, known person and ISO week after the announcement
-- reads: int_deadline_weeks
-- family: INCENTIVE
-- measures: over all weeks, said at each of them: z, the sum over the weeks behind at the cut of gap times (late use minus the late use expected),
--   over its standard error. Expected is the mean late use of the person's other weeks (before the announcement, or not
--   behind), shrunk with a weight of $shrink weeks to the share $late of everybody, applied to their own early use; few other weeks are a rough
--   expectation, so theirs is part of the error. The variance of
--   late use is that of sessions which fall late by chance and independently, or the larger one of the other weeks if there are four.
--   supported_z is the z of a normal variable that is as unlikely as Bernstein's bound makes this sum: one large session that fell late is no
--   habit, and is as likely as chance makes it however many standard errors it is worth. largest_part is the most that one session can add to the sum: by
--   falling late in a week behind its amount times the gap, by falling early in another week $late of its amount times that week's part in what is expected
-- innocent: whoever works late in the week does so in the weeks that are not behind, too; reached says how many weeks behind were made good. Weeks on call are in no sum,
--   neither behind nor to compare with: what happened in them says nothing of the others
-- reference: signals.md S11 (beta of late use on the gap, sessions as the unit of chance); Bernstein 1946 (sums of bounded independent variables)
-- params: late = 0.2, shrink = 2
with marked as (
    select * except (gap), case when is_on_call then 0.0 else gap end as gap, gap > 0 and not is_on_call as is_behind, phase <> 'announced' and not is_on_call as counts
    from int_deadline_weeks
),
running as (
    select
        quota_id, metric, actor_id, iso_week, phase,
        count(case when counts and phase = 'after' then 1 end) over ever as weeks,
        sum(case when counts and phase = 'after' then sessions else 0 end) over ever as sessions,
        sum(case when counts then 1 else 0 end) over ever as all_weeks,
        sum(case when counts then early else 0.0 end) over ever as all_early,
        sum(case when counts then session_squares else 0.0 end) over ever as squares,
        max(gap * largest_session) over ever as largest_behind,
        max(case when counts and not is_behind then largest_session end) over ever as largest_other,
        sum(case when is_behind then 1 else 0 end) over ever as weeks_behind,
        sum(case when is_behind and early + late >= 1 then 1 else 0 end) over ever as weeks_reached,
        sum(gap) over ever as gaps,
        sum(gap * gap) over ever as gap_squares,
        sum(gap * late) over ever as late_by_gap,
        sum(case when counts and not is_behind then 1 else 0 end) over ever as other_weeks,
        sum(case when counts and not is_behind then late else 0.0 end) over ever as other_late,
        sum(case when counts and not is_behind then late * late else 0.0 end) over ever as other_squares,
        sum(case when is_behind then early_outcomes else 0 end) over ever as early_outcomes,
        sum(case when is_behind then late_outcomes else 0 end) over ever as late_outcomes,
        late_outcome_share, is_on_call,
    from marked
    window ever as (partition by quota_id, actor_id)
),
expected as (
    select
        *,
        (other_late + $shrink * $late / (1 - $late) * all_early / greatest(all_weeks, 1)) / (other_weeks + $shrink) as expected_late,
        greatest($late * squares / greatest(all_weeks, 1),
            case when other_weeks >= 4 then other_squares / other_weeks - power(other_late / other_weeks, 2) else 0.0 end) as late_variance,
        gap_squares + other_weeks * power(gaps / (other_weeks + $shrink), 2) as part_squares,
        greatest(coalesce(largest_behind, 0.0), $late * gaps / (other_weeks + $shrink) * coalesce(largest_other, 0.0)) as largest_part,
        late_outcome_share / (1 - late_outcome_share) * early_outcomes as expected_outcomes,
    from running
    where phase = 'after'
),
tested as (
    select *, coalesce((late_by_gap - expected_late * gaps) / nullif(sqrt(part_squares * late_variance), 0.0), 0.0) as z from expected
)
select
    quota_id, metric, actor_id, iso_week, weeks, sessions, weeks_behind, weeks_reached, other_weeks, is_on_call, late_outcomes,
    expected_late, late_by_gap / nullif(gaps, 0.0) as mean_late, z,
    greatest(z, 0.0) / sqrt(1.0 + coalesce(largest_part * greatest(z, 0.0) / (3 * nullif(sqrt(part_squares * late_variance), 0.0)), 0.0)) as supported_z,
    2.0 * (sqrt(late_outcomes + 0.375) - sqrt(expected_outcomes + 0.375)) as outcome_z,
from tested
