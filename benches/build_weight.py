#!/usr/bin/env python3
"""Splits a cold build by crate family, from the report of `cargo build --timings`.

    benches/build_weight.py target/cargo-timings/cargo-timing.html [--cpu-seconds USER_PLUS_SYS]

Owns the families. The report says for each unit how long its rustc ran (wall time); with as many jobs as cores these seconds are close to
CPU seconds, but waits and the threads of code generation make them differ. With --cpu-seconds, the user and system time of the
whole build by `time`, each family gets its share of that.
"""

import argparse
import collections
import json
import pathlib
import re

# The first family whose pattern fits the start of a crate's name takes it.
FAMILIES = (
    ("ours", r"footlight$"),
    ("polars", r"polars"),
    ("datafusion", r"datafusion|sqlparser$|recursive"),
    ("arrow + parquet", r"arrow|parquet|flatbuffers$|thrift$|lz4|snap$|zstd|brotli|lexical"),
    ("deltalake + kernel + object_store + TLS", r"delta|buoyant_kernel|object_store|rustls|ring$|aws-lc|hyper|reqwest|h2$|tower|http|webpki|quinn|url$|icu_|idna|native-tls"),
    ("linfa + ndarray", r"linfa|ndarray|matrixmultiply|sprs|kdtree|noisy_float"),
)


def family(crate):
    return next((name for name, pattern in FAMILIES if re.match(pattern, crate)), "rest")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=pathlib.Path)
    parser.add_argument("--cpu-seconds", type=float, help="user + system seconds of the build")
    parser.add_argument("--top", type=int, default=12, help="heaviest crates to list (default: 12)")
    options = parser.parse_args()
    html = options.report.read_text()
    start = re.search(r"UNIT_DATA = ", html)
    units, _ = json.JSONDecoder().raw_decode(html, start.end())
    seconds, crates, heaviest = collections.Counter(), collections.defaultdict(set), collections.Counter()
    for unit in units:
        seconds[family(unit["name"])] += unit["duration"]
        crates[family(unit["name"])].add((unit["name"], unit["version"]))
        heaviest[unit["name"]] += unit["duration"]
    total = sum(seconds.values())
    factor = options.cpu_seconds / total if options.cpu_seconds else 1.0
    unit_name = "CPU seconds" if options.cpu_seconds else "unit seconds"
    print(f"| crate family | crates | {unit_name} | share |\n|---|---|---|---|")
    for name, spent in seconds.most_common():
        print(f"| {name} | {len(crates[name])} | {spent * factor:.0f} | {spent / total:.0%} |")
    print(f"| all | {sum(map(len, crates.values()))} | {total * factor:.0f} ({total * factor / 60:.1f} minutes) | |")
    print("\nHeaviest crates: " + ", ".join(f"{name} {spent * factor:.0f}" for name, spent in heaviest.most_common(options.top)))
    print(f"\nunit seconds {total:.0f} over {len(units)} units, factor {factor:.2f}")


if __name__ == "__main__":
    main()
