#!/usr/bin/env python3
"""Claude Code logs of any size, for benchmarks: invented ones, or real ones repeated under new ids.

    generate_claude.py OUT --size MB [--seed N]      invented logs of about MB megabytes below OUT/projects
    generate_claude.py OUT --replicate DIR TIMES     the logs below DIR/projects, TIMES times, each copy with ids of its own

Owns the shape of the input that ingest.py times, and nothing that is measured. The same arguments give the same bytes.

The mix of record kinds and their sizes follows a count over 28 real sessions (2,955 records, 9.5 MB): tool results are a fifth of
the lines and three fifths of the bytes, a response stands on one to three lines that repeat its id and usage, hook progress is
frequent and small, some subagents are written inline and some in files of their own, and some sessions are resumed, which copies history.
Texts are random words and made-up code, so an invented log is only a stand-in: figures that are to be believed come from real logs
repeated with --replicate. Neither goes into a repository.
"""

import argparse
import bisect
import hashlib
import json
import math
import pathlib
import random
import re
import time

MB = 1_000_000
MODELS = ("claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001")
VERSIONS = ("2.0.76", "2.1.10", "2.1.34", "2.1.96", "2.1.140")
PROJECTS = ("shop", "ledger", "atlas", "kiosk", "relay", "tundra")
TOOLS = {"Bash": 40, "Read": 28, "Edit": 14, "Grep": 10, "Write": 4, "TodoWrite": 4}
FIRST_SECOND = 1_767_225_600  # 2026-01-01T00:00:00Z
SPAN_SECONDS = 180 * 86_400
RESUMED = 0.05  # share of sessions that begin with the history of the one before
SUBAGENT = 0.04  # share of steps that start a subagent


class Texts:
    """Prose and code that no one wrote, cut from two pools, so that a gigabyte takes a minute and not an hour."""

    def __init__(self, seed):
        pick = random.Random(seed)
        syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "ol")]
        words = ["".join(pick.choices(syllables, k=pick.choice((1, 2, 2, 3)))) for _ in range(4000)]
        weights = [1 / (rank + 3) for rank in range(len(words))]
        code = []
        for line, (a, b, c) in enumerate(zip(*(pick.choices(words, weights, k=60_000) for _ in range(3)))):
            shapes = (f"let {a} = {b}({c}, {line});", f'if {a} != "{b}" {{ return {c}; }}', f"{line:5d}\t{a}.{b}(&{c})?;",
                      f"// {a} {b} {c}", f"src/{a}/{b}.rs:{line}: {c}", "")
            code.append("    " * pick.randrange(4) + pick.choice(shapes))
        self.prose = " ".join(pick.choices(words, weights, k=200_000))
        self.code = "\n".join(code) + "\n"
        self.ends = [at.end() for at in re.finditer("\n", self.code)]  # code is cut at line ends, as tools cut it

    def say(self, pick, characters):
        """About that many characters of prose."""
        at = pick.randrange(len(self.prose) - characters)
        return self.prose[at:at + characters].strip()

    def show(self, pick, characters):
        """At least that many characters of whole lines."""
        first = pick.randrange(bisect.bisect(self.ends, len(self.code) - characters - 200))
        return self.code[self.ends[first]:self.ends[bisect.bisect(self.ends, self.ends[first] + characters)]]


def length(pick, median, ninth_decile, most):
    """A length by the median and the ninth decile of a log-normal distribution, which record sizes follow."""
    return int(min(most, max(8, pick.lognormvariate(math.log(median), math.log(ninth_decile / median) / 1.2816))))


class Session:
    """One session and its subagents, as the lines that the client would have written."""

    def __init__(self, number, seed, texts, history):
        self.pick = random.Random(f"{seed}/{number}")
        self.texts = texts
        self.id = self.uuid()
        self.version = self.pick.choice(VERSIONS)
        self.model = self.pick.choice(MODELS)
        self.cwd = f"/home/dev/{self.pick.choice(PROJECTS)}"
        self.now = FIRST_SECOND + self.pick.random() * SPAN_SECONDS
        self.parent = None
        # A resumed session holds the lines of the one before under its own session id, all else unchanged.
        self.records = [dict(record, sessionId=self.id) for record in history]
        self.subagents = {}
        for _ in range(self.pick.randrange(1, 8)):
            self.turn()

    def uuid(self):
        digits = f"{self.pick.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def word(self, prefix):
        return prefix + "".join(self.pick.choices("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789", k=22))

    def moment(self, seconds):
        self.now += self.pick.expovariate(1 / seconds)
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.now)) + f".{int(self.now % 1 * 1000):03d}Z"

    def envelope(self, kind, seconds, agent=None):
        record = {"parentUuid": self.parent, "isSidechain": agent is not None, "userType": "external", "cwd": self.cwd,
                  "sessionId": self.id, "version": self.version, "gitBranch": "main", "type": kind, "uuid": self.uuid(),
                  "timestamp": self.moment(seconds)}
        if agent:
            record["agentId"] = agent
        self.parent = record["uuid"]
        return record

    def turn(self):
        prompt = self.envelope("user", 120)
        prompt["message"] = {"role": "user", "content": self.texts.say(self.pick, length(self.pick, 250, 2500, 60_000))}
        if self.version >= "2.1":
            prompt["permissionMode"] = "default"
        self.records.append(prompt)
        self.records.append({"type": "file-history-snapshot", "messageId": prompt["uuid"], "isSnapshotUpdate": False, "snapshot": {
            "messageId": prompt["uuid"], "trackedFileBackups": {}, "timestamp": prompt["timestamp"]}})
        for _ in range(1 + int(self.pick.expovariate(1 / 12))):
            self.step(self.records)
        self.response(self.records, 5, [{"type": "text", "text": self.texts.say(self.pick, length(self.pick, 400, 1500, 4000))}], "end_turn")
        end = self.envelope("system", 0.1)
        end.update(subtype="turn_duration", durationMs=self.pick.randrange(5_000, 600_000), isMeta=False)
        self.records.append(end)

    def step(self, records, agent=None):
        """A response that calls a tool, and the result."""
        blocks = []
        if self.pick.random() < 0.28:
            blocks.append({"type": "thinking", "thinking": self.texts.say(self.pick, length(self.pick, 500, 2500, 20_000)),
                           "signature": self.word("E") * 10})
        if self.pick.random() < 0.45:
            blocks.append({"type": "text", "text": self.texts.say(self.pick, length(self.pick, 120, 500, 3000))})
        starts_subagent = agent is None and self.pick.random() < SUBAGENT
        tool = "Task" if starts_subagent else self.pick.choices(list(TOOLS), TOOLS.values())[0]
        call = self.word("toolu_01")
        arguments, output, structured = self.tool(tool)
        blocks.append({"type": "tool_use", "id": call, "name": tool, "input": arguments})
        self.response(records, 6, blocks, "tool_use", agent)
        for _ in range(self.pick.choices((0, 1, 2), (40, 35, 25))[0]):
            self.progress(records, call, {"type": "hook_progress", "hookEvent": "PostToolUse", "hookName": f"PostToolUse:{tool}",
                                          "command": "node /home/dev/.claude/hooks/after.js"})
        if tool == "Bash" and self.pick.random() < 0.5:
            shown = self.texts.show(self.pick, length(self.pick, 150, 4000, 6000))
            self.progress(records, call, {"type": "bash_progress", "output": shown, "fullOutput": shown, "elapsedTimeSeconds": 3})
        if starts_subagent:
            self.subagent(call)
        result = self.envelope("user", 4, agent)
        failed = self.pick.random() < 0.05
        result["message"] = {"role": "user", "content": [{"tool_use_id": call, "type": "tool_result", "content": output, "is_error": failed}]}
        result["toolUseResult"] = f"Error: {output}" if failed else structured
        records.append(result)

    def tool(self, tool):
        """Arguments, the result as the model sees it, and the result as the client keeps it."""
        path = f"{self.cwd}/src/{self.texts.say(self.pick, 12).replace(' ', '_')}.rs"
        shown = self.texts.show(self.pick, length(self.pick, 1300, 13_000, 50_000))
        if tool == "Bash":
            return ({"command": self.texts.say(self.pick, 60), "description": self.texts.say(self.pick, 40)}, shown,
                    {"stdout": shown, "stderr": "", "interrupted": False, "isImage": False})
        if tool == "Read":
            lines = shown.count("\n")
            return {"file_path": path}, shown, {"type": "text", "file": {
                "filePath": path, "content": shown, "numLines": lines, "startLine": 1, "totalLines": lines}}
        if tool in ("Edit", "Write"):
            old, new = (self.texts.show(self.pick, length(self.pick, 250, 1200, 20_000)) for _ in range(2))
            patch = [{"oldStart": 1, "oldLines": old.count("\n"), "newStart": 1, "newLines": new.count("\n"),
                      "lines": [f"-{line}" for line in old.splitlines()] + [f"+{line}" for line in new.splitlines()]}]
            return ({"file_path": path, "old_string": old, "new_string": new} if tool == "Edit" else {"file_path": path, "content": new},
                    f"The file {path} has been updated.",
                    {"filePath": path, "oldString": old, "newString": new, "originalFile": shown, "structuredPatch": patch, "userModified": False})
        if tool == "Task":
            prompt = self.texts.say(self.pick, 900)
            return {"description": prompt[:30], "prompt": prompt, "subagent_type": "Explore"}, shown, {
                "status": "completed", "content": [{"type": "text", "text": shown}], "totalDurationMs": 41_000, "totalTokens": 52_000}
        if tool == "Grep":
            return {"pattern": self.texts.say(self.pick, 10), "path": self.cwd}, shown, {"mode": "content", "content": shown}
        todos = [{"content": self.texts.say(self.pick, 50), "status": "pending", "activeForm": self.texts.say(self.pick, 50)} for _ in range(4)]
        return {"todos": todos}, "Todos have been modified successfully.", {"oldTodos": [], "newTodos": todos}

    def response(self, records, seconds, blocks, stop_reason, agent=None):
        """One line a block, each with the id and the usage of the whole; output grows, and only the last line is final."""
        written = self.pick.randrange(0, 9000)
        usage = {"input_tokens": self.pick.randrange(1, 40), "cache_creation_input_tokens": written,
                 "cache_read_input_tokens": self.pick.randrange(12_000, 150_000),
                 "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0}, "service_tier": "standard"}
        message, request = self.word("msg_01"), self.word("req_01")
        output = sum(len(json.dumps(block)) for block in blocks) // 4 + 1
        for at, block in enumerate(blocks):
            last = at + 1 == len(blocks)
            record = self.envelope("assistant", seconds if at == 0 else 0.5, agent)
            record["requestId"] = request
            record["message"] = {"model": self.model, "id": message, "type": "message", "role": "assistant", "content": [block],
                                 "stop_reason": stop_reason if last else None, "stop_sequence": None,
                                 "usage": usage | {"output_tokens": output if last else 1 + output * at // len(blocks)}}
            records.append(record)

    def progress(self, records, call, data):
        record = self.envelope("progress", 0.2)
        record.update(data=data, toolUseID=call, parentToolUseID=call)
        records.append(record)

    def subagent(self, call):
        """Three to fourteen steps, inline in older versions, in a file of their own from 2.1 on."""
        agent, records = f"a{self.pick.getrandbits(24):06x}", []
        for _ in range(self.pick.randrange(3, 15)):
            self.step(records, agent)
        if self.version >= "2.1":
            self.subagents[agent] = records
            return
        for record in records:
            if record["type"] in ("user", "assistant"):
                inner = {key: record[key] for key in ("type", "uuid", "timestamp", "message")} | {"requestId": record.get("requestId")}
                self.progress(self.records, call, {"type": "agent_progress", "agentId": agent, "prompt": "", "message": inner})

    def write(self, projects):
        """Writes the files and returns their size in bytes."""
        folder = projects / self.cwd.replace("/", "-")
        files = {folder / f"{self.id}.jsonl": self.records}
        for agent, records in self.subagents.items():
            files[folder / self.id / "subagents" / f"agent-{agent}.jsonl"] = records
        total = 0
        for path, records in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            data = "".join(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n" for record in records).encode()
            path.write_bytes(data)
            total += len(data)
        return total


def invent(out, megabytes, seed):
    """Sessions until the size is reached. Returns the bytes written."""
    texts, total, number, history = Texts(seed), 0, 0, []
    while total < megabytes * MB:
        resumed = random.Random(f"{seed}/resumed/{number}").random() < RESUMED
        session = Session(number, seed, texts, history if resumed else [])
        total += session.write(out / "projects")
        history = session.records
        number += 1
    return total


IDS = re.compile(rb"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
                 rb"|\b(?:msg|req|toolu|srvtoolu)_[0-9A-Za-z]{6,}"
                 rb'|(?<="agentId":")[0-9a-f]{6,}|(?<=\bagent-)[0-9a-f]{6,}')


def replicate(out, source, times, below="projects"):
    """Copies in which every id is another, the same one everywhere in a copy, of the same length and alphabet. Returns the bytes written.

    `below` is the directory of `source` that the client writes its sessions into: `projects` of Claude Code's own, `sessions` of Codex's."""
    root, total = pathlib.Path(source) / below, 0
    files = [(path.relative_to(root), path.read_bytes()) for path in sorted(root.rglob("*.jsonl"))]
    for copy in range(times):
        known = {}

        def renamed(match):
            old = match[0]
            if old not in known:
                digest = hashlib.blake2b(old, key=str(copy).encode(), digest_size=16).hexdigest().encode()
                prefix, underscore, rest = old.rpartition(b"_")
                if b"-" in rest:
                    known[old] = b"-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:]))
                else:
                    known[old] = prefix + underscore + (digest + rest)[:len(rest)]
            return known[old]

        for name, data in files:
            # A first directory of its own a copy, since clients keep files at one depth.
            slug, _, rest = IDS.sub(renamed, str(name).encode()).decode().partition("/")
            path = out / below / f"{slug}-{copy:04d}" / rest
            path.parent.mkdir(parents=True, exist_ok=True)
            total += path.write_bytes(IDS.sub(renamed, data))
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--size", type=float, metavar="MB")
    how.add_argument("--replicate", nargs=2, metavar=("DIR", "TIMES"))
    parser.add_argument("--seed", default="footlight")
    arguments = parser.parse_args()
    if arguments.replicate:
        total = replicate(arguments.out, arguments.replicate[0], int(arguments.replicate[1]))
    else:
        total = invent(arguments.out, arguments.size, arguments.seed)
    print(f"{total / MB:.1f} MB below {arguments.out}")


if __name__ == "__main__":
    main()
