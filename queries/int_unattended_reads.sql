-- model: int_unattended_reads
-- grain: one session with work that nobody attended to, and another session of the same actor that read a path it wrote
-- reads: fct_sessions, int_unattended, int_calls
-- family: AGENT-WASTE
-- measures: the edges call, artifact, reader, of calls that did not fail: writes after the last human turn of a session (all of one without any), and reads of the same path in the same
--   repository within $horizon_days days. is_attended says that a human turn of the reading session followed the read. Of the same actor, because what has not
--   landed stands on one machine; what has landed is a sink anyway
-- innocent: what a person opens in an editor leaves no trace, nor does a shell that prints a file: the discount for a return to the repository stands for them
-- evasion: an agent that reads an agent is an edge and no consumer: int_reached_sessions asks where the edges end
-- reference: signals.md S7
-- params: horizon_days = 14
-- part: person
with writers as (
    select sessions.session_id, sessions.actor_id, unattended.last_turn_at
    from fct_sessions as sessions
    left join int_unattended as unattended on unattended.session_id = sessions.session_id
    where sessions.actor_id <> '(unassigned)' and (unattended.session_id is null or unattended.unattended_seconds > 0)
),
written as (
    select
        writers.session_id, writers.actor_id, coalesce(calls.repo, '') as repo, replace(calls.path, '\', '/') as path, min(calls.ts) as written_at,
    from int_calls as calls
    join writers on writers.session_id = calls.session_id
    where calls.effect = 'write' and calls.path is not null and not calls.is_error
        and (writers.last_turn_at is null or calls.ts > writers.last_turn_at)
    group by writers.session_id, writers.actor_id, coalesce(calls.repo, ''), replace(calls.path, '\', '/')
),
opened as (
    select session_id as reader_id, actor_id, ts, coalesce(repo, '') as repo, replace(path, '\', '/') as path
    from int_calls
    where effect = 'read' and path is not null and not is_error
)
select written.session_id, opened.reader_id, bool_or(coalesce(readers.last_turn_at > opened.ts, false)) as is_attended
from written
join opened on opened.path = written.path and opened.repo = written.repo and opened.actor_id = written.actor_id
left join int_unattended as readers on readers.session_id = opened.reader_id
where opened.reader_id <> written.session_id and opened.ts > written.written_at
    and date_part('epoch', opened.ts) - date_part('epoch', written.written_at) <= $horizon_days * 86400.0
group by written.session_id, opened.reader_id
