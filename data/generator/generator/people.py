"""Who they are: four teams of eleven, two service accounts, the roster and the pseudonym key."""

from dataclasses import dataclass

from . import writer

TEAMS = {
    "team-platform": ("infra-core", ["Europe/Berlin", "Europe/London", "Europe/Madrid"]),
    "team-payments": ("ledger", ["America/New_York", "America/Sao_Paulo"]),
    "team-storefront": ("web-front", ["America/Los_Angeles", "America/Denver"]),
    "team-insights": ("metrics-hub", ["Asia/Kolkata", "Asia/Singapore", "Australia/Sydney"]),
}
GIVEN = (
    "Ada Bo Cleo Dov Esi Finn Gia Hugo Ines Jun Kofi Lena Milo Nia Otis Pia Quin Rosa Sami Tove Uri Vera Wim Xia Yara Zeno "
    "Alma Bruno Cora Dario Elif Fabio Greta Hana Ivo Jada Kai Liv Mara Nils Oona Pavel Rumi Sol"
).split()
FAMILY = (
    "Quill Marsh Tarn Vale Brook Fenn Holt Reed Stone Thorn Wren Alder Birch Cedar Dune Elm Frost Glade Heath Iris Juniper Knoll "
    "Larch Moss North Oak Pine Quartz Ridge Sedge Tide Umber Violet Willow Yarrow Zephyr Ash Beck Cove Dell East Ford Grove Hazel"
).split()
# Eight engineers, then three people who hardly commit.
ROLES = ["engineer"] * 8 + ["reviewer", "manager", "analyst"]
IDLE = {"team-storefront": "manager", "team-insights": "analyst"}


@dataclass(frozen=True)
class Person:
    number: int
    actor: str
    login: str
    name: str
    team: str
    role: str
    zone: str
    repo: str
    active_from: str
    idle: bool

    @property
    def remote(self) -> str:
        return f"https://git.example.com/acme/{self.repo}.git"


def everybody() -> list[Person]:
    found = []
    for number, (given, family) in enumerate(zip(GIVEN, FAMILY, strict=True)):
        team = list(TEAMS)[number // 11]
        role = ROLES[number % 11]
        repo, zones = TEAMS[team]
        login = (given[0] + family).lower()
        actor = f"{given}.{family}@example.com".lower()
        # The eighth engineer of the storefront joined in April and is learning.
        joined = "2026-04-06" if team == "team-storefront" and number % 11 == 7 else "2025-01-01"
        found.append(
            Person(number, actor, login, f"{given} {family}", team, role, zones[number % len(zones)], repo, joined, IDLE.get(team) == role)
        )
    return found


PEOPLE = everybody()
SERVICES = [
    ("nightly-bot@example.com", "nightly-bot", "team-platform"),
    ("ci-agent@example.com", "ci-agent", "team-payments"),
]


def engineers(team: str | None = None) -> list[Person]:
    return [person for person in PEOPLE if person.role == "engineer" and team in (None, person.team)]


def write(out: writer.Output) -> None:
    rows = ["actor_id,aliases,team_id,role,kind,time_zone,active_from,active_to"]
    rows += [f"{p.actor},{p.login};{p.name},{p.team},{p.role},person,{p.zone},{p.active_from}," for p in PEOPLE]
    rows += [f"{actor},{login},{team},automation,service,UTC,2025-01-01," for actor, login, team in SERVICES]
    out.text("roster.csv", "\n".join(rows) + "\n")
    # Public on purpose: it only protects invented people, and it makes the sample's report the same everywhere.
    out.text("pseudonym.key", "5a" * 32 + "\n")
    (out.root / "pseudonym.key").chmod(0o600)
    out.count("roster", people=len(PEOPLE), services=len(SERVICES), idle_seats=sum(person.idle for person in PEOPLE))
