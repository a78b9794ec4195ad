"""What people type and what gets written: prompts and code made of a small vocabulary."""

import random

VERBS = "rework extract simplify harden rename document speed-up cover split move guard trace migrate tidy replace review".split()
THINGS = (
    "cart total|tax table|refund queue|price cache|stock ledger|invoice writer|coupon parser|session store|search index|mail sender|"
    "order export|rate limiter|retry loop|audit trail|feature switch|image resizer|date picker|login form|webhook receiver|currency rounding|"
    "delivery estimate|basket merge|address check|gift voucher|return label|loyalty points|daily digest|error page|metrics exporter|backup job"
).split("|")
PARTS = (
    "handler|module|schema|migration|test suite|config loader|client|endpoint|worker|cli command|type definitions|error messages|"
    "fixtures|documentation|benchmark|interface|adapter|validator"
).split("|")
REASONS = (
    "a missing field no longer stops the whole import|the numbers agree with what finance booked in march|two workers cannot take the same row|"
    "we can delete the old path next sprint|support stops getting the same question every week|it works when the upstream answers slowly|"
    "the tests do not need a network|new colleagues understand it without asking|rounding happens once and at the end|"
    "an empty list is not treated like an error|we can see in the logs who called it|the nightly job finishes before the shops open|"
    "a cancelled order gives the stock back|the page stays usable on small screens|time zones are handled in one place only|"
    "the same request sent twice books only once|old clients keep working for a year|the query uses the index that we have"
).split("|")
LIMITS = (
    "keep the public interface as it is|touch only this one file|show me the plan before you edit|add a test that fails without the change|"
    "no new dependency please|leave the comments in place|mention anything odd that you notice|use the helper that we already have|"
    "measure before and after|small steps, I will look at each one|assume that the database has ten million rows|stop when the linter is happy"
).split("|")
QUESTIONS = (
    "why does the {t} {p} behave differently in staging, when {r}?|what would break if we dropped the {t} {p}, given that {r}?|"
    "where is the {t} {p} configured, and who reads it before {r}?|explain how the {t} {p} works to somebody new, and whether {r}|"
    "which part of the {t} {p} is slow, and is it true that {r}?|what changed around the {t} {p} last month, and since when do we know that {r}?"
).split("|")
SHORT = ["continue", "yes", "go on", "looks good", "run the tests"]


def task(rng: random.Random) -> str:
    return (
        f"{rng.choice(VERBS)} the {rng.choice(THINGS)} {rng.choice(PARTS)} so that {rng.choice(REASONS)}; {rng.choice(LIMITS)}"
        + (f", and {rng.choice(LIMITS)}" if rng.random() < 0.4 else "")
    )


def question(rng: random.Random) -> str:
    return rng.choice(QUESTIONS).format(t=rng.choice(THINGS), p=rng.choice(PARTS), r=rng.choice(REASONS))


def habit(rng: random.Random) -> str:
    """A request that one person makes every few days in the same words."""
    return f"before I start: list what is open on my branch, above all around the {rng.choice(THINGS)} {rng.choice(PARTS)}, and say whether {rng.choice(REASONS)}"


def code(rng: random.Random, mark: str, count: int) -> list[str]:
    """Lines of a table-driven module; `mark` makes them this session's own."""
    noun = rng.choice(THINGS).split()[-1]
    step = rng.randrange(3, 90)
    shape = rng.randrange(3)
    if shape == 0:
        return [f'    case("{noun}-{mark}-{i:03d}", cents={step}),' for i in range(count)]
    if shape == 1:
        return [f"    {noun}_{mark}_{i:03d} = adjust({noun}_{mark}_{i - 1:03d}, {step})" for i in range(1, count + 1)]
    return [f"insert into {noun}_{mark} (position, cents) values ({i}, {step});" for i in range(count)]
