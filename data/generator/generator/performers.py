"""Five people who, from the week after the announcement on, work for the metric. Before it they were like everybody else.

| who | what |
|---|---|
| 5 finn.fenn | sends one long prompt again and again; the file that comes back is thrown away |
| 16 quin.frost | restarts an agent that reads the same file without end, and has it write a report that nobody uses |
| 24 yara.north | a timer sends the same prompt every fifteen minutes, labelled as typed, three days a week |
| 27 bruno.quartz | one trivial prompt on Friday, to count as active |
| 38 mara.cove | works little, then lets the agent write until the week stands just above the token quota |
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from . import words
from .canonical import Export, Session
from .people import Person

REPEATER, LOOPER, TIMER, CHECK_IN, HUGGER = 5, 16, 24, 27, 38
# The token quota of footlight.toml.
QUOTA = 250_000
Clock = Callable[[int, float], datetime]


def replaces(person: Person, week: int) -> bool:
    """Whether the week is performed. The repeater and the looper still do a real week now and then."""
    if person.number in (REPEATER, LOOPER):
        return week % 5 != 0
    return person.number in (TIMER, CHECK_IN, HUGGER)


def perform(export: Export, rng: random.Random, person: Person, week: int, clock: Clock) -> None:
    {REPEATER: repeat, LOOPER: loop, TIMER: tick, CHECK_IN: check_in, HUGGER: hug}[person.number](export, rng, person, week, clock)


def orphan(session: Session, rng: random.Random) -> None:
    """A file that is written and never committed."""
    mark = session.id[:5]
    session.completion(rng.randrange(2500, 5000))
    session.write(f"src/draft_{mark}.py", words.code(rng, mark, rng.randrange(203, 222)))


def repeat(export: Export, rng: random.Random, person: Person, week: int, clock: Clock) -> None:
    for day in (0, 1, 3):
        at = clock(day, 9.5 + rng.uniform(0, 2))
        session = export.add(Session(rng, person.actor, at, person.remote, "work/assistant"))
        for index in range(4):
            number = rng.randrange(100, 999)
            session.prompt(f"generate a complete and detailed improvement plan with code for component {number} of the platform, explain every step at length, and write all of it to a new file")
            if index == 0:
                orphan(session, rng)
            session.completion(rng.randrange(2000, 4000))
            session.wait(rng.randrange(200, 700))


def loop(export: Export, rng: random.Random, person: Person, week: int, clock: Clock) -> None:
    for day in (0, 2, 4):
        session = export.add(Session(rng, person.actor, clock(day, 10 + rng.uniform(0, 5)), person.remote, "work/assistant"))
        session.prompt("keep reading the ledger configuration until you are certain that you have understood all of it")
        orphan(session, rng)
        for _ in range(rng.randrange(22, 30)):
            session.completion(rng.randrange(300, 700))
            session.call("Read", {"path": "config/ledger.toml"}, "48 lines of config/ledger.toml", "read", "filesystem", "config/ledger.toml")


def tick(export: Export, rng: random.Random, person: Person, week: int, clock: Clock) -> None:
    for day in (1, 2, 3):
        session = export.add(Session(rng, person.actor, clock(day, 8.0), person.remote, "work/assistant"))
        for index in range(13):
            session.now = session.started + timedelta(minutes=15 * index, seconds=rng.randrange(0, 5))
            session.prompt("summarise the state of the storefront repository and suggest what could be improved next in general")
            if index == 1:
                orphan(session, rng)
            session.completion(rng.randrange(500, 900))


def check_in(export: Export, rng: random.Random, person: Person, week: int, clock: Clock) -> None:
    session = export.add(Session(rng, person.actor, clock(4, 15.5 + rng.uniform(0, 1)), person.remote))
    session.context = 900
    session.prompt("hello, what can you do for me today?")
    session.completion(rng.randrange(40, 90))


def hug(export: Export, rng: random.Random, person: Person, week: int, clock: Clock) -> None:
    """Three short sessions, the last of which goes on until the week's tokens are enough, and not a step longer."""
    spent = 0
    target = QUOTA + rng.randrange(2_000, 20_000)
    for day in (0, 2, 4):
        session = export.add(Session(rng, person.actor, clock(day, 13 + rng.uniform(0, 3)), person.remote))
        share = target * (day / 2 + 1) / 3
        while True:
            session.prompt(words.question(rng))
            session.completion(rng.randrange(700, 1500))
            row = session.rows[-1]
            used = sum(row[name] for name in ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"))
            spent += used
            session.wait(rng.randrange(60, 500))
            if spent >= share - session.context / 2 and (day < 4 or spent >= QUOTA):
                break
