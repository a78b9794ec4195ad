-- model: int_spike_sessions
-- grain: one session on a branch whose name says that it is a trial
-- reads: stg_events
-- measures: a word of the branch's name, whatever its case, that stands for work which is not meant to land: `Spike/cache`, `SPIKE-12`, `ada/poc`
-- reference: signals.md look-alike register (spike, investigation, review)
select distinct session_id
from (select distinct root_session_id as session_id, lower(branch) as branch from stg_events where branch is not null)
where regexp_like(branch, '(^|[/_-])(spike|experiment|prototype|poc|scratch|investigate)([/_-]|$)')
