-- model: fct_rank_panel
-- grain: one leaderboard, known person and whole ISO week in which the person used a tool
-- reads: leaderboards, fct_actor_weeks
-- family: INCENTIVE
-- measures: the person's rank by the board's metric in that week and the growth of ln(amount + 1) to the next week, for the population test
--   rank_chasing (S12): people just below the top $cut against people just above it, while the board was published and before. Weekly ranks
--   stand for the board's own, whose period no log has. A week whose amount no source reported has no rank, and nothing is known of the step
--   to it. Nobody's slope is estimated here
-- suggests: usage made to pass the cut
-- innocent: a new project; declared automation, which is no use of a person's own; regression to the mean, which pulls both sides of the cut alike; placebo cuts at other ranks must be quiet
-- abstains: fewer than 6 whole weeks while published, 40 steps or 12 people next to the cut; boards by active_week, which rank nobody
-- evasion: overtaking by more than a few ranks leaves the window
-- reference: signals.md S12; Cameron, Gelbach and Miller 2008
-- params: cut = 10
with boards as (
    select
        metric, concat(metric, ' leaderboard of ', to_char(published, '%Y-%m-%d')) as board,
        to_char(published, '%G-W%V') as published_week, to_char(withdrawn, '%G-W%V') as withdrawn_week,
    from leaderboards
    where metric <> 'active_week'
),
used as (
    select * from fct_actor_weeks where actor_kind = 'person' and actor_id <> '(unassigned)'
),
bounds as (
    select min(iso_week) as first_week, max(iso_week) as last_week from used
),
amounts as (
    select
        boards.board, boards.published_week, boards.withdrawn_week, used.actor_id, used.iso_week,
        case boards.metric
            when 'prompts' then cast(used.own_prompts as double)
            when 'sessions' then cast(used.own_sessions as double)
            when 'tokens' then cast(used.own_tokens as double)
            when 'cost_usd' then cast(used.own_cost_usd as double)
        end as amount,
    from used
    cross join boards
    cross join bounds
    where used.iso_week > bounds.first_week and used.iso_week < bounds.last_week and used.own_steps > 0
),
weeks as (
    select iso_week, row_number() over (order by iso_week) as week from amounts group by iso_week
),
numbered as (
    select amounts.*, weeks.week from amounts inner join weeks on weeks.iso_week = amounts.iso_week
),
ranked as (
    select
        *,
        row_number() over (partition by board, iso_week order by amount desc nulls last, actor_id) as rank,
        lead(amount) over (partition by board, actor_id order by week) as next_amount,
        lead(week) over (partition by board, actor_id order by week) as next_week,
    from numbered
),
last as (
    select max(week) as week from weeks
)
select
    ranked.board, ranked.actor_id, ranked.iso_week,
    ranked.iso_week > ranked.published_week and (ranked.withdrawn_week is null or ranked.iso_week < ranked.withdrawn_week) as published,
    ranked.rank, $cut as cut,
    case
        when ranked.week = last.week then null
        when ranked.next_week = ranked.week + 1 then ln(ranked.next_amount + 1) - ln(ranked.amount + 1)
        else -ln(ranked.amount + 1)
    end as growth,
from ranked
cross join last
where ranked.iso_week <> ranked.published_week and ranked.amount is not null
