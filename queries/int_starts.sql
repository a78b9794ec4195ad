-- model: int_starts
-- grain: one declustered start: a prompt labelled human, or whose origin no log states, after $silence_min minutes without one of the same actor; so is a response
--   where the log of the actor's client has no prompts at all (int_unprompted_clients); clients whose times stand on a grid are a series of their own
-- reads: stg_events, fct_sessions, int_clock_grids, int_unprompted_clients
-- family: CLOCK
-- measures: when people begin, and how much output they had to read and text to type since the start before: null where the log says one of the two not at all
-- innocent: only undeclared automation counts: sessions of a declared automation leave, and so does what a log says a scheduler, hook or agent sent; automatic continues and retries are no starts, and pings closer than the silence collapse into one start
-- reference: signals.md S8
-- params: silence_min = 10
-- part: person
with declared as (
    select session_id from fct_sessions where declared
),
steps as (
    select
        event_key, stg_events.actor_id, iso_week, ts, case when kind = 'prompt' then text_chars end as text_chars, output_tokens, coalesce(is_on_grid, false) as is_on_grid,
        cast(local_ts as date) as local_day,
        date_part('epoch', local_ts) as local_seconds,
        date_part('epoch', ts) as seconds,
        case when kind = 'prompt' then 1 else 0 end as is_prompt,
        case when kind = 'prompt' or unprompted.actor_id is not null and trigger in ('human', 'unknown') then 1 else 0 end as is_turn,
    from stg_events
    left join declared on declared.session_id = stg_events.root_session_id
    left join int_clock_grids as grids on grids.client_name is not distinct from split_part(client, '/', 1)
    left join int_unprompted_clients as unprompted on unprompted.actor_id = stg_events.actor_id and unprompted.client_name = coalesce(split_part(client, '/', 1), '')
    where declared.session_id is null and actor_kind = 'person'
        and (kind = 'completion' or kind = 'prompt' and trigger in ('human', 'unknown') and coalesce(marker, '') not in ('continue', 'retry', 'interrupt'))
),
silences as (
    select
        *,
        seconds - max(case when is_turn = 1 then seconds end) over (
            partition by actor_id, is_on_grid order by seconds, is_prompt desc, event_key rows between unbounded preceding and 1 preceding
        ) as silence,
    from steps
),
marked as (
    select *, case when is_turn = 1 and coalesce(silence >= $silence_min * 60.0, true) then 1 else 0 end as is_start from silences
),
bursts as (
    select *, sum(is_start) over (partition by actor_id, is_on_grid order by seconds, is_prompt desc, event_key) as burst from marked
),
starts as (
    select actor_id, is_on_grid, iso_week, local_day, local_seconds, ts, seconds, burst, text_chars
    from bursts
    where is_start = 1
),
outputs as (
    select actor_id, is_on_grid, burst, sum(output_tokens) as output_tokens
    from bursts
    where is_prompt = 0
    group by actor_id, is_on_grid, burst
)
select
    starts.actor_id, starts.iso_week, starts.local_day, starts.local_seconds, starts.is_on_grid, starts.ts, starts.seconds,
    starts.seconds - lag(starts.seconds) over (partition by starts.actor_id, starts.is_on_grid, starts.iso_week order by starts.seconds) as gap_seconds,
    outputs.output_tokens + starts.text_chars as effort,
from starts
left join outputs on outputs.actor_id = starts.actor_id and outputs.is_on_grid = starts.is_on_grid and outputs.burst = starts.burst - 1
