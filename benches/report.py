#!/usr/bin/env python3
"""Times `footlight report` alone on a scored organisation that is grown to many sessions.

    benches/report.py --footlight target/release/footlight --out OUT --sessions 1000000 [--rounds 3]

OUT is what `footlight score` left of a simulated organisation. Its people are repeated under new pseudonyms, each with their sessions, weeks,
readings, findings, links and parts of scores, until there are as many sessions as asked for; teams, population tests and run.json stay as they
are. Scoring so many sessions is measured by score.py; here only what comes after it. Needs pyarrow.
"""

import argparse
import math
import os
import resource
import shutil
import subprocess
import tempfile
import time

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

# Columns that tell people, sessions and outcomes apart: each copy gets its own.
IDENTITIES = ("session_id", "actor", "unit_id", "outcome_id")
# What does not grow with the people.
KEPT = ("teams", "population", "coverage", "seats", "session_sources", "identities")


def grown(table, copies):
    """The table as many times over, each time with other identities."""
    parts = []
    for copy in range(copies):
        part = table
        for name in IDENTITIES if copy else ():
            at = part.schema.get_field_index(name)
            if at >= 0:
                column = part.column(at)
                suffixed = pc.binary_join_element_wise(pc.cast(column, pa.string()), f"{copy:x}", "-c")
                part = part.set_column(at, part.schema.field(at), pc.cast(suffixed, part.schema.field(at).type))
        parts.append(part)
    return parts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--footlight", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    directory = os.path.join(os.environ.get("TMPDIR", tempfile.gettempdir()), "footlight-bench", f"report-{given.sessions}")
    sessions = pq.read_metadata(os.path.join(given.out, "tables", "sessions.parquet")).num_rows
    copies = math.ceil(given.sessions / sessions)
    if not os.path.exists(os.path.join(directory, "run.json")):
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(os.path.join(directory, "tables"))
        for name in sorted(os.listdir(os.path.join(given.out, "tables"))):
            source = os.path.join(given.out, "tables", name)
            target = os.path.join(directory, "tables", name)
            if name.removesuffix(".parquet") in KEPT:
                shutil.copy(source, target)
                continue
            table = pq.read_table(source)
            # Row groups as footlight writes them.
            pq.write_table(pa.concat_tables(grown(table, copies)), target, compression="zstd", row_group_size=1 << 18)
        shutil.copy(os.path.join(given.out, "run.json"), directory)
    rows = {name: pq.read_metadata(os.path.join(directory, "tables", name)).num_rows for name in sorted(os.listdir(os.path.join(directory, "tables")))}
    print(", ".join(f"{name.removesuffix('.parquet')} {count:,}" for name, count in rows.items()))
    for _ in range(given.rounds):
        before = time.perf_counter()
        subprocess.run([given.footlight, "report", "--out", directory, "-q"], check=True, stdout=subprocess.DEVNULL)
        print(f"{time.perf_counter() - before:.2f} s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
