#!/usr/bin/env python3
"""Compares footlight's totals by UTC day and model with ccusage's on the same files.

Usage: python3 benches/totals.py --footlight target/release/footlight --claude DIR --codex DIR --ccusage PATH
DIR is what CLAUDE_CONFIG_DIR and CODEX_HOME would be. Prints every row that differs and how many rows were compared; exit code 1 when one differs.
ccusage's Codex input includes cache reads, footlight's does not: the script adds them back before it compares.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

SQL = """select cast(cast(ts as date) as varchar) as day, source, model, sum(input_tokens) as input, sum(output_tokens) as output,
    sum(cache_read_tokens) as cache_read, sum(cache_write_tokens) as cache_write
    from events where kind = 'completion' and output_tokens is not null group by 1, 2, 3"""


def footlight(program: str, inputs: list[str]) -> dict:
    with tempfile.TemporaryDirectory() as directory:
        lake = os.path.join(directory, "lake")
        ingest = subprocess.run([program, "ingest", "--quiet", "--lake", lake, "--input", *inputs], stdout=subprocess.DEVNULL)
        if ingest.returncode not in (0, 3):
            sys.exit(f"footlight ingest ended with {ingest.returncode}")
        answer = subprocess.run([program, "query", "--json", "--lake", lake, SQL], capture_output=True, check=True)
    number = lambda text: int(text or 0)  # noqa: E731
    return {
        (row["day"], row["source"], row["model"]): tuple(number(row[name]) for name in ("input", "output", "cache_read", "cache_write"))
        for row in json.loads(answer.stdout)["rows"]
    }


def ccusage(program: str, kind: str, variable: str, directory: str) -> list:
    command = [program, kind, "daily", "--json", "--offline", "--timezone", "UTC"]
    answer = subprocess.run(command, env=os.environ | {variable: directory}, capture_output=True, check=True)
    return json.loads(answer.stdout)["daily"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--footlight", required=True)
    parser.add_argument("--ccusage", required=True)
    parser.add_argument("--claude", required=True)
    parser.add_argument("--codex", required=True)
    arguments = parser.parse_args()
    theirs = {}
    for day in ccusage(arguments.ccusage, "claude", "CLAUDE_CONFIG_DIR", arguments.claude):
        for model in day["modelBreakdowns"]:
            key = (day["date"], "claude_code", model["modelName"])
            theirs[key] = tuple(model[name] for name in ("inputTokens", "outputTokens", "cacheReadTokens", "cacheCreationTokens"))
    for day in ccusage(arguments.ccusage, "codex", "CODEX_HOME", arguments.codex):
        for name, model in day["models"].items():
            cached = model.get("cachedInputTokens", model.get("cacheReadTokens", 0))
            theirs[(day["date"], "codex", name)] = (model["inputTokens"], model["outputTokens"], cached, 0)
    ours = footlight(arguments.footlight, [arguments.claude, arguments.codex])
    differ = 0
    for key in sorted(set(ours) | set(theirs)):
        one, two = ours.get(key), theirs.get(key)
        with_cache = one and (one[0] + one[2], *one[1:])
        if two is None or two not in ((one, with_cache) if key[1] == "codex" else (one,)):
            differ += 1
            print(*key, "footlight", one, "ccusage", two)
    print(f"{len(set(ours) | set(theirs))} rows of day and model compared, {differ} differ")
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
