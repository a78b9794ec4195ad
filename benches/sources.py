#!/usr/bin/env python3
"""Measures `footlight ingest` source by source: megabytes a CPU-second, Parquet included.

    cargo build --release
    benches/sources.py --footlight target/release/footlight               # every source, 50 MB each
    benches/sources.py --footlight target/release/footlight --size 200 codex otel

Owns the input, which is grown from the fixtures of each source (their shapes, with other ids and texts of other lengths), and the table. Owns no comparison with
other programs, which is ingest.py's. CPU time is that of the child process, user and system, on all its threads; the wall time beside it says little on a busy
machine. What is read is checked: a run that rejects more than it keeps is no measurement, and fails.
"""

import argparse
import csv
import io
import json
import os
import pathlib
import random
import re
import shutil
import sys
import tempfile

from ingest import Failed, measure

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "src/sources"
MB = 1_000_000
TARGET = 100  # megabytes a second and core
NUMBER = "@@K@@"  # becomes the number of the copy in ids
WORDS = "cart total cents invoice retry cache index parse token branch merge deploy review ticket queue shard column window report build test fix move".split()
TEXTS = {"text", "content", "message", "prompt", "output", "stdout", "body", "result", "aggregated_output", "last_agent_message", "stringValue", "description", "Description", "input"}
IDS = {"id", "uuid", "parentUuid", "sessionId", "session_id", "sessionID", "messageID", "parentID", "requestId", "request_id", "promptId", "call_id", "callID", "callId", "toolCallId",
       "tool_use_id", "turn_id", "traceId", "spanId", "parentSpanId", "trace_id", "parent_observation_id", "interactionId", "event_id", "outcome_id", "responseId", "conversation", "request",
       "litellm_call_id", "conversationId", "api_key_id", "workspace_id", "project_id", "user_id", "user_login", "Session ID", "full", "sha", "oid", "parentId", "actor_id"}
TOOL_ANSWERS = re.compile(r"result|_output|exec_command_end|execution_complete|command_output|toolResult", re.I)
SESSIONS = {"sessionId", "session_id", "sessionID", "conversation", "conversationId", "actor_id", "api_key_id", "workspace_id", "project_id", "user_id", "user_login"}
# For each source: sessions are a file each, rows and tables a file of many, documents (with the place of their list) pages of many.
SHAPES = {
    "claude_code": ("sessions", ["streaming_blocks.jsonl", "tools.jsonl", "typed_prompts.jsonl", "edits.jsonl"]),
    "codex": ("sessions", ["tools.jsonl", "counters.jsonl", "prompts.jsonl"]),
    "openclaw": ("sessions", ["home/.openclaw/agents/main/sessions/9d1c0000-0000-4000-8000-00000000000a.jsonl", "home/.openclaw/agents/main/sessions/9d1c0000-0000-4000-8000-00000000000b.jsonl"]),
    "gemini_cli": ("sessions", ["home/.gemini/tmp/shop/chats/session-2026-06-02T09-00-bbbbbbbb.jsonl"]),
    "copilot_cli": ("sessions", ["session.jsonl"]),
    "opencode": ("sessions", ["export.json"]),
    "cline": ("sessions", ["Code/User/globalStorage/saoudrizwan.claude-dev/tasks/1780304400000/ui_messages.json"]),
    "otel": ("rows", ["claude_code.jsonl", "current.jsonl"]),
    "litellm": ("rows", ["requests.jsonl"]),
    "langfuse": ("rows", ["observations.jsonl"]),
    "canonical": ("rows", ["week.events.ndjson"]),
    "mapping": ("rows", ["requests.ndjson"]),
    "github_copilot": ("rows", ["users.ndjson"]),
    "github": ("pages", ["gh_pull_requests.json"]),
    "gitlab": ("pages", ["merge_requests.json"]),
    "anthropic_admin": ("pages", ["usage.json"]),
    "openai_admin": ("pages", ["usage.json"]),
    "ccusage": ("pages", ["sessions.json"]),
    "codeburn": ("pages", ["export.json"]),
    "cursor": ("tables", ["additive.csv"]),
    "focus": ("tables", ["cloud.csv"]),
    "jira": ("tables", ["export.csv"]),
    "linear": ("tables", ["export_30_columns.csv"]),
}


def words(rng, of_a_tool):
    """As long as such texts are: what people and models write has some 40 words, what tools answer some 700."""
    mean, deviation = (5.8, 1.3) if of_a_tool else (3.3, 0.9)
    return " ".join(rng.choice(WORDS) for _ in range(min(8000, int(rng.lognormvariate(mean, deviation)))))


def vary(value, name, rng, turn=0, of_a_tool=False):
    """The same shape with ids that a copy's number goes into, and texts of other lengths. `turn` tells the records of one copy apart."""
    if isinstance(value, dict):
        of_a_tool = of_a_tool or bool(TOOL_ANSWERS.search(f"{value.get('type', '')} {value.get('role', '')} {value.get('say', '')} {value.get('kind', '')}"))
        return {key: vary(item, key, rng, turn, of_a_tool or key in ("toolUseResult", "state")) for key, item in value.items()}
    if isinstance(value, list):
        return [vary(item, name, rng, turn, of_a_tool) for item in value]
    # What a session is called stays the same from its first step to its last.
    number = f"{NUMBER}{0 if name in SESSIONS else turn:03}"
    if isinstance(value, str) and (name in IDS or re.search(r"/\d+$", value)) and value:
        return value[:-9] + number if re.fullmatch(r"[0-9a-f-]{12,}", value) else value + number
    if type(value) is int and name in ("number", "iid", "request"):
        return f"#{number}#"
    if isinstance(value, str) and name in TEXTS and (of_a_tool or " " in value) and not value.startswith(("[", "{", "<")):
        return f"{value} {words(rng, of_a_tool)}"
    return value


def written(record):
    # A number as a number: the marks say where it stood.
    return re.sub(rf'"#({NUMBER}\d+)#"', r"1\1", json.dumps(record, separators=(",", ":")))


def sound_lines(text):
    for line in text.splitlines():
        try:
            record = json.loads(line.lstrip("\ufeff"))
        except ValueError:
            continue
        if isinstance(record, dict):
            yield record


def whole(text):
    """A document; of a list that is cut short, what is whole."""
    try:
        return json.loads(text)
    except ValueError:
        items, rest = [], text.lstrip()[1:]
        while rest:
            try:
                item, end = json.JSONDecoder().raw_decode(rest.lstrip(" ,\n"))
            except ValueError:
                return items
            items.append(item)
            rest = rest.lstrip(" ,\n")[end:]
        return items


def copies(template, count, first):
    return b"".join(template.replace(NUMBER.encode(), b"%06d" % (first + index)) for index in range(count))


def grown_list(document, rng):
    """A document whose longest list of objects has many more of them."""
    lists = []

    def visit(value):
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lists.append(value)
        elif isinstance(value, dict):
            for item in value.values():
                visit(item)

    visit(document)
    for rows in lists[:1]:
        sound = [row for row in rows if isinstance(row, dict) and row.keys() == rows[0].keys()]
        rows[:] = [vary(row, None, rng, turn) for turn in range(max(1, 400 // len(sound))) for row in sound]
    return document


def invent(source, directory, size):
    """Writes about `size` megabytes for a source. The same files each time."""
    shape, names = SHAPES[source]
    rng = random.Random(source)
    total, number = 0, 0
    share = size * MB / len(names)
    for name in names:
        fixture = FIXTURES / source / "fixtures" / name
        text = fixture.read_text()
        if shape == "tables":
            rows = [row for row in csv.reader(io.StringIO(text), delimiter=";" if ";" in text.splitlines()[0] else ",")]
            sound = [row for row in rows[1:] if len(row) == len(rows[0])]
            block, out = io.StringIO(), io.StringIO()
            csv.writer(out, lineterminator="\n").writerow(rows[0])
            for turn in range(200):
                for row in sound:
                    numbered = [f"{cell}{NUMBER}{turn:03}" if index < 2 and re.match(r"[A-Z]+-\d+$", cell) else cell for index, cell in enumerate(row)]
                    csv.writer(block, lineterminator="\n").writerow(numbered)
            block = block.getvalue().encode()
            content = out.getvalue().encode() + copies(block, max(1, int(share / len(block))), 0)
            files = [(name, content)]
        elif shape == "rows":
            records = list(sound_lines(text))
            records = [record for record in records if record.keys() >= records[0].keys()]  # rows that were damaged on purpose lack something
            block = "".join(written(vary(record, None, rng, turn)) + "\n" for turn in range(20) for record in records).encode()
            files = [(name, copies(block, max(1, int(share / len(block))), 0))]
        else:
            files, size_of_files = [], 0
            if fixture.suffix == ".json":
                document = whole(text)
                grown = grown_list if shape == "pages" else lambda document, rng: vary(document, None, rng)
                templates = [written(grown(json.loads(json.dumps(document)), rng)).encode() for _ in range(10)]
            else:
                # A session goes on: the fixture once, then its steps again under other ids.
                records = list(sound_lines(text))
                turns = [(turn, record) for turn in range(12) for record in (records if turn == 0 else records[1:])]
                templates = ["".join(written(vary(record, None, rng, turn)) + "\n" for turn, record in turns).encode() for _ in range(20)]
            while size_of_files < share:
                content = copies(templates[number % len(templates)], 1, number)
                stem = name.replace(".json", f"-{number:06}.json") if shape == "pages" or "/" not in name else str(pathlib.PurePath(name).with_name(f"{number:06}-{pathlib.PurePath(name).name}"))
                if source == "cline":  # a task is its directory
                    stem = str(pathlib.PurePath(name).parent.with_name(f"{1780304400000 + number}") / pathlib.PurePath(name).name)
                files.append((stem, content))
                size_of_files += len(content)
                number += 1
        for path, content in files:
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            total += len(content)
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="*", help="default: all")
    parser.add_argument("--footlight", required=True, type=lambda path: str(pathlib.Path(path).resolve()), help="the binary to measure")
    parser.add_argument("--size", type=float, default=50, help="megabytes for each source (default: 50)")
    parser.add_argument("--runs", type=int, default=3, help="the run with the least CPU time counts (default: 3)")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "footlight-sources")
    options = parser.parse_args()
    home = options.work / "home"
    home.mkdir(parents=True, exist_ok=True)
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TZ": "UTC"}
    print("| source | input | kept | rejected | CPU | MB a CPU-second | peak memory | at least 100 |\n|---|---|---|---|---|---|---|---|")
    for source in options.sources or SHAPES:
        directory, lake = options.work / source, options.work / "lake"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        megabytes = invent(source, directory, options.size) / MB
        command = [options.footlight, "ingest", "--quiet", "--json", "--source", source, "--input", str(directory), "--lake", str(lake)]
        configuration = FIXTURES / source / "fixtures/footlight.toml"
        command += ["--config", str(configuration)] if configuration.exists() else []
        runs = []
        for _ in range(options.runs):
            shutil.rmtree(lake, ignore_errors=True)
            runs.append(measure(command, environment, options.work))
        best = min(runs, key=lambda run: run["cpu"])
        told = json.loads(best["output"])["ingest"]
        rejected = sum(told["rejected"].values())
        kept = sum(count for table, count in told["added"].items() if table != "quarantine")
        if kept + told["duplicates"] < rejected / 2 or not kept:
            raise Failed(f"{source}: {kept} records were kept and {rejected} rejected: {told}")
        speed = megabytes / best["cpu"]
        print(f"| `{source}` | {megabytes:.0f} MB | {kept:,} | {rejected:,} | {best['cpu']:.2f} s | {speed:.0f} | {best['peak_mib']:.0f} MiB | {'yes' if speed >= TARGET else 'no'} |", flush=True)
        shutil.rmtree(directory, ignore_errors=True)
        shutil.rmtree(lake, ignore_errors=True)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"sources.py: {failure}")
