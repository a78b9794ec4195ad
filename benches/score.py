#!/usr/bin/env python3
"""Times simulate, ingest, score and report end to end at several sizes: CPU seconds, wall time, peak memory, growth exponents.

    benches/score.py --footlight target/release/footlight --events 1000000,10000000 --memory 2GiB --runs 3
    benches/score.py --footlight target/release/footlight --events 1000000 --profile 25

Owns the measuring of whole runs. Owns no input: `footlight simulate --events` makes it, the same bytes for the same seed, once for each size.
CPU is user and system seconds of the child (wait4), which a busy machine stretches less than wall time; peak memory is its `ru_maxrss`. The growth exponent
between two sizes is the slope of a figure against the number of events, both in logarithms, so 1 is linear. Prints Markdown, then one line of JSON.
"""

import argparse
import json
import math
import os
import pathlib
import re
import shutil
import statistics
import sys
import tempfile

import ingest

ENDED = re.compile(r"ran model=\"(\w+)\"(?: rows=(\d+))? seconds=([\d.e-]+)")
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def bytes_under(directory):
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


class Size:
    """One number of events: its input, and what each stage took."""

    def __init__(self, options, events, work):
        self.options, self.events, self.work = options, events, work
        self.input, self.lake, self.out = work / "org" / "input", work / "lake", work / "out"
        home = work / "home"
        home.mkdir(parents=True)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TZ": "UTC", "TMPDIR": str(work)}
        self.stages, self.facts = {}, {}

    def footlight(self, stage, *arguments, keep=True):
        command = [self.options.footlight, *arguments, "--json", "--quiet", "--threads", str(self.options.threads)]
        result = ingest.measure(command, self.environment, self.work)
        if keep:
            self.stages.setdefault(stage, []).append(result)
        print(f"  {self.events:>12,} {stage:9} {result['wall']:9.2f} s wall {result['cpu']:9.2f} s CPU {result['peak_mib']:7.0f} MiB", file=sys.stderr)
        return json.loads(result["output"] or "{}")

    def run(self):
        written = self.footlight("simulate", "simulate", "--events", str(self.events), "--out", str(self.work / "org"), "--seed", "1")["written"]
        self.facts = {"events": written["events"], "sessions": written["sessions"], "input_bytes": bytes_under(self.input)}
        config = ["--config", str(self.input / "footlight.toml")]
        memory = ["--memory", self.options.memory]
        for _ in range(self.options.runs):
            for directory in (self.lake, self.out):
                shutil.rmtree(directory, ignore_errors=True)
            self.footlight("ingest", "ingest", "--input", str(self.input), "--lake", str(self.lake), *config)
            self.footlight("score", "score", "--lake", str(self.lake), "--out", str(self.out), *config, *memory)
            self.footlight("report", "report", "--out", str(self.out), *config)
        self.facts |= {"lake_bytes": bytes_under(self.lake), "out_bytes": bytes_under(self.out)}

    def profile(self, models):
        """Wall time of the models of one run, which says so on standard error at -v."""
        log = self.work / "score.log"
        command = (f"exec {self.options.footlight} score --lake {self.lake} --out {self.out} --config {self.input}/footlight.toml "
                   f"--memory {self.options.memory} --threads {self.options.threads} -v 2> {log}")
        ingest.measure(["sh", "-c", command], self.environment, self.work)
        ran = [ENDED.search(ESCAPE.sub("", line)) for line in log.read_text(errors="replace").splitlines()]
        rows = sorted(((float(found[3]), found[1], found[2] or "") for found in ran if found), reverse=True)
        total = sum(seconds for seconds, _, _ in rows)
        print(f"\n| model | rows | wall | share of {total:.1f} s |\n|---|---|---|---|")
        for seconds, model, count in rows[:models]:
            print(f"| {model} | {int(count or 0):,} | {seconds:.2f} s | {100 * seconds / total:.0f} % |")

    def median(self, stage, figure):
        return statistics.median(run[figure] for run in self.stages[stage])


def total(size, figure):
    """The three stages of a run together, each at its median."""
    stages = [size.median(stage, figure) for stage in ("ingest", "score", "report")]
    return max(stages) if figure == "peak_mib" else sum(stages)


def spread(size, stage, figure, unit):
    values = [run[figure] for run in size.stages[stage]]
    middle = statistics.median(values)
    return f"{middle:.2f} {unit}" if len(values) == 1 else f"{middle:.2f} {unit} ({min(values):.2f} to {max(values):.2f})"


def report(sizes):
    print("| events | sessions | stage | CPU, median (min to max) | wall | peak memory | events a CPU second |\n|---|---|---|---|---|---|---|")
    for size in sizes:
        events = size.facts["events"]
        for stage in size.stages:
            print(f"| {events:,} | {size.facts['sessions']:,} | {stage} | {spread(size, stage, 'cpu', 's')} | {spread(size, stage, 'wall', 's')} "
                  f"| {size.median(stage, 'peak_mib'):.0f} MiB | {events / size.median(stage, 'cpu'):,.0f} |")
        print(f"| {events:,} | {size.facts['sessions']:,} | **ingest, score, report** | {total(size, 'cpu'):.2f} s | {total(size, 'wall'):.2f} s "
              f"| {total(size, 'peak_mib'):.0f} MiB | {events / total(size, 'cpu'):,.0f} |")
    for size in sizes:
        facts = size.facts
        print(f"\n{facts['events']:,} events: {facts['input_bytes'] / 1e6:,.0f} MB of zstd NDJSON, {facts['lake_bytes'] / 1e6:,.0f} MB of lake, "
              f"{facts['out_bytes'] / 1e6:,.1f} MB of results")
    exponents = {}
    for one, other in zip(sizes, sizes[1:]):
        step = math.log(other.facts["events"] / one.facts["events"])
        slope = lambda stage, figure: math.log(other.median(stage, figure) / one.median(stage, figure)) / step
        between = {stage: {figure: slope(stage, figure) for figure in ("cpu", "wall", "peak_mib")} for stage in one.stages}
        between["all three"] = {figure: math.log(total(other, figure) / total(one, figure)) / step for figure in ("cpu", "wall", "peak_mib")}
        exponents[f"{one.facts['events']} to {other.facts['events']}"] = between
        print(f"\n| growth exponent, {one.facts['events']:,} to {other.facts['events']:,} | CPU | wall | peak memory |\n|---|---|---|---|")
        for stage, figures in between.items():
            print(f"| {stage} | {figures['cpu']:.2f} | {figures['wall']:.2f} | {figures['peak_mib']:.2f} |")
    return exponents


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--footlight", required=True, type=lambda path: str(pathlib.Path(path).resolve()))
    parser.add_argument("--events", default="1000000,10000000", help="sizes, separated by commas")
    parser.add_argument("--memory", default="1GiB", help="for score")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--profile", type=int, default=0, metavar="N", help="also the N slowest models of one more score of the last size")
    parser.add_argument("--work", type=pathlib.Path, help="where to work; what is made there is removed")
    options = parser.parse_args()
    sizes = []
    for events in map(int, options.events.split(",")):
        work = pathlib.Path(tempfile.mkdtemp(prefix="footlight-bench-", dir=options.work))
        try:
            size = Size(options, events, work)
            size.run()
            sizes.append(size)
            if options.profile and events == int(options.events.split(",")[-1]):
                size.profile(options.profile)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    exponents = report(sizes)
    stages = [{"facts": size.facts, "stages": {stage: [{key: run[key] for key in ("wall", "cpu", "peak_mib")} for run in runs]
               for stage, runs in size.stages.items()}} for size in sizes]
    print(json.dumps({"memory": options.memory, "threads": options.threads, "sizes": stages, "exponents": exponents}))


if __name__ == "__main__":
    main()
