#!/usr/bin/env python3
"""Times `footlight ingest` over many small files, of which nothing is new: what a run every few minutes costs.

    benches/many_files.py --footlight target/release/footlight --files 10000

Owns the invented files (one short session of Claude Code each) and the target of 0.3 s. Prints a Markdown table and one line of JSON; exit code 1
when the target is missed. Wall time is from before fork to after wait, CPU is user and system seconds of all threads.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import sys
import tempfile
import uuid

from ingest import Failed, machine, measure

TARGET_S = 0.3


def session(number):
    """A prompt and its answer, as lines of a session file."""
    identity = lambda word: str(uuid.uuid5(uuid.NAMESPACE_OID, f"{word}/{number}"))
    shared = {"sessionId": identity("session"), "cwd": f"/home/dev/work/{number % 50}", "version": "2.1.140", "gitBranch": "main", "isSidechain": False, "userType": "external"}
    prompt = {**shared, "type": "user", "uuid": identity("prompt"), "parentUuid": None, "timestamp": "2026-03-02T09:00:00.000Z",
              "message": {"role": "user", "content": f"explain what module {number} is for and who calls it"}}
    answer = {**shared, "type": "assistant", "uuid": identity("answer"), "parentUuid": prompt["uuid"], "timestamp": "2026-03-02T09:00:07.000Z", "requestId": f"req_{number:012}",
              "message": {"id": f"msg_{number:012}", "role": "assistant", "model": "claude-sonnet-4-5", "stop_reason": "end_turn",
                          "content": [{"type": "text", "text": f"Module {number} reads a file and nothing else calls it."}],
                          "usage": {"input_tokens": 900, "output_tokens": 40, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}}}
    return shared["sessionId"], "".join(json.dumps(record) + "\n" for record in (prompt, answer))


def make(directory, files):
    for number in range(files):
        identity, lines = session(number)
        path = directory / "projects" / f"-home-dev-work-{number % 50:02}" / f"{identity}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--footlight", required=True, type=lambda path: str(pathlib.Path(path).resolve()), help="the binary to measure")
    parser.add_argument("--files", type=int, default=10_000, help="files (default: 10000)")
    parser.add_argument("--runs", type=int, default=9, help="warm rounds (default: 9)")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "footlight-bench", help="input (kept for the next run) and lake")
    options = parser.parse_args()
    work = options.work.resolve()
    source, lake = work / f"many-files-{options.files}", work / "many-files-lake"
    if not source.exists():
        shutil.rmtree(work / "unfinished", ignore_errors=True)
        make(work / "unfinished", options.files)
        (work / "unfinished").rename(source)
    shutil.rmtree(lake, ignore_errors=True)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(source), "TZ": "UTC"}
    command = [options.footlight, "ingest", "--quiet", "--json", "--input", str(source), "--lake", str(lake)]
    cold = measure(command, environment, work)
    warm = [measure(command, environment, work) for _ in range(options.runs)]
    for name, runs, unchanged in (("cold", [cold], 0), ("warm", warm, options.files)):
        for run in runs:
            found = json.loads(run["output"])["ingest"]
            if found["files_unchanged"] != unchanged or found["files_found"] != options.files:
                raise Failed(f"{name}: {found['files_unchanged']} of {found['files_found']} files unchanged")
    print(f"### {options.files:,} files\n\n| run | wall, median (min to max) | CPU | peak memory |\n|---|---|---|---|")
    report = {"machine": machine(), "files": options.files, "runs": options.runs}
    for name, runs in (("cold", [cold]), ("warm", warm)):
        walls = [run["wall"] for run in runs]
        row = {"wall_s": round(statistics.median(walls), 4), "wall_min_s": round(min(walls), 4), "wall_max_s": round(max(walls), 4),
               "cpu_s": round(statistics.median(run["cpu"] for run in runs), 3), "peak_mib": round(max(run["peak_mib"] for run in runs))}
        report[name] = row
        print(f"| {name} | {row['wall_s']:.3f} s ({row['wall_min_s']:.3f} to {row['wall_max_s']:.3f}) | {row['cpu_s']:.2f} s | {row['peak_mib']} MiB |")
    print(f"\n{json.dumps(report)}")
    if report["warm"]["wall_s"] > TARGET_S:
        sys.exit(f"many_files.py: a warm run takes longer than {TARGET_S} s")


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"many_files.py: {failure}")
