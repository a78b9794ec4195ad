"""Rows of the canonical export (schema.md): one session at a time, in the order in which things happened."""

import random
from datetime import datetime, timedelta

from . import people, writer

READERS = ("Read", "Grep", "Glob")


class Session:
    """One session of one account. Time moves on with every step; rows gather in `rows`."""

    def __init__(
        self,
        rng: random.Random,
        actor: str,
        at: datetime,
        repo: str | None,
        branch: str = "main",
        trigger: str = "human",
        client: str = "claude-code/2.1.160",
        model: str = "claude-sonnet-4-6",
        session_id: str | None = None,
    ) -> None:
        self.rng, self.actor, self.now, self.trigger, self.repo, self.model = rng, actor, at, trigger, repo, model
        self.id = session_id or f"{rng.getrandbits(48):012x}"
        self.started = at
        self.base = {"session_id": self.id, "actor_id": actor, "trigger": trigger, "client": client}
        if repo:
            self.base |= {"repo": repo, "branch": branch}
        self.context = rng.randrange(9, 22) * 1000
        self.rows: list[dict] = []
        self.calls = 0
        self.paths: list[str] = []

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def step(self, kind: str, **fields: object) -> None:
        self.rows.append({"ts": self.now.isoformat(timespec="seconds"), **self.base, "kind": kind, **fields})

    def prompt(self, text: str) -> None:
        self.step("prompt", text=text)
        self.wait(self.rng.randrange(2, 12))

    def completion(self, output: int, model: str | None = None, failed: bool = False) -> None:
        name = model or self.model
        provider = "openai" if name.startswith("gpt") else "anthropic"
        fields: dict = {"provider": provider, "model": name}
        if failed:
            fields |= {"token_basis": "absent", "is_error": True}
        else:
            written = self.rng.randrange(3, 30) * 100
            fields |= {
                "token_basis": "reported",
                "input_tokens": self.rng.randrange(4, 60),
                "output_tokens": output,
                "cache_read_tokens": self.context,
            }
            if provider == "anthropic":
                # The other provider keeps its cache without being told, and bills no writes.
                fields["cache_write_tokens"] = written
            self.context += written
        self.step("completion", **fields)
        self.wait(self.rng.randrange(1, 6))

    def call(self, tool: str, args: dict, result: str, effect: str, system: str, path: str | None = None, failed: bool = False) -> None:
        self.calls += 1
        fields = {"tool_name": tool, "call_id": f"c{self.calls}", "effect": effect, "system": system}
        if path:
            fields["path"] = path
        self.step("tool_call", **fields, tool_args=writer.compact(args))
        self.wait(self.rng.randrange(1, 9))
        self.step("tool_result", tool_name=tool, call_id=f"c{self.calls}", text=result, is_error=failed)
        self.wait(1)

    def look(self, path: str) -> None:
        tool = self.rng.choice(READERS)
        self.call(tool, {"path": path, "from": self.rng.randrange(900)}, f"{self.rng.randrange(9999)} lines of {path}", "read", "filesystem", path)

    def test(self, failed: bool) -> None:
        passed = self.rng.randrange(10, 400)
        self.call("Bash", {"command": f"make test only={passed}"}, f"{passed} passed, {int(failed)} failed", "execute", "shell", failed=failed)

    def write(self, path: str, lines: list[str]) -> None:
        self.paths.append(path)
        self.call("Write", {"file_path": path, "content": "\n".join(lines)}, f"wrote {path}", "write", "filesystem", path)


class Export:
    """The export as a whole: events by month of the session's start, outcomes by month of landing."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.sessions: list[Session] = []
        self.outcomes: list[dict] = []
        self.tickets = 100

    def add(self, session: Session) -> Session:
        self.sessions.append(session)
        return session

    def commit(
        self,
        person: people.Person,
        at: datetime,
        repo: str,
        path: str,
        lines: list[str],
        session_id: str | None = None,
        refs: list[str] | None = None,
        status: str = "landed",
    ) -> str:
        name = f"{self.rng.getrandbits(160):040x}"
        body = "\n".join("+" + line for line in lines)
        row = {
            "ts": at.isoformat(timespec="seconds"),
            "outcome_id": name,
            "kind": "commit",
            "status": status,
            "actor_id": person.actor,
            "repo": repo,
            "branch": "main",
            "paths": [path],
            "lines_added": len(lines),
            "lines_deleted": 0,
            "lines_surviving": len(lines) if status == "landed" else 0,
            "patch": f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{len(lines)} @@\n{body}\n",
        }
        if session_id:
            row["session_id"] = session_id
        if refs:
            row["refs"] = refs
        self.outcomes.append(row)
        return name

    def other(self, kind: str, person: people.Person, at: datetime, refs: list[str], status: str = "landed") -> str:
        self.tickets += 1
        name = f"SHOP-{self.tickets}" if kind == "ticket" else f"acme/{person.repo}#{self.tickets}"
        if kind == "review":
            name += "/review"
        self.outcomes.append(
            {
                "ts": at.isoformat(timespec="seconds"),
                "outcome_id": name,
                "kind": kind,
                "status": status,
                "actor_id": person.actor,
                "repo": person.remote,
                "refs": refs,
            }
        )
        return name

    def write(self, out: writer.Output) -> None:
        months: dict[str, list] = {}
        for session in sorted(self.sessions, key=lambda one: (one.started, one.id)):
            months.setdefault(session.started.strftime("%Y-%m"), []).extend(session.rows)
            out.count("canonical", sessions=1, events=len(session.rows))
            for row in session.rows:
                out.count("canonical", **{row["kind"]: 1})
                out.count("canonical", **{field: row[field] for field in writer.TOKEN_FIELDS if field in row})
        for month, rows in months.items():
            out.lines(f"org/{month}.events.ndjson.zst", rows + (self.broken() if month == "2026-05" else []))
        landed: dict[str, list] = {}
        for row in sorted(self.outcomes, key=lambda one: (one["ts"], one["outcome_id"])):
            landed.setdefault(row["ts"][:7], []).append(row)
            out.count("canonical", **{f"outcome_{row['kind']}": 1})
        for month, rows in landed.items():
            out.lines(f"org/{month}.outcomes.ndjson.zst", rows)

    def broken(self) -> list:
        """Lines that a real export has sooner or later; each is one reason in the quarantine."""
        base = {"session_id": "broken-export", "actor_id": "ada.quill@example.com", "client": "claude-code/2.1.160"}
        return [
            '{"ts":"2026-05-12T09:00:00Z","session_id":"broken-export","kind":"prom',
            {"ts": "2026-05-12T09:00:01Z", **base, "text": "a row whose kind got lost"},
            {"ts": "12 May, after lunch", **base, "kind": "prompt", "text": "a time that nobody can read"},
            {"ts": "2026-05-12T09:00:03Z", **base, "kind": "telepathy", "text": "a kind that does not exist"},
        ]
