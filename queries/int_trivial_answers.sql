-- model: int_trivial_answers
-- grain: one trivial human prompt that a priced model answered
-- reads: int_answers
-- family: SPEND
-- measures: trivial is at most $prompt_words words ($prompt_tokens tokens where only the size of the prompt is known), $output_tokens tokens of output (reported, or, without a call, whose arguments are no text, of four characters of what could be read of it: reasoning makes no answer longer),
--   one tool call and no edit. A model is premium when its price
--   for a weighed token is $premium times that of the cheapest model which answers trivial prompts of $adequate_actors people in that client; it
--   is chosen when it is not the model that most people of the client have in that week, nor one of several that equally many have. expected is the share of chosen premium
--   among the trivial prompts of the other people of the client and role; excess_usd is the cost above that of the cheapest model
-- innocent: whoever has the client's default has chosen nothing
-- abstains: no row without a prompt text or its size, an output count and a price; is_comparable is false where no adequate model is cheaper
-- reference: signals.md S6 (the limits of trivial are judgement)
-- params: prompt_words = 40, prompt_tokens = 80, output_tokens = 150, premium = 1.5, adequate_actors = 3
with answers as (
    select * from int_answers where completions > 0 and model is not null
),
prices as (
    select client_name, model, sum(cost_usd) / sum(weighed_tokens) as price
    from answers
    where weighed_tokens > 0 and cost_usd > 0
    group by client_name, model
),
trivial as (
    select answers.*, prices.price
    from answers
    join prices on prices.client_name = answers.client_name and prices.model = answers.model
    where (text_words <= $prompt_words or text_words is null and supplied_tokens <= $prompt_tokens)
        and (visible_tokens <= $output_tokens or calls = 0 and output_tokens is not null and output_chars <= 4 * $output_tokens) and calls <= 1 and edits = 0 and weighed_tokens > 0
),
adequate as (
    select client_name, min(price) as price
    from (select client_name, price from trivial group by client_name, model, price having count(distinct actor_id) >= $adequate_actors)
    group by client_name
),
users as (
    select client_name, iso_week, model, count(distinct actor_id) as people from answers group by client_name, iso_week, model
),
defaults as (
    select * from (
        select client_name, iso_week, model, rank() over (partition by client_name, iso_week order by people desc) as place from users
    ) where place = 1
),
marked as (
    select
        trivial.*,
        adequate.price is not null as has_adequate,
        coalesce(trivial.price >= $premium * adequate.price, false) as is_premium,
        defaults.model is null as is_chosen,
        greatest(0.0, trivial.cost_usd - trivial.weighed_tokens * adequate.price) as excess_usd,
    from trivial
    left join defaults on defaults.client_name = trivial.client_name and defaults.iso_week = trivial.iso_week and defaults.model = trivial.model
    left join adequate on adequate.client_name = trivial.client_name
),
strata as (
    select client_name, role, count(*) as prompts, count(*) filter (where is_premium and is_chosen) as premium from marked group by client_name, role
),
people as (
    select client_name, role, actor_id, count(*) as prompts, count(*) filter (where is_premium and is_chosen) as premium from marked group by client_name, role, actor_id
),
comparable as (
    select client_name, max(price) >= $premium * min(price) as is_comparable from trivial group by client_name
)
select
    marked.event_key, marked.session_id, marked.actor_id, marked.local_day, marked.client_name, marked.model,
    marked.is_premium, marked.is_chosen, marked.is_premium and marked.is_chosen as is_overkill,
    marked.has_adequate and comparable.is_comparable as is_comparable, coalesce(marked.excess_usd, 0.0) as excess_usd,
    (strata.premium - people.premium + 1.0) / (strata.prompts - people.prompts + 2.0) as expected,
from marked
join comparable on comparable.client_name = marked.client_name
join strata on strata.client_name = marked.client_name and strata.role = marked.role
join people on people.client_name = marked.client_name and people.role = marked.role and people.actor_id = marked.actor_id
