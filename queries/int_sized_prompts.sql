-- model: int_sized_prompts
-- grain: one logical human prompt of $min_tokens tokens or more, of a person no prompt of whom has a text in the lake
-- reads: int_prompts, int_answers, int_prompt_logging
-- family: REDUNDANCY
-- measures: the size of the prompt, which is what is left to compare requests by: equal texts have equal sizes. It is the number of characters that the log states, told by a negative number
--   so that the two do not meet, else the tokens by which the context grew (int_answers). Unequal texts can have one size too, and more often the smaller they are; int_prompt_bounds
--   takes out what people with as many prompts share by chance
-- innocent: what a client itself marks as a retry or an approval is left out; slash commands and templates cannot be told from other prompts without a text
-- abstains: where any prompt of the person has a text nothing of theirs is compared by size, since the two do not compare with each other; no row for a prompt without a stated length that is the first of a thread
-- reference: signals.md S1
-- params: min_tokens = 24
-- part: person
select
    prompts.event_key, prompts.ts, prompts.local_ts, prompts.session_id, prompts.actor_id, coalesce(-prompts.stated_chars, answers.supplied_tokens) as size, prompts.tokens, prompts.cost_usd,
from int_prompts as prompts
join int_answers as answers on answers.event_key = prompts.event_key
left join int_prompt_logging as logging on logging.actor_id = prompts.actor_id
where logging.actor_id is null and not prompts.is_stop_phrase and answers.supplied_tokens >= $min_tokens
