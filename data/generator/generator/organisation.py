"""The canonical export: thirty-one weeks of forty-two people who mostly work, each in their own way.

The quota is announced in the twenty-first week: before it there are enough weeks to know what is usual, and after it enough to see a change.
Every habit that a naive detector would accuse is here with somebody honest: templates, routines, batch evaluations, retries, night shifts,
overnight runs, spikes, learning, reviewing, managing.
"""

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from . import performers, words, writer
from .canonical import Export, Session
from .people import PEOPLE, SERVICES, Person

SEED = 20251215
FIRST_MONDAY = datetime(2025, 12, 15)
WEEKS = 31
ANNOUNCED = 20
CLIENTS = ["claude-code/2.1.160", "claude-code/2.1.160", "claude-code/2.1.171"]
MODELS = ["claude-sonnet-4-6", "claude-sonnet-4-6", "claude-opus-4-8"]
TEMPLATE = (
    "take over {ticket} from {who}: read the hand-off note, repeat in one sentence what is asked, then continue where it stops; "
    "the part still open is the {t} {p}, because {r}"
)


def moment(person: Person, week: int, day: int, hour: float) -> datetime:
    """A moment on the person's own wall clock."""
    local = FIRST_MONDAY + timedelta(weeks=week, days=day, hours=hour)
    return local.replace(tzinfo=ZoneInfo(person.zone), microsecond=0)


def working_hour(rng: random.Random, person: Person) -> float:
    """Everybody has a rhythm; number 13 works late, number 34 early, and lunch is a trough for all."""
    shift = {13: 7.0, 34: -2.5}.get(person.number, (person.number * 7 % 5) * 0.4)
    return 8.5 + shift + (rng.betavariate(1.6, 2.2) * 3.6 if rng.random() < 0.5 else 4.6 + rng.betavariate(1.8, 2.0) * 4.5)


def large(export: Export, rng: random.Random, person: Person, at: datetime, text: str, branch: str | None = None) -> tuple[Session, list[str], str]:
    """A real piece of work: reading, a file of more than two hundred lines, tests that fail and then pass."""
    branch = branch or f"work/{words.THINGS[rng.randrange(30)].replace(' ', '-')}"
    session = export.add(Session(rng, person.actor, at, person.remote, branch, client=rng.choice(CLIENTS), model=rng.choice(MODELS)))
    mark = session.id[:5]
    path = f"src/{rng.choice(words.THINGS).replace(' ', '_')}_{mark}.py"
    session.prompt(text)
    looks = rng.randrange(16, 19) if rng.random() < 0.74 else rng.randrange(2, 6)
    for index in range(looks):
        if index % 6 == 0:
            session.completion(rng.randrange(80, 900))
        session.look(f"src/{rng.choice(words.THINGS).replace(' ', '_')}.py")
    lines = words.code(rng, mark, rng.randrange(203, 222))
    session.completion(rng.randrange(2500, 5200))
    session.write(path, lines)
    session.test(failed=rng.random() < 0.5)
    for _ in range(rng.choices([0, 1, 2, 3, 5, 8, 12], [25, 27, 18, 13, 9, 5, 3])[0]):
        session.wait(40 + rng.expovariate(1 / 420))
        session.prompt(rng.choice([words.task(rng), words.question(rng), rng.choice(words.SHORT)]))
        session.completion(rng.randrange(200, 1500))
    session.look(path)
    session.test(failed=False)
    if rng.random() < 0.5:
        session.look(f"tests/{rng.choice(words.THINGS).replace(' ', '_')}.py")
    session.completion(rng.randrange(100, 600))
    return session, lines, path


def land(export: Export, rng: random.Random, person: Person, session: Session, lines: list[str], path: str) -> None:
    """What came of it: mostly all of it, sometimes a part, now and then nothing or something rewritten by hand."""
    at = session.now + timedelta(hours=rng.uniform(0.3, 44))
    luck = rng.random()
    if luck < 0.01:
        return
    if luck < 0.02:
        # Rewritten by hand before the commit: only the file is the same.
        export.commit(person, at, person.remote, path, words.code(rng, f"{rng.getrandbits(20):05x}", 60))
        return
    kept = lines if luck < 0.6 else lines[: round(len(lines) * rng.uniform(0.35, 0.98))]
    explicit = session.id if rng.random() < 0.15 else None
    name = export.commit(person, at, person.remote, path, kept, explicit)
    if rng.random() < 0.4:
        request = export.other("pull_request", person, at + timedelta(hours=rng.uniform(1, 30)), [name])
        reviewer = next(one for one in PEOPLE if one.team == person.team and one.role == "reviewer")
        export.other("review", reviewer, at + timedelta(hours=1), [request])
        if rng.random() < 0.4:
            export.other("ticket", person, at + timedelta(hours=31), [request])


def small(export: Export, rng: random.Random, person: Person, at: datetime, texts: list[str], repo: bool = True) -> Session:
    """A conversation: a few prompts, some reading, sometimes a short edit that lands or a commit by hand soon after."""
    session = export.add(Session(rng, person.actor, at, person.remote if repo else None, client=rng.choice(CLIENTS), model=rng.choice(MODELS)))
    for index, text in enumerate(texts):
        if index:
            session.wait(20 + rng.expovariate(1 / 400))
        session.prompt(text)
        session.completion(rng.randrange(150, 1800))
        if repo and rng.random() < 0.12:
            session.look(f"src/{rng.choice(words.THINGS).replace(' ', '_')}.py")
            session.completion(rng.randrange(80, 700))
    if repo and person.role == "engineer":
        luck = rng.random()
        if luck < 0.12:
            path, lines = f"src/fix_{session.id[:5]}.py", words.code(rng, session.id[:5], rng.randrange(6, 24))
            session.write(path, lines)
            session.completion(rng.randrange(60, 300))
            export.commit(person, session.now + timedelta(hours=rng.uniform(0.1, 20)), person.remote, path, lines)
        elif luck < 0.2:
            # Typed by hand beside the conversation.
            export.commit(person, session.now + timedelta(hours=rng.uniform(0.2, 3.5)), person.remote, f"docs/note_{session.id[:5]}.md", words.code(rng, f"{rng.getrandbits(20):05x}", 8))
    return session


def first_text(rng: random.Random, person: Person, habit: str) -> str:
    """Many begin with a routine of their own; the second and fifth of a team pass work on with a template."""
    luck = rng.random()
    if luck < 0.34 + person.number % 4 * 0.06:
        return habit
    if luck > 0.85 and person.number % 11 in (1, 4):
        who, ticket = rng.choice(PEOPLE).name, f"SHOP-{rng.randrange(100, 900)}"
        return TEMPLATE.format(ticket=ticket, who=who, t=rng.choice(words.THINGS), p=rng.choice(words.PARTS), r=rng.choice(words.REASONS))
    return rng.choice([words.task, words.question])(rng)


def texts_for(rng: random.Random, person: Person, habit: str) -> list[str]:
    more = rng.choices([0, 1, 2, 3, 4, 6, 9, 13], [34, 28, 15, 9, 6, 4, 2.5, 1.5])[0]
    return [first_text(rng, person, habit)] + [rng.choice([words.task, words.question])(rng) for _ in range(more)]


def sessions_of(rng: random.Random) -> int:
    """Mostly three or four sessions a week."""
    return rng.choices([1, 2, 3, 4, 5, 7], [2, 4, 44, 44, 4, 2])[0]


def engineer_week(export: Export, rng: random.Random, person: Person, week: int, habit: str) -> None:
    joined = datetime.fromisoformat(person.active_from)
    if joined > FIRST_MONDAY + timedelta(weeks=week) or (week * 5 + person.number * 3) % 31 == 0:
        return  # not here yet, or away
    for index in range(sessions_of(rng)):
        at = moment(person, week, rng.randrange(5), working_hour(rng, person))
        if index > 1 or rng.random() < 0.52:
            small(export, rng, person, at, texts_for(rng, person, habit))
        elif rng.random() < 0.012:
            large(export, rng, person, at, first_text(rng, person, habit), f"spike/{rng.choice(words.THINGS).replace(' ', '-')}")
        else:
            land(export, rng, person, *large(export, rng, person, at, first_text(rng, person, habit)))
    if person.number % 3 == 0 and week % 5 == person.number % 5:
        overnight(export, rng, person, week, lands=rng.random() < 0.5)


def overnight(export: Export, rng: random.Random, person: Person, week: int, lands: bool) -> None:
    """A long migration that runs on after its owner went home; it is there in the morning, or it failed and is thrown away."""
    session = export.add(Session(rng, person.actor, moment(person, week, 2, 18.2), person.remote, "work/overnight-migration"))
    session.prompt(words.task(rng))
    path, lines = f"db/migrate_{session.id[:5]}.sql", words.code(rng, session.id[:5], rng.randrange(60, 120))
    for index in range(10):
        session.completion(rng.randrange(900, 3000))
        session.look(f"db/{rng.choice(words.THINGS).replace(' ', '_')}.sql")
        session.wait(rng.uniform(600, 1500))
        if index == 8:
            session.write(path, lines)
    if lands:
        export.commit(person, session.now + timedelta(hours=13), person.remote, path, lines)


def light_week(export: Export, rng: random.Random, person: Person, week: int, habit: str) -> None:
    """Reviewers, managers and analysts ask and read; nothing is committed and nothing is wrong with that."""
    if (week * 5 + person.number * 3) % 31 == 0:
        return
    for _ in range(sessions_of(rng)):
        texts = texts_for(rng, person, habit)
        small(export, rng, person, moment(person, week, rng.randrange(5), working_hour(rng, person)), texts, repo=person.role != "manager")


def on_call_week(export: Export, rng: random.Random, person: Person, week: int) -> None:
    """Nights with the same question over and over, because the answer is still no."""
    for day in range(7):
        for hour in (1.2, 2.7, 4.1):
            texts = [words.question(rng) for _ in range(rng.randrange(1, 4))]
            if hour > 4:
                texts.append("is the payment queue still growing, and which consumer is behind right now?")
            small(export, rng, person, moment(person, week, day, hour + rng.uniform(-0.4, 0.4)), texts)


def evaluation(export: Export, rng: random.Random, person: Person, week: int) -> None:
    """The same ten tasks sent to four models, twice: a batch evaluation."""
    at = moment(person, week, 1, 14.0)
    tasks = [words.task(rng) for _ in range(10)]
    for model in ("claude-sonnet-4-6", "claude-opus-4-8", "claude-haiku-4-5", "gpt-5.5"):
        for text in tasks:
            session = export.add(Session(rng, person.actor, at, person.remote, "evaluation/models", client="eval-runner/0.4", model=model))
            session.prompt(text)
            session.completion(rng.randrange(300, 1200))
            at += timedelta(seconds=rng.randrange(50, 400))


def retries(export: Export, rng: random.Random, person: Person, week: int) -> None:
    """Rate limited: the same prompt until the service answers, with growing pauses."""
    session = export.add(Session(rng, person.actor, moment(person, week, 3, 11.1), person.remote))
    text = words.task(rng)
    for attempt in range(5):
        session.prompt(text)
        session.completion(0, failed=True)
        session.wait(5 * 2**attempt)
    session.prompt(text)
    session.completion(900)


def services(export: Export, rng: random.Random) -> None:
    """Declared automation: a nightly check of the infrastructure and an agent that reviews builds."""
    repos = {"nightly-bot@example.com": "infra-core", "ci-agent@example.com": "ledger"}
    for actor, _, _ in SERVICES:
        hour = 2 if actor.startswith("nightly") else 5
        for day in range(0, WEEKS * 7, 3):
            at = (FIRST_MONDAY + timedelta(days=day, hours=hour)).replace(tzinfo=ZoneInfo("UTC"))
            session = export.add(Session(rng, actor, at, f"https://git.example.com/acme/{repos[actor]}.git", trigger="schedule", client="claude-code/2.1.171"))
            session.prompt("check last night's builds, open a ticket for each new failure, and say nothing if all is well")
            session.completion(rng.randrange(60, 400))
            session.call("Bash", {"command": "make status"}, "all green", "execute", "shell")
            session.completion(30)


def write(out: writer.Output) -> None:
    export = Export(random.Random(SEED))
    for person in PEOPLE:
        if person.idle:
            continue
        # Each person has an own stream, so that a change to one leaves the others as they are.
        rng = random.Random(SEED * 100 + person.number)
        habit = words.habit(rng)
        for week in range(WEEKS):
            if week > ANNOUNCED and performers.replaces(person, week):
                performers.perform(export, rng, person, week, lambda day, hour, who=person, at=week: moment(who, at, day, hour))
            elif person.role == "engineer":
                engineer_week(export, rng, person, week, habit)
            else:
                light_week(export, rng, person, week, habit)
            if (person.number, week) in ((2, 22), (14, 25)):
                on_call_week(export, rng, person, week)
            if (person.number, week) in ((36, 10), (36, 24)):
                evaluation(export, rng, person, week)
            if person.number % 9 == 4 and week % 6 == 2:
                retries(export, rng, person, week)
    services(export, random.Random(SEED * 100 + 99))
    export.write(out)
