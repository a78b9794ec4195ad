-- model: int_log_clocks
-- grain: one session of one file whose clock runs backwards
-- reads: stg_events, vantages
-- measures: steps that stand after another one in the file and say a time more than $seconds before it, and by how much at most. Within one byte
--   there is no order. Only what the tool itself wrote as it went, or exported, is looked at: telemetry tells of a call when it has ended and says
--   when it began, and gateways and platforms list the newest first
-- innocent: a clock that was set right, by hand or by the network; a laptop that was asleep; a file put together from several; an export written
--   newest first
-- params: seconds = 60
-- part: person
with ordered as (
    select
        e.source_file, e.session_id, e.byte_offset, e.ts, e.tokens,
        max(arrow_cast(e.ts, 'Int64')) over (
            partition by e.source_file, e.session_id
            order by e.byte_offset
            range between unbounded preceding and current row
        ) as latest_us
    from stg_events as e
    inner join vantages as v on e.source = v.source
    where e.ts is not null and v.authority <= 2
),
steps as (
    select *, (latest_us - arrow_cast(ts, 'Int64')) / 1000000 as seconds_back from ordered
)
select
    source_file,
    session_id,
    count(*) filter (where seconds_back > $seconds) as records,
    count(*) as of_records,
    sum(tokens) as tokens,
    min(ts) as first_at,
    max(ts) as last_at,
    max(seconds_back) as most_seconds_back
from steps
group by 1, 2
having count(*) filter (where seconds_back > $seconds) > 0
