#!/usr/bin/env python3
"""Runs the fuzz targets one after another and adds what they did to docs/fuzzing.md.

    rustup toolchain install nightly && cargo install cargo-fuzz
    fuzz/run.py --seconds 120                 # each source two minutes
    fuzz/run.py --seconds 3600 codex otel     # these an hour each
    fuzz/run.py --binaries DIR                # targets that are built already, while the source is worked on

Owns the order, the limits and the table. Owns no law (src/sources/laws.rs) and no target. One process runs at a time. The table is a sum over all runs since
a target's laws last changed; a finding stays in it, with its regression test. Findings lie in fuzz/artifacts/, and `cargo fuzz run SOURCE FILE` repeats one.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/fuzzing.md"
ROW = re.compile(r"^\| `(\w+)` \| (\d+) \| (\d+) \| (\d+) \|$")
# A record of a source has kilobytes: longer inputs only make the fuzzer slower. Memory beyond the limits, or ten seconds for one input, is a finding.
LIMITS = ["-max_len=32768", "-rss_limit_mb=1500", "-malloc_limit_mb=512", "-timeout=10", "-print_final_stats=1"]


def targets():
    return re.findall(r'^\[\[bin\]\]\nname = "(\w+)"', (ROOT / "fuzz/Cargo.toml").read_text(), re.M)


def run(options, target, corpus, artifacts, *flags, **more):
    """Runs one target. Rust without `unsafe` needs no address sanitizer, and without it executions are several times faster; debug assertions are on."""
    flags = [f"-artifact_prefix={artifacts}/", *flags]
    if options.binaries:
        command = [options.binaries / target, *flags, corpus]
    else:
        command = ["cargo", "+nightly", "fuzz", "run", "--sanitizer", "none", target, corpus, "--", *flags]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **more)


def fuzz(options, target, environment):
    corpus, artifacts = ROOT / "fuzz/corpus" / target, ROOT / "fuzz/artifacts" / target
    corpus.mkdir(parents=True, exist_ok=True)
    artifacts.mkdir(parents=True, exist_ok=True)
    environment = {**environment, "FOOTLIGHT_FUZZ_CORPUS": str(corpus)}
    # The first execution writes the fixtures, the second run reads them.
    run(options, target, corpus, artifacts, "-runs=1", env=environment)
    known, begun = set(artifacts.iterdir()), time.monotonic()
    done = run(options, target, corpus, artifacts, f"-max_total_time={options.seconds}", *LIMITS, env=environment)
    text = done.stdout.decode(errors="replace")
    executions = re.findall(r"stat::number_of_executed_units: +(\d+)", text) or re.findall(r"^#(\d+)\t", text, re.M) or ["0"]
    found = set(artifacts.iterdir()) - known
    if found or done.returncode:
        print(text[-3000:], file=sys.stderr)
    return round(time.monotonic() - begun), int(executions[-1]), len(found)


def add(target, seconds, executions, findings):
    lines = PAGE.read_text().splitlines()
    for index, line in enumerate(lines):
        row = ROW.match(line)
        if row and row[1] == target:
            numbers = [int(number) for number in row.groups()[1:]]
            sums = [was + more for was, more in zip(numbers, (seconds, executions, findings))]
            lines[index] = f"| `{target}` | {sums[0]} | {sums[1]} | {sums[2]} |"
    PAGE.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="*", help="default: all")
    parser.add_argument("--seconds", type=int, default=60, help="for each source (default: 60)")
    parser.add_argument("--binaries", type=lambda path: pathlib.Path(path).resolve(), help="where built targets lie (default: cargo builds them)")
    options = parser.parse_args()
    environment = {**os.environ, "TMPDIR": "/dev/shm" if os.path.isdir("/dev/shm") else os.environ.get("TMPDIR", "/tmp")}
    for target in options.sources or targets():
        seconds, executions, findings = fuzz(options, target, environment)
        add(target, seconds, executions, findings)
        print(f"{target}: {seconds} s, {executions} executions, {findings} findings", flush=True)


if __name__ == "__main__":
    main()
