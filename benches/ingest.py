#!/usr/bin/env python3
"""Times `footlight ingest`, cold and warm, against ccusage and DuckDB on the same files in the same run.

    benches/install.sh
    benches/ingest.py --footlight target/release/footlight --size 200 --runs 5
    benches/ingest.py --footlight target/release/footlight --replicate LOGS --size 50,200,1000
    benches/ingest.py --footlight target/release/footlight --client codex --replicate LOGS --size 200

Owns the measuring: which child processes run, in what order, their wall time and peak memory, and the ratios. Owns no input
(generate_claude.py) and no peer (install.sh). What each contender is asked to do, and how that differs, is in README.md.

Wall time is from before fork to after wait; peak memory is `ru_maxrss` of wait4, which is of that child alone. Contenders take turns
within each round and the order rotates, so that a change of the machine meets all of them. Files are read once before the first round:
every contender finds them in the page cache. Prints a Markdown table for each size, and at the end one line of JSON.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import generate_claude

HERE = pathlib.Path(__file__).resolve().parent
MIB = 1024  # ru_maxrss is in KiB

# Each ratio: name, numerator, denominator, most that it may be (null where there is no target).
TARGETS = (
    ("cold ingest / ccusage, wall", "footlight cold", "ccusage", 2.0),
    ("cold ingest / DuckDB read_json, wall", "footlight cold", "duckdb read_json", 0.33),
    ("cold ingest / DuckDB events, wall", "footlight cold", "duckdb events", None),
    ("cold ingest / DuckDB records, wall", "footlight cold", "duckdb records", None),
    ("warm run / cold ingest, wall", "footlight warm", "footlight cold", 0.1),
)
MEMORY_TARGET_MIB = 512
# Where each client keeps its sessions, and the variable by which ccusage finds them. DuckDB's queries are for the first.
CLIENTS = {"claude": ("projects", "CLAUDE_CONFIG_DIR"), "codex": ("sessions", "CODEX_HOME")}
START_UP = "duckdb start-up"  # Python, the import, and no query: what may be taken off DuckDB's times
DUCKDB_PROGRAM = "import duckdb, sys; duckdb.execute(sys.stdin.read())"


class Failed(Exception):
    """A contender that did not do its work: its figures would be worthless."""


def measure(command, environment, directory, standard_input=""):
    """Runs a child process: wall seconds, user and system seconds, peak MiB, standard output."""
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        source.write(standard_input.encode())
        source.seek(0)
        before = time.perf_counter()
        child = subprocess.Popen(command, env=environment, cwd=directory, stdin=source, stdout=output, stderr=errors)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - before
        child.returncode = os.waitstatus_to_exitcode(status)  # waited for here, so that Popen does not
        output.seek(0)
        if child.returncode not in (0, 3):  # 3: footlight rejected some records and says so
            errors.seek(0)
            raise Failed(f"{command[0]} ended with {child.returncode}: {errors.read().decode(errors='replace')[-2000:]}")
        return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak_mib": usage.ru_maxrss / MIB,
                "output": output.read().decode(errors="replace")}


class Bench:
    """One input and the contenders that read it."""

    def __init__(self, options, source, work):
        self.options, self.source, self.work = options, source, work
        self.lake, self.parquet = work / "lake", work / "duckdb.parquet"
        # Nothing of the person's own: no logs of theirs, no configuration, one time zone.
        home = work / "home"
        home.mkdir(exist_ok=True)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TZ": "UTC", CLIENTS[options.client][1]: str(source)}
        self.results = {}

    def contenders(self):
        all_of_them = {
            "footlight cold": self.footlight_cold, "footlight warm": self.footlight,
            "ccusage": self.ccusage, "duckdb read_json": lambda: self.duckdb("duckdb_read_json.sql"),
            "duckdb records": lambda: self.duckdb("duckdb_records.sql"), "duckdb events": lambda: self.duckdb("duckdb_events.sql"), START_UP: lambda: self.duckdb(None),
        }
        # A warm run needs the lake of the cold one before it, so the two are one turn.
        turns = [["footlight cold", "footlight warm"]] + [[name] for name in list(all_of_them)[2:]]
        if self.options.client != "claude":
            turns = [turn for turn in turns if not turn[0].startswith("duckdb")]
        if self.options.only:
            turns = [turn for turn in turns if turn[0].split()[0] in self.options.only]
        return [[(name, all_of_them[name]) for name in turn] for turn in turns]

    def run(self, rounds):
        for path in sorted(self.source.rglob("*.jsonl")):
            path.read_bytes()
        turns = self.contenders()
        for number in range(rounds):
            for turn in turns[number % len(turns):] + turns[:number % len(turns)]:
                for name, contender in turn:
                    result = contender()
                    self.results.setdefault(name, []).append(result)
                    print(f"  round {number + 1}: {name:24} {result['wall']:8.3f} s {result['peak_mib']:8.0f} MiB", file=sys.stderr)

    def footlight(self):
        command = [self.options.footlight, "ingest", "--quiet", "--json", "--input", str(self.source), "--lake", str(self.lake)]
        if self.options.threads:
            command += ["--threads", str(self.options.threads)]
        return measure(command, self.environment, self.work)

    def footlight_cold(self):
        shutil.rmtree(self.lake, ignore_errors=True)
        return self.footlight()

    def ccusage(self):
        command = [str(self.options.peers / "node_modules/@ccusage/ccusage-linux-x64/bin/ccusage"), self.options.client, "daily", "--json", "--offline"]
        return measure(command, self.environment, self.work)

    def duckdb(self, query):
        self.parquet.unlink(missing_ok=True)
        sql = "" if query is None else (HERE / query).read_text().replace("{input}", str(self.source)).replace("{output}", str(self.parquet))
        return measure([str(self.options.peers / "python/bin/python"), "-c", DUCKDB_PROGRAM], self.environment, self.work, sql)

    def output_tokens(self):
        """Output tokens by each reader's count: whether they read the same thing."""
        counts = {}
        if "footlight cold" in self.results:
            query = "select sum(output_tokens) as n from events where kind = 'completion'"
            command = [self.options.footlight, "query", "--quiet", "--json", "--lake", str(self.lake), query]
            counts["footlight"] = int(re.search(r'"n":\s*"?(\d+)', measure(command, self.environment, self.work)["output"])[1])
        if "ccusage" in self.results:
            counts["ccusage"] = json.loads(self.results["ccusage"][-1]["output"])["totals"]["outputTokens"]
        if "duckdb events" in self.results:
            self.duckdb("duckdb_events.sql")
            program = f"import duckdb; print(duckdb.sql(\"select sum(output_tokens) from '{self.parquet}'\").fetchall()[0][0])"
            command = [str(self.options.peers / "python/bin/python"), "-c", program]
            counts["duckdb events"] = int(measure(command, self.environment, self.work)["output"])
        return counts

    def summary(self):
        """Per contender the median and the spread of wall time, the median of CPU time and the highest peak of memory."""
        table = {}
        for name, runs in self.results.items():
            walls = [run["wall"] for run in runs]
            table[name] = {"wall_s": round(statistics.median(walls), 4), "wall_min_s": round(min(walls), 4), "wall_max_s": round(max(walls), 4),
                           "cpu_s": round(statistics.median(run["cpu"] for run in runs), 3),
                           "peak_mib": round(max(run["peak_mib"] for run in runs), 1)}
        ratios = {name: round(table[above]["wall_s"] / table[below]["wall_s"], 3)
                  for name, above, below, _ in TARGETS if above in table and below in table}
        return table, ratios


def print_tables(megabytes, files, table, ratios, tokens):
    print(f"\n### {megabytes:.0f} MB in {files} files\n\n| contender | wall, median (min to max) | CPU | peak memory | MB/s |\n|---|---|---|---|---|")
    for name, row in table.items():
        print(f"| {name} | {row['wall_s']:.3f} s ({row['wall_min_s']:.3f} to {row['wall_max_s']:.3f}) | {row['cpu_s']:.2f} s "
              f"| {row['peak_mib']:.0f} MiB | {'' if name == START_UP else format(megabytes / row['wall_s'], '.0f')} |")
    print("\n| ratio | measured | target | met |\n|---|---|---|---|")
    for name, _, _, most in TARGETS:
        if name in ratios:
            target = "none | " if most is None else f"at most {most} | {'yes' if ratios[name] <= most else 'no'}"
            print(f"| {name} | {ratios[name]:.3f} | {target} |")
    if "footlight cold" in table:
        peak = max(row["peak_mib"] for name, row in table.items() if name.startswith("footlight"))
        print(f"| footlight peak memory | {peak:.0f} MiB | under {MEMORY_TARGET_MIB} MiB | {'yes' if peak < MEMORY_TARGET_MIB else 'no'} |")
    print(f"\nOutput tokens by each reader: {', '.join(f'{name} {count}' for name, count in tokens.items())}", flush=True)


def prepare_input(options, megabytes, work):
    """The directory to read, made when it does not exist yet."""
    if options.input:
        return options.input.resolve()
    if options.replicate:
        real = sum(path.stat().st_size for path in (options.replicate / CLIENTS[options.client][0]).rglob("*.jsonl"))
        times = max(1, round(megabytes * generate_claude.MB / real))
        name = f"replicated-{times}" if options.client == "claude" else f"replicated-{options.client}-{times}"
        make = lambda out: generate_claude.replicate(out, options.replicate, times, CLIENTS[options.client][0])
    else:
        name, make = f"invented-{megabytes:g}", lambda out: generate_claude.invent(out, megabytes, "footlight")
    if not (work / name).exists():
        # Under another name until it is whole, so that a run that was stopped leaves no half input for the next.
        shutil.rmtree(work / "unfinished", ignore_errors=True)
        make(work / "unfinished")
        (work / "unfinished").rename(work / name)
    return work / name


def machine():
    text = pathlib.Path("/proc/cpuinfo").read_text() if os.path.exists("/proc/cpuinfo") else ""
    model = re.search(r"model name\s*: (.*)", text)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cpu": model[1] if model else platform.processor(), "cores": os.cpu_count(), "memory_gib": round(memory, 1),
            "kernel": platform.release(), "load_at_start": [round(load, 2) for load in os.getloadavg()]}


def versions(options):
    def first_line(*command):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().splitlines()[0]
    found = {"footlight": first_line(options.footlight, "--version"), "footlight_bytes": os.path.getsize(options.footlight)}
    if not options.only or "ccusage" in options.only:
        found["ccusage"] = first_line(str(options.peers / "node_modules/@ccusage/ccusage-linux-x64/bin/ccusage"), "--version")
    if not options.only or "duckdb" in options.only:
        found["duckdb"] = first_line(str(options.peers / "python/bin/python"), "-c", "import duckdb; print(duckdb.__version__)")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--footlight", required=True, type=lambda path: str(pathlib.Path(path).resolve()), help="the binary to measure")
    parser.add_argument("--input", type=pathlib.Path, help="a directory that holds `projects`, as Claude Code's own does (default: generated)")
    parser.add_argument("--replicate", type=pathlib.Path, metavar="DIR", help="repeat the logs below DIR/projects under new ids up to the size")
    parser.add_argument("--client", choices=tuple(CLIENTS), default="claude", help="whose logs; those of Codex only with --replicate or --input (default: claude)")
    parser.add_argument("--size", default="200", help="megabytes of generated input; several with commas, one table each (default: 200)")
    parser.add_argument("--runs", type=int, default=5, help="rounds (default: 5)")
    parser.add_argument("--threads", type=int, help="threads of footlight (default: all cores, as the others have)")
    parser.add_argument("--only", nargs="+", choices=("footlight", "ccusage", "duckdb"), help="leave the others out")
    parser.add_argument("--peers", type=pathlib.Path, default=HERE / "peers", help="where install.sh put the peers")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "footlight-bench",
                        help="inputs (kept for the next run), lakes and Parquet files")
    options = parser.parse_args()
    if options.client == "codex" and not (options.input or options.replicate):
        parser.error("logs of Codex are not invented: give --replicate or --input")
    options.peers = options.peers.resolve()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    report = {"versions": versions(options), "machine": machine(), "runs": options.runs, "sizes": []}
    sizes = [0.0] if options.input else [float(size) for size in options.size.split(",")]
    for megabytes in sizes:
        source = prepare_input(options, megabytes, work)
        files = [path.stat().st_size for path in source.rglob("*.jsonl")]
        bench = Bench(options, source, work)
        bench.run(options.runs)
        tokens = bench.output_tokens()
        table, ratios = bench.summary()
        print_tables(sum(files) / generate_claude.MB, len(files), table, ratios, tokens)
        report["sizes"].append({"input": source.name, "bytes": sum(files), "files": len(files), "threads": options.threads, "contenders": table,
                                "ratios": ratios, "output_tokens": tokens,
                                "load_at_end": [round(load, 2) for load in os.getloadavg()]})
    print(f"\n{json.dumps(report)}")


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"ingest.py: {failure}")
