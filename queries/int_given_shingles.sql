-- model: int_given_shingles
-- grain: one person and sampled word shingle of the outputs that the person was given
-- reads: stg_events
-- family: REDUNDANCY
-- measures: which phrases a person was given, each once; who it was is left out, since the rows are only counted. The sample is that of int_output_novelty, the outputs are
--   its own and those that it leaves out: what schedules, subagents and suites are told is how the model talks, too
-- reference: signals.md S5, 1.2
-- params: least_chars = 400, least_words = 40
-- part: person
select shingle
from (
    select actor_id, unnest(array_slice(shingles, 1, 64)) as shingle
    from stg_events
    where actor_kind = 'person' and actor_id <> '(unassigned)' and kind = 'completion' and text_chars >= $least_chars and text_words >= $least_words
)
where shingle < -4611686018427387904
group by actor_id, shingle
