-- model: int_shared_commands
-- grain: one slash command that $shared_actors people or more use
-- reads: int_prompts
-- family: REDUNDANCY
-- measures: which commands are the organisation's: a name of one's own can stand before anything
-- innocent: what several people call by one name is a tool and no repetition
-- reference: signals.md S1 and look-alike register (slash command)
-- params: shared_actors = 3
select command
from (select distinct command, actor_id from int_prompts where command is not null)
group by command
having count(*) >= $shared_actors
