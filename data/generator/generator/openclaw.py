"""An OpenClaw home: native/openclaw/<login>/.openclaw (formats.md section 3): heartbeats, cron runs, a chat, and a backup that never counts."""

from datetime import datetime, timedelta, timezone

from . import writer
from .writer import compact, milliseconds, zulu

HOME = "native/openclaw/kwren/.openclaw"
DIGEST_JOB = "0d1e0000-0000-4000-8000-000000000001"
WATCH_JOB = "0d1e0000-0000-4000-8000-000000000002"
COSTS = {"input": 3.0, "output": 15.0, "cacheRead": 0.3, "cacheWrite": 3.75}


class Transcript:
    """One session file of an agent."""

    def __init__(self, number: int, at: str) -> None:
        self.id = f"c1a30000-0000-4000-8000-{number:012d}"
        self.now = datetime.fromisoformat(f"2026-{at}:00").replace(tzinfo=timezone.utc)
        self.started = self.now
        self.number, self.entries, self.requests = number, 0, 0
        self.records: list = [{"type": "session", "version": 3, "id": self.id, "timestamp": zulu(self.now), "cwd": "/home/kwren/.openclaw/workspace"}]
        self.last = None
        self.usage = dict.fromkeys(("input", "output", "cacheRead", "cacheWrite"), 0)

    def message(self, **message: object) -> None:
        self.entries += 1
        entry = f"{self.number:02x}{self.entries:06x}"
        row = {"type": "message", "id": entry, "parentId": self.last, "timestamp": zulu(self.now), "message": message | {"timestamp": milliseconds(self.now)}}
        self.records.append(row)
        self.last = entry
        self.now += timedelta(seconds=4)

    def user(self, text: str, **fields: object) -> None:
        self.message(role="user", content=text, **fields)

    def assistant(self, *blocks: dict, output: int = 60, cached: int = 30_000) -> None:
        counts = {"input": 5, "output": output, "cacheRead": cached, "cacheWrite": 150}
        cost = {name: round(counts[name] * COSTS[name] / 1e6, 9) for name in counts}
        for name, count in counts.items():
            self.usage[name] += count
        self.requests += 1
        usage = counts | {"totalTokens": sum(counts.values()), "cost": cost | {"total": round(sum(cost.values()), 9)}}
        stop = "toolUse" if any(block["type"] == "toolCall" for block in blocks) else "stop"
        self.message(
            role="assistant",
            content=list(blocks),
            api="anthropic-messages",
            provider="anthropic",
            model="claude-sonnet-4-6",
            responseId=f"msg_claw{self.number:02d}{self.entries:04d}",
            usage=usage,
            stopReason=stop,
        )

    def say(self, text: str, output: int = 60) -> None:
        self.assistant({"type": "text", "text": text}, output=output)

    def save(self, out: writer.Output) -> None:
        out.lines(f"{HOME}/agents/main/sessions/{self.id}.jsonl", self.records)
        names = {"input": "input_tokens", "output": "output_tokens", "cacheRead": "cache_read_tokens", "cacheWrite": "cache_write_tokens"}
        out.count("openclaw", files=1, requests=self.requests, **{names[name]: count for name, count in self.usage.items()})


def trajectory(session: Transcript, key: str, trigger: str) -> list:
    base = {"traceSchema": "openclaw-trajectory", "schemaVersion": 1, "traceId": f"tr-{session.number}", "source": "runtime"}
    where = {"sessionId": session.id, "sessionKey": key, "runId": f"run-{session.number}", "provider": "anthropic", "modelId": "claude-sonnet-4-6"}
    begin = {"type": "session.started", "ts": zulu(session.started), "seq": 1, "sourceSeq": 1, **where, "data": {"trigger": trigger, "agentId": "main"}}
    end = {"type": "session.ended", "ts": zulu(session.now), "seq": 2, "sourceSeq": 2, **where, "data": {"status": "success"}}
    return [base | begin, base | end]


def heartbeats(out: writer.Output) -> Transcript:
    session = Transcript(1, "06-09T20:00")
    for _ in range(12):
        session.user("[OpenClaw heartbeat poll]", provenance={"kind": "internal_system", "sourceTool": "heartbeat"})
        session.say("HEARTBEAT_OK", 7)
        session.now += timedelta(minutes=30) - timedelta(seconds=8)
    session.save(out)
    return session


def chat(out: writer.Output) -> Transcript:
    session = Transcript(2, "06-10T08:15")
    session.user("[Wed 2026-06-10 09:15 GMT+1] how many refunds did we book this week, and is that more than usual?")
    session.assistant({"type": "toolCall", "id": "call_1", "name": "exec", "arguments": {"command": "report refunds --week 24"}}, output=80)
    session.message(role="toolResult", toolCallId="call_1", toolName="exec", content=[{"type": "text", "text": "41 refunds, 38 the week before"}], isError=False)
    session.say("41, and 38 the week before: nothing unusual.")
    session.user("[Wed 2026-06-10 09:19 GMT+1] thanks, put that into the weekly note please")
    session.say("Done, it is the second line of the note.")
    session.save(out)
    return session


def cron_run(out: writer.Output, number: int, job: str, name: str, at: str, text: str, delivered: bool) -> tuple[Transcript, dict]:
    session = Transcript(number, at)
    session.user(f"[cron:{job} {name}] {text}\nCurrent time: {session.now:%A, %B %d, %Y}")
    session.say("Forty orders, two refunds, no failures." if delivered else "No change since the last look.", 140)
    session.save(out)
    key = f"agent:main:cron:{job}:run:{session.id}"
    run = {
        "ts": milliseconds(session.now),
        "jobId": job,
        "action": "finished",
        "status": "ok",
        "summary": "done",
        "delivered": delivered,
        "deliveryStatus": "delivered" if delivered else "not-delivered",
        "sessionId": session.id,
        "sessionKey": key,
        "runAtMs": milliseconds(session.started),
        "durationMs": 8000,
        "model": "claude-sonnet-4-6",
        "provider": "anthropic",
        "usage": {"input_tokens": 5, "output_tokens": 140, "total_tokens": 30_295},
    }
    return session, run


def write(out: writer.Output) -> None:
    beats, talk = heartbeats(out), chat(out)
    days = ("06-08", "06-09", "06-10")
    digest = [cron_run(out, 10 + i, DIGEST_JOB, "daily digest", f"{day}T06:00", "post the digest of yesterday", True) for i, day in enumerate(days)]
    watch = [cron_run(out, 20 + i, WATCH_JOB, "stock watch", f"{day}T03:00", "look whether the stock ledger changed", False) for i, day in enumerate(days)]
    jobs = [
        {"id": DIGEST_JOB, "name": "daily digest", "expr": "0 6 * * *", "mode": "announce", "message": "post the digest of yesterday"},
        {"id": WATCH_JOB, "name": "stock watch", "expr": "0 3 * * *", "mode": "announce", "message": "look whether the stock ledger changed"},
    ]
    listed = [
        {
            "id": job["id"],
            "agentId": "main",
            "name": job["name"],
            "enabled": True,
            "createdAtMs": milliseconds(beats.started) - 864_000_000,
            "updatedAtMs": milliseconds(beats.started) - 864_000_000,
            "schedule": {"kind": "cron", "expr": job["expr"], "tz": "UTC"},
            "sessionTarget": "isolated",
            "wakeMode": "now",
            "payload": {"kind": "agentTurn", "message": job["message"]},
            "delivery": {"mode": job["mode"], "channel": "chat", "to": "shop-team"},
            "state": {},
        }
        for job in jobs
    ]
    out.text(f"{HOME}/cron/jobs.json", compact({"version": 1, "jobs": listed}) + "\n")
    for job, runs in ((DIGEST_JOB, digest), (WATCH_JOB, watch)):
        out.lines(f"{HOME}/cron/runs/{job}.jsonl", [run for _, run in runs])
    sessions = f"{HOME}/agents/main/sessions"
    entries = {"agent:main:main": (beats, None), "agent:main:chat:direct:kofi": (talk, milliseconds(talk.now))}
    entries |= {run["sessionKey"]: (session, None) for session, run in digest + watch}
    index = {}
    for key, (session, interaction) in entries.items():
        index[key] = {"sessionId": session.id, "updatedAt": milliseconds(session.now), "sessionStartedAt": milliseconds(session.started), "chatType": "direct"}
        if interaction:
            index[key]["lastInteractionAt"] = interaction
    out.text(f"{sessions}/sessions.json", compact(index) + "\n")
    out.lines(f"{sessions}/{beats.id}.trajectory.jsonl", trajectory(beats, "agent:main:main", "heartbeat"))
    out.lines(f"{sessions}/{talk.id}.trajectory.jsonl", trajectory(talk, "agent:main:chat:direct:kofi", "user"))
    # A repair left a full copy behind. It tells the same tokens again and must not count.
    out.lines(f"{sessions}/{beats.id}.jsonl.bak-4711-1781038800000", beats.records)
