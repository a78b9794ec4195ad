-- model: fct_findings
-- grain: one observed fact about a root session
-- reads: fct_finding_repeated_prompt, fct_finding_identical_calls, fct_finding_no_op_run, fct_finding_undelivered_output,
--   fct_finding_output_never_landed, fct_finding_machine_clock_starts
-- measures: every finding, stated with its counts and without any comparison
-- reference: outputs.md
select session_id, finding, count, tokens, cost_usd, first_at, last_at, evidence from fct_finding_repeated_prompt
union all
select session_id, finding, count, tokens, cost_usd, first_at, last_at, evidence from fct_finding_identical_calls
union all
select session_id, finding, count, tokens, cost_usd, first_at, last_at, evidence from fct_finding_no_op_run
union all
select session_id, finding, count, tokens, cost_usd, first_at, last_at, evidence from fct_finding_undelivered_output
union all
select session_id, finding, count, tokens, cost_usd, first_at, last_at, evidence from fct_finding_output_never_landed
union all
select session_id, finding, count, tokens, cost_usd, first_at, last_at, evidence from fct_finding_machine_clock_starts
