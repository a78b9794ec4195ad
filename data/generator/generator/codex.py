"""Codex rollouts: native/codex/<login>/sessions/YYYY/MM/DD/rollout-<time>-<thread>.jsonl (formats.md section 2)."""

from datetime import datetime, timedelta, timezone

from . import shop, writer
from .writer import compact, zulu

COUNTERS = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens", "total_tokens")


class Rollout:
    """One file. Counters run over the whole thread, and a snapshot is sometimes written twice."""

    def __init__(self, login: str, number: int, at: str, originator: str = "codex-tui", source: str = "cli", zone: str = "America/New_York") -> None:
        self.login, self.cwd, self.zone = login, f"/home/{login}/shop", zone
        self.now = datetime.fromisoformat(f"2026-{at}:00").replace(tzinfo=timezone.utc)
        self.started = self.now
        # UUIDv7: the first 48 bits are the time, by which a copied history is known.
        moment = f"{writer.milliseconds(self.now):012x}"
        self.thread = f"{moment[:8]}-{moment[8:]}-7000-8000-{number:012d}"
        self.meta = {
            "id": self.thread,
            "timestamp": zulu(self.now),
            "cwd": self.cwd,
            "originator": originator,
            "cli_version": "0.139.0",
            "model_provider": "openai",
            "source": source,
            "base_instructions": {"text": "You help with an invented shop."},
            "git": {"commit_hash": "0" * 39 + "1", "branch": "main", "repository_url": "https://git.example.com/acme/shop.git"},
        }
        self.records: list = []
        self.total = dict.fromkeys(COUNTERS, 0)
        self.spent = dict.fromkeys(COUNTERS, 0)
        self.turns = self.calls = self.requests = 0

    def record(self, kind: str, payload: dict) -> None:
        self.records.append({"timestamp": zulu(self.now), "type": kind, "payload": payload})
        self.now += timedelta(seconds=2)

    def begin(self, **fork: str) -> None:
        self.record("session_meta", self.meta | fork)

    def prompt(self, text: str, pause: int = 30) -> None:
        self.now += timedelta(seconds=pause)
        self.turns += 1
        moment = f"{writer.milliseconds(self.now):012x}"
        turn = f"{moment[:8]}-{moment[8:]}-7000-8000-{self.turns:012d}"
        self.record("event_msg", {"type": "task_started", "turn_id": turn})
        context = {"turn_id": turn, "cwd": self.cwd, "timezone": self.zone, "model": "gpt-5.5", "effort": "high", "approval_policy": "on-request"}
        self.record("turn_context", context)
        self.record("event_msg", {"type": "user_message", "message": text, "images": []})

    def usage(self, fresh: int, cached: int, output: int, reasoning: int = 0, twice: bool = False) -> None:
        last = dict(zip(COUNTERS, (fresh + cached, cached, output, reasoning, fresh + cached + output), strict=True))
        for counter in (self.total, self.spent):
            for name in COUNTERS:
                counter[name] += last[name]
        self.requests += 1
        info = {"total_token_usage": dict(self.total), "last_token_usage": last, "model_context_window": 258_400}
        for _ in range(1 + twice):
            limits = {"limit_id": "codex", "plan_type": "team", "primary": {"used_percent": 12.0, "window_minutes": 300, "resets_at": 1_780_313_000}}
            self.record("event_msg", {"type": "token_count", "info": info, "rate_limits": limits})

    def say(self, text: str) -> None:
        self.record("event_msg", {"type": "agent_message", "message": text})

    def shell(self, command: str, output: str, code: int = 0) -> None:
        self.calls += 1
        call = f"call_{self.thread[-4:]}_{self.calls}"
        self.record("response_item", {"type": "function_call", "name": "exec_command", "arguments": compact({"cmd": command}), "call_id": call})
        text = f"Chunk ID: {self.calls:04x}\nWall time: 0.4 seconds\nProcess exited with code {code}\nOutput:\n{output}\n"
        self.record("response_item", {"type": "function_call_output", "call_id": call, "output": text})

    def patch(self, files: dict[str, list[str]]) -> None:
        self.calls += 1
        call = f"call_{self.thread[-4:]}_{self.calls}"
        body = "".join(f"*** Add File: {path}\n" + "".join(f"+{line}\n" for line in lines) for path, lines in files.items())
        text = f"*** Begin Patch\n{body}*** End Patch"
        self.record("response_item", {"type": "custom_tool_call", "name": "apply_patch", "status": "completed", "call_id": call, "input": text})
        changes = {f"{self.cwd}/{path}": {"type": "add", "content": "\n".join(lines) + "\n"} for path, lines in files.items()}
        self.record("event_msg", {"type": "patch_apply_end", "call_id": call, "success": True, "changes": changes})
        done = compact({"output": "Success. Updated the following files:\n" + "\n".join(files), "metadata": {"exit_code": 0, "duration_seconds": 0.0}})
        self.record("response_item", {"type": "custom_tool_call_output", "call_id": call, "output": done})

    def save(self, out: writer.Output) -> None:
        day = self.started.strftime("%Y/%m/%d")
        out.lines(f"native/codex/{self.login}/sessions/{day}/rollout-{self.started:%Y-%m-%dT%H-%M-%S}-{self.thread}.jsonl", self.records)
        out.count(
            "codex",
            files=1,
            requests=self.requests,
            input_tokens=self.spent["input_tokens"] - self.spent["cached_input_tokens"],
            cache_read_tokens=self.spent["cached_input_tokens"],
            output_tokens=self.spent["output_tokens"],
        )


def write(out: writer.Output) -> None:
    refunds = Rollout("odune", 1, "06-10T14:00")
    refunds.begin()
    refunds.prompt("build the refund queue and the mails that go with it, one file each")
    refunds.shell("ls src", "cart.py tax.py")
    refunds.usage(3_000, 6_000, 400, 128, twice=True)
    refunds.patch({"src/refund_queue.py": shop.REFUND_QUEUE, "src/refund_mail.py": shop.REFUND_MAIL})
    refunds.usage(1_200, 9_000, 2_300)
    refunds.say("Both files are there.")
    refunds.usage(300, 11_000, 60)
    refunds.save(out)

    fork = Rollout("odune", 2, "06-10T15:10")
    fork.begin(forked_from_id=refunds.thread)
    # The history of the parent, as the tool copies it: all of it stamped with the second of the fork.
    fork.records += [row | {"timestamp": zulu(fork.started)} for row in refunds.records]
    fork.total = dict(refunds.total)
    fork.prompt("try the same with one file only, I want to compare")
    fork.usage(900, 14_000, 180)
    fork.say("One file would have forty lines.")
    fork.save(out)

    headless = Rollout("odune", 3, "06-12T02:00", originator="codex_exec", source="exec")
    headless.begin()
    headless.prompt("check that the price cache is still correct", 1)
    headless.shell("make check-cache", "ok")
    headless.usage(2_100, 0, 90)
    headless.save(out)

    cache = Rollout("odune", 4, "06-12T08:30")
    cache.begin()
    cache.prompt("cache prices for an hour and say when the cache was filled")
    cache.patch({"src/cache.py": shop.CACHE})
    cache.usage(2_400, 3_000, 1_500, 300)
    cache.say("Prices are cached.")
    cache.usage(200, 6_000, 50)
    cache.save(out)
