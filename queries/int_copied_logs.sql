-- model: int_copied_logs
-- grain: one file of logs of which nothing counts by itself
-- reads: ingested, events, outcomes, facts, aggregates, roster
-- measures: files whose whole content stands under another name as well (`same_content`), and files whose every record is in the lake from another file.
--   What they hold is counted once
-- innocent: a log that was renamed, rotated or moved; a back-up; a session that was resumed or forked and repeats its history; a directory that was copied to another machine
with sources as (select distinct source from events),
own as (
    select source_file from events
    union
    select source_file from outcomes
    union
    select source_file from facts
    union
    select source_file from aggregates
    union
    select source_file from roster
),
contents as (select content_id, count(*) as files from ingested group by 1)
select
    i.source_file,
    i.source,
    i.records,
    c.files > 1 as same_content
from ingested as i
inner join sources as s on i.source = s.source
inner join contents as c on i.content_id = c.content_id
left join own as o on i.source_file = o.source_file
where i.records > 0 and o.source_file is null
