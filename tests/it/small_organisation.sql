-- A small invented organisation for tests of all models together: 12 people on the roster (one never seen), a service, one
-- stranger; 240 sessions over ten weeks around New Year, every sixth with a subagent, every seventh without usage.
-- Session n: actor n % 13, day n % 70, repository n % 4.
insert into actors (actor_id, team_id, role, kind, time_zone, on_roster)
select
    'actor' || cast(n as varchar),
    'team' || cast(n % 3 as varchar),
    case when n % 2 = 0 then 'engineer' else '' end,
    case when n = 11 then 'service' else 'person' end,
    case when n % 3 = 0 then 'Asia/Kolkata' when n % 3 = 1 then 'America/New_York' end,
    true
from (select unnest(generate_series(0, 12)) as n) where n <> 12
union all
select 'idle', 'team0', '', 'person', null, true;

insert into zone_offsets values
    ('Asia/Kolkata', '2020-01-01T00:00:00Z', '2030-01-01T00:00:00Z', 330),
    ('America/New_York', '2025-11-02T06:00:00Z', '2026-03-08T07:00:00Z', -300);

insert into identities
select 'actor' || cast(n as varchar) || '@x.test', '', 'log' || cast(n as varchar), 'actor' || cast(n as varchar)
from (select unnest(generate_series(0, 12)) as n);

insert into outcome_identities
select 'actor' || cast(n as varchar) || '@x.test', 'actor' || cast(n as varchar)
from (select unnest(generate_series(0, 12)) as n);

insert into automations (actor_id, match, owner) values (null, 'repo:repo3', 'team0');

insert into facts (session_id, name, value, rank, ts) values
    ('s5', 'trigger', 'schedule', 1, null), ('s5', 'schedule', '0 2 * * *', 1, null), ('s18', 'parent', 's5', 1, null);

insert into events (
    event_key, source, session_id, parent_session_id, ts, actor_id, source_file, byte_offset, kind, trigger, client, model,
    input_tokens, output_tokens, cache_read_tokens, token_basis, output_is_lower_bound, cost_usd,
    text_words, masked_hash, shingles, bands, tool_name, call_id, is_error, effect, system, path, repo, call_hash, result_hash, added_lines
)
select
    arrow_cast(concat(lpad(cast(n as varchar), 6, '0'), lpad(cast(step as varchar), 2, '0')), 'Binary'),
    'invented',
    concat('s', cast(n as varchar), case when step >= 8 then '-sub' else '' end),
    case when step >= 8 then concat('s', cast(n as varchar)) end,
    arrow_cast(1763942400000000 + (n % 70) * 86400000000 + (n % 24) * 3600000000 + step * 20000000, 'Timestamp(Microsecond, Some("UTC"))'),
    concat('actor', cast(n % 13 as varchar), '@x.test'),
    concat('log', cast(n % 13 as varchar)),
    n * 100 + step,
    case step % 4 when 0 then 'prompt' when 1 then 'completion' when 2 then 'tool_call' else 'tool_result' end,
    case when step >= 8 then 'agent' when n % 13 = 11 then 'unknown' else 'human' end,
    case when n % 2 = 0 then 'claude-code/2.1.0' else 'codex/0.139.0' end,
    case when step % 4 = 1 then concat('model', cast(n % 3 as varchar)) end,
    case when step % 4 = 1 and n % 7 <> 0 then 1000 + n end,
    case when step % 4 = 1 and n % 7 <> 0 then 100 + step end,
    case when step % 4 = 1 and n % 7 <> 0 then 5000 end,
    case when step % 4 = 1 then case when n % 7 <> 0 then 'reported' else 'absent' end end,
    step % 4 = 1 and n % 11 = 0,
    case when step % 4 = 1 and n % 7 <> 0 then cast(0.01 as decimal(18, 6)) end,
    case when step % 4 = 0 then case when n % 5 = 0 then 1 else 20 end end,
    case when step % 4 = 0 then case when n % 5 = 0 then 1 else n * 2 + step end end,
    case when step % 4 = 0 then [n * 2, n * 2 + 1, step] end,
    case when step % 4 = 0 and n % 5 <> 0 then [n * 2, step] end,
    case when step % 4 >= 2 then 'Edit' end,
    case when step % 4 >= 2 then concat('c', cast(step / 4 as varchar)) end,
    case when step % 4 = 1 then false when step % 4 = 3 then n % 9 = 0 end,
    case when step % 4 >= 2 then 'write' end,
    case when step % 4 >= 2 then 'filesystem' end,
    case when step % 4 >= 2 then concat('/w/repo', cast(n % 4 as varchar), '/src/file', cast(n % 10 as varchar), '.rs') end,
    concat('/w/repo', cast(n % 4 as varchar)),
    case when step % 4 = 2 then n + step end,
    case when step % 4 = 3 then n + step end,
    case when step % 4 = 2 then [n * 10, n * 10 + 1, n * 10 + 2, n * 10 + 3, 7] end
from (select unnest(generate_series(0, 239)) as n)
cross join (select unnest(generate_series(0, 11)) as step)
where step < 8 or n % 6 = 0;

insert into outcomes (outcome_key, source, ts, outcome_id, kind, status, actor_id, session_ids, repo, paths, lines_added, added_lines)
select
    arrow_cast(concat('o', lpad(cast(n as varchar), 6, '0')), 'Binary'),
    'git',
    arrow_cast(1763942400000000 + (n % 70) * 86400000000 + (n % 24) * 3600000000 + 3600000000, 'Timestamp(Microsecond, Some("UTC"))'),
    concat('commit', cast(n as varchar)),
    'commit',
    case when n % 8 = 0 then 'reverted' else 'landed' end,
    concat('actor', cast(n % 13 as varchar), '@x.test'),
    case when n % 12 = 0 then [concat('s', cast(n as varchar), '-sub')] end,
    concat('https://h.test/a/repo', cast(n % 4 as varchar), '.git'),
    [concat('src/file', cast(case when n % 10 = 4 then 99 else n % 10 end as varchar), '.rs'), 'README.md'],
    5,
    case when n % 4 = 0 then [n * 10, n * 10 + 1, n * 10 + 2, 7, 123456] end
from (select unnest(generate_series(0, 239)) as n)
where n % 2 = 0;
