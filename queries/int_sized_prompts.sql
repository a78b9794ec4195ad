-- model: int_sized_prompts
-- grain: one logical human prompt of $min_tokens tokens or more, in a lake that has no text of any prompt
-- reads: int_prompts, int_answers, int_prompt_logging
-- family: REDUNDANCY
-- measures: the size of the prompt as the growth of the context tells it (int_answers), which is what is left to compare requests by: equal texts have equal sizes. Unequal ones can have
--   them too, and more often the smaller they are; int_prompt_bounds takes out what people with as many prompts share by chance
-- innocent: what a client itself marks as a retry or an approval is left out; slash commands and templates cannot be told from other prompts without a text
-- abstains: where any prompt in the lake has a text nothing is compared by size, since the two do not compare with each other; no row for the first prompt of a thread
-- reference: signals.md S1
-- params: min_tokens = 24
-- part: person
select
    prompts.event_key, prompts.ts, prompts.local_ts, prompts.session_id, prompts.actor_id, answers.supplied_tokens, prompts.tokens, prompts.cost_usd,
from int_prompts as prompts
join int_answers as answers on answers.event_key = prompts.event_key
cross join int_prompt_logging as logging
where not logging.has_text and not prompts.is_stop_phrase and answers.supplied_tokens >= $min_tokens
