-- model: int_automation_runs
-- grain: one root session that is automation
-- reads: int_sessions, int_declared_jobs, int_repos, facts
-- measures: the job that a session is a run of: the schedule of its platform that names it, else the `[[automation]]` that names its repository, its client or its account,
--   else its service account (all of these are declared); else `undeclared`, a session that a schedule began and nobody declared. Of several declarations
--   the first kind in this order names the job, and the first that has an owner says whose it is
-- reference: signals.md 1.6
with named as (
    select s.session_id, case when j.any_place then 3 else 2 end as place, j.kind, j.job, j.schedule, j.owner
    from int_sessions as s
    left join int_repos as r on s.repo = r.repo
    inner join int_declared_jobs as j
        on j.kind = 'declaration'
        and (j.actor_id is null or j.actor_id = s.actor_id)
        and (j.any_place or regexp_like(r.name, j.pattern) or regexp_like(coalesce(r.remote, lower(r.repo)), j.pattern)
            or regexp_like(lower(s.client), j.client_pattern) or regexp_like(lower(split_part(s.client, '/', 1)), j.client_pattern))
    union all
    select schedule_id as session_id, 1 as place, kind, job, schedule, owner
    from int_declared_jobs
    where kind = 'schedule'
    union all
    select n.session_id, 1 as place, j.kind, j.job, j.schedule, j.owner
    from facts as n
    inner join int_declared_jobs as j on n.value = j.schedule_id
    where n.name = 'note'
    union all
    select session_id, 4 as place, 'service' as kind, actor_id as job, cast(null as varchar) as schedule, cast(null as varchar) as owner
    from int_sessions
    where actor_kind = 'service'
    union all
    select session_id, 5 as place, 'undeclared' as kind, split_part(client, '/', 1) as job, cast(null as varchar) as schedule, cast(null as varchar) as owner
    from int_sessions
    where trigger = 'schedule'
),
runs as (
    select
        session_id,
        first_value(kind order by place, job) as kind,
        first_value(job order by place, job) as job,
        first_value(schedule order by place, job, schedule) as schedule,
        first_value(owner order by owner is null, place, job, owner) as owner
    from named
    group by session_id
)
select runs.*, runs.kind <> 'undeclared' as declared, s.actor_id, s.actor_kind = 'person' as is_person
from runs
inner join int_sessions as s on runs.session_id = s.session_id
