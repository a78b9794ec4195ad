-- model: int_session_lines
-- grain: one root session and one line that its edits added, by the hash of the normalised line
-- reads: stg_events
-- reference: signals.md S4
-- part: person
select distinct root_session_id as session_id, unnest(added_lines) as line
from stg_events
where cardinality(added_lines) > 0
