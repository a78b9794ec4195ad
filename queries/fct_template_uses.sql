-- model: fct_template_uses
-- grain: one prompt template that five people or more share, and person
-- reads: int_template_prompts, fct_sessions, fct_attribution, fct_coverage, actors, int_as_of
-- family: INCENTIVE
-- measures: for shared_burner_template (P4): when each person first used a template, and how many of their sessions with it led to a linked
--   outcome, against what the share of linked sessions of their strata without any template would give
-- suggests: a prompt passed around to raise usage: spreads after the policy date, its results are not used
-- innocent: shared skills are used like the rest of the stratum; a workshop shows as one busy day of first uses, onboarding as people in
--   their first $new_days days
-- abstains: sessions younger than $horizon_days days, unknown coverage or coverage under $coverage are not judged; nor are those of a stratum with fewer than $base_sessions sessions
--   without a template or $base_actors people who have them: its share is not known
-- evasion: paraphrases share no bands; sig_orphan_output and sig_low_output_novelty do not read prompts
-- reference: signals.md P4; Broder 1997
-- params: new_days = 60, coverage = 0.8, horizon_days = 14, base_sessions = 20, base_actors = 5
with uses as (
    select * from int_template_prompts
),
linked as (
    select distinct session_id from fct_attribution where tier in ('explicit', 'lines')
),
judged as (
    select s.session_id, s.actor_id, s.stratum, case when linked.session_id is null then 0 else 1 end as is_used
    from fct_sessions as s
    inner join fct_coverage as c on c.actor_id = s.actor_id and c.outcome_coverage >= $coverage
    cross join int_as_of as a
    left join linked on linked.session_id = s.session_id
    where not s.declared and date_part('epoch', a.as_of) - date_part('epoch', s.ended_at) >= $horizon_days * 86400.0
),
with_template as (
    select distinct template, actor_id, session_id from uses
),
rates as (
    select judged.stratum, (sum(is_used) + 0.5) / (count(*) + 1.0) as rate
    from judged
    left join (select distinct session_id from with_template) as t on t.session_id = judged.session_id
    where t.session_id is null
    group by judged.stratum
    having count(*) >= $base_sessions and count(distinct judged.actor_id) >= $base_actors
),
sessions as (
    select w.template, w.actor_id, count(*) as judged_sessions, sum(judged.is_used) as used_sessions, sum(rates.rate) as expected_used
    from with_template as w
    inner join judged on judged.session_id = w.session_id
    inner join rates on rates.stratum = judged.stratum
    group by w.template, w.actor_id
),
firsts as (
    select template, actor_id, min(ts) as first_use, min(local_day) as first_day from uses group by template, actor_id
),
days as (
    select template, first_day, row_number() over (partition by template order by count(*) desc, first_day) as place
    from firsts
    group by template, first_day
)
select
    firsts.template, firsts.actor_id, firsts.first_use, days.place = 1 as first_on_busiest_day,
    coalesce(firsts.first_day - actors.active_from < $new_days, false) as is_new,
    coalesce(sessions.judged_sessions, 0) as judged_sessions, coalesce(sessions.used_sessions, 0) as used_sessions,
    coalesce(sessions.expected_used, 0.0) as expected_used,
from firsts
inner join days on days.template = firsts.template and days.first_day = firsts.first_day
left join sessions on sessions.template = firsts.template and sessions.actor_id = firsts.actor_id
left join actors on actors.actor_id = firsts.actor_id
