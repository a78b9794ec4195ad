-- model: int_reached_sessions
-- grain: one session whose unattended work reaches a consumer through a session that read it
-- reads: int_unattended_reads, fct_attribution, facts, int_calls
-- family: AGENT-WASTE
-- measures: the search backwards from the sinks, to depth $depth: a session is reached when what it wrote unattended was read while a human attended, or by a session
--   that has a sink of its own (work that landed, a ticket named or changed, a delivery, a message sent) or is reached itself. steps is the length of the shortest such path
-- innocent: an agent's report that a person had read out the next morning, research of one agent that another's commit rests on
-- evasion: agents that read agents in a circle reach nothing, however long it is
-- reference: signals.md S7 (reverse search from the sinks)
-- params: depth = 6
with recursive sinks as (
    select distinct session_id from fct_attribution where tier in ('explicit', 'lines', 'files') and (status = 'landed' or outcome_kind = 'ticket')
    union
    select distinct session_id from facts where name = 'delivery' and value = 'delivered'
    union
    select distinct session_id from int_calls where not is_error and (effect = 'send' or effect = 'write' and system = 'ticket')
),
reached as (
    select distinct reads.session_id, cast(1 as bigint) as steps
    from int_unattended_reads as reads
    left join sinks on sinks.session_id = reads.reader_id
    where reads.is_attended or sinks.session_id is not null
    union
    select reads.session_id, reached.steps + 1 as steps
    from reached
    join int_unattended_reads as reads on reads.reader_id = reached.session_id
    where reached.steps < $depth
)
select reached.session_id, min(reached.steps) as steps from reached group by reached.session_id
