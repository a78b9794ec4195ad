#!/usr/bin/env python3
"""Times the models of queries/ in footlight and, translated word for word, in DuckDB, over the same lake, and compares their rows.

    benches/duckdb_models.py --footlight target/release/footlight --lake LAKE --config footlight.toml --memory 8GiB

Owns the translation: the few functions that DataFusion and DuckDB call by other names (TRANSLATION). A model is compared when DuckDB accepts it so, and
everything that it reads was compared too; the others are listed. Both keep every model as a table; DuckDB in its memory, footlight as --memory
allows. Times are wall time of the models alone, on one thread, where they can be added up: reading configuration, scoring and writing results is in neither.
Prints Markdown.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import score

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
QUERIES, LAKE_TABLES = REPOSITORY / "queries", REPOSITORY / "tests" / "it" / "lake_tables.sql"
SPLIT = re.compile(r",(?=(?:[^']*'[^']*')*[^']*$)")

TRANSLATION = (
    (r"arrow_cast\(null, 'Int64'\)", "cast(null as bigint)"),
    (r"arrow_cast\(null, 'Utf8'\)", "cast(null as varchar)"),
    (r"arrow_cast\(null, 'Int32'\)", "cast(null as integer)"),
    (r"arrow_cast\(null, 'Timestamp[^']*'\)", "cast(null as timestamptz)"),
    (r"arrow_cast\(((?:[^()]|\([^()]*\))*?),\s*'Int64'\)", r"epoch_us(\1)"),
    (r"arrow_cast\(\s*((?:[^()]|\((?:[^()]|\([^()]*\))*\))*?),\s*'Timestamp\(Microsecond, None\)'\s*\)", r"make_timestamp(\1)"),
    (r"\b(60000000)\b", r"cast(\1 as bigint)"),
    (r"\b(1000000)\b", r"cast(\1 as bigint)"),
    (r"encode\(((?:\w+\.)?\w+), 'hex'\)", r"lower(hex(\1))"),
    (r"\bmake_array\(", "list_value("),
    (r"\barray_has_any\(", "list_has_any("),
    (r"\barray_agg\(", "list("),
    (r"\barray_sort\(", "list_sort("),
    (r"\bcolumn1\b", "col0"),
    (r"\bsimilar\b", "similar_texts"),
    (r"\bto_char\(", "strftime("),
    (r"\bcardinality\(", "len("),
    (r"\barray_min\(", "list_min("),
    (r"\barray_intersect\(", "list_intersect("),
    (r"\bregexp_like\(", "regexp_matches("),
    (r"\bleft anti join\b", "anti join"),
    (r"\bleft semi join\b", "semi join"),
    (r"\bfirst_value\(", "first("),
    (r"\blast_value\((?=[^()]* order by)", "last("),
    (r"last_value\((\w+)\) ignore nulls over", r"last_value(\1 ignore nulls) over"),
    (r"\bfrom range\((\d+), (\d+)\)", r"from (select range as value from range(\1, \2))"),
    (r"\brange\((\d+), (\d+)\) as (\w+)", r"(select range as value from range(\1, \2)) as \3"),
)


def model(path):
    """Name, reads and translated SQL with the parameters' defaults."""
    text, header, key = path.read_text(), {}, None
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        if line.startswith("--  "):
            header[key] += " " + line[2:].strip()
        else:
            key, _, value = line[2:].strip().partition(":")
            header[key] = value.strip()
    sql = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    for pair in SPLIT.split(header.get("params", "")):
        name, _, value = pair.partition("=")
        if name.strip():
            sql = re.sub(rf"\${name.strip()}\b", value.strip().replace("\\", r"\\"), sql)
    for pattern, replacement in TRANSLATION:
        sql = re.sub(pattern, replacement, sql)
    return header["model"], [name.strip() for name in header["reads"].split(",")], sql, header.get("store")


def ordered(models):
    waiting, done = {name: rest for name, *rest in models}, []
    while waiting:
        ready = [name for name in sorted(waiting) if not any(read in waiting for read in waiting[name][0])]
        for name in ready:
            done.append((name, *waiting.pop(name)))
    return done


def base_tables(connection, lake, config):
    import tomllib
    import zoneinfo
    from datetime import datetime, timedelta, timezone
    for statement in LAKE_TABLES.read_text().split(";"):
        found = re.search(r"create table (\w+)", statement)
        if not found:
            continue
        files = list((lake / found[1]).rglob("*.parquet"))
        if files:
            connection.execute(f"create view {found[1]} as select * from read_parquet('{lake / found[1]}/**/*.parquet')")
        else:
            connection.execute(statement.replace("(6) with", " with"))
    connection.execute("create table vantages as select distinct source, 1 as authority from events")
    connection.execute("create table aggregate_identities (actor_raw varchar, actor_id varchar)")
    connection.execute("""create table identities as select distinct coalesce(actor_id, '') as actor_raw, coalesce(os_user, '') as os_user, source_file,
        coalesce(actor_id, '(unassigned)') as actor_id from events""")
    connection.execute("create table outcome_identities as select distinct coalesce(actor_id, '') as actor_raw, coalesce(actor_id, '(unassigned)') as actor_id from outcomes")
    connection.execute("""create table actors as select actor_id, team_id, coalesce(role, '') as role, kind, time_zone, cast(active_from as date) as active_from,
        cast(null as date) as active_to, true as on_roster from roster""")
    first, last = (datetime.fromtimestamp(second, timezone.utc) for second in connection.execute("select epoch(min(ts)), epoch(max(ts)) from events").fetchone())
    rows = []
    for (zone,) in connection.execute("select distinct time_zone from roster where time_zone is not null and time_zone <> ''").fetchall():
        info, at = zoneinfo.ZoneInfo(zone), first - timedelta(days=1)
        at = at.replace(minute=0, second=0, microsecond=0)
        since = at
        while at < last + timedelta(days=1):
            at += timedelta(hours=1)
            if at.astimezone(info).utcoffset() != since.astimezone(info).utcoffset():
                rows.append((zone, since, at, int(since.astimezone(info).utcoffset().total_seconds() // 60)))
                since = at
        rows.append((zone, since, at, int(since.astimezone(info).utcoffset().total_seconds() // 60)))
    connection.execute("create table zone_offsets (time_zone varchar, from_ts timestamptz, to_ts timestamptz, offset_min integer)")
    if rows:
        connection.executemany("insert into zone_offsets values (?, ?, ?, ?)", rows)
    settings = tomllib.loads(config.read_text())
    connection.execute("create table quotas (quota_id integer, metric varchar, threshold double, period varchar, announced timestamptz)")
    for number, one in enumerate(settings.get("quota", []), 1):
        connection.execute("insert into quotas values (?, ?, ?, 'week', cast(? as timestamptz))", [number, one["metric"], one["threshold"], str(one["announced"])])
    connection.execute("create table calendar (kind varchar, actor_id varchar, from_ts timestamptz, to_ts timestamptz)")
    for one in settings.get("calendar", []):
        connection.execute("insert into calendar values (?, ?, cast(? as timestamptz), cast(? as timestamptz))",
                           [one["kind"], one.get("actor"), str(one["from"]), str(one["to"])])
    connection.execute("create table leaderboards (metric varchar, published timestamptz, withdrawn timestamptz)")
    connection.execute("create table automations (actor_id varchar, match varchar, schedule varchar, owner varchar)")
    for one in settings.get("automation", []):
        connection.execute("insert into automations values (?, ?, ?, ?)", [one.get("actor"), one.get("match"), one.get("schedule"), one.get("owner")])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--footlight", required=True, type=lambda path: str(pathlib.Path(path).resolve()))
    parser.add_argument("--lake", required=True, type=pathlib.Path)
    parser.add_argument("--config", required=True, type=pathlib.Path)
    parser.add_argument("--memory", default="8GiB")
    parser.add_argument("--threads", type=int, default=1, help="of more than one footlight's models run beside each other, and their times overlap")
    options = parser.parse_args()
    import duckdb
    with tempfile.TemporaryDirectory(prefix="footlight-bench-") as work:
        command = [options.footlight, "score", "--lake", str(options.lake), "--out", f"{work}/out", "--config", str(options.config), "--memory", options.memory,
                   "--threads", str(options.threads), "-v"]
        log = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        ours = {found[1]: (int(found[2] or 0), float(found[3])) for found in map(score.ENDED.search, score.ESCAPE.sub("", log).splitlines()) if found}
        connection = duckdb.connect(config={"threads": options.threads, "temp_directory": f"{work}/duckdb", "preserve_insertion_order": False})
        connection.execute("set TimeZone = 'UTC'")
        base_tables(connection, options.lake, options.config)
        compared, refused = [], []
        known = {name for (name,) in connection.execute("select table_name from information_schema.tables").fetchall()}
        for name, reads, sql, store in ordered(model(path) for path in QUERIES.glob("*.sql")):
            missing = [read for read in reads if read not in known]
            if missing or name.startswith(("sig_", "rpt_")):
                refused.append((name, "reads " + ", ".join(missing) if missing else "words for people"))
                continue
            before = time.perf_counter()
            try:
                connection.execute(f"create {store if store == 'view' else 'table'} {name} as {sql}")
            except duckdb.Error as error:
                refused.append((name, str(error).splitlines()[0][:90]))
                continue
            seconds = time.perf_counter() - before
            known.add(name)
            rows = connection.execute(f"select count(*) from {name}").fetchone()[0]
            if name in ours and ours[name][1]:
                compared.append((name, *ours[name], rows, seconds))
    print("| model | rows | footlight | DuckDB | ratio |\n|---|---|---|---|---|")
    for name, rows, seconds, theirs, their_seconds in sorted(compared, key=lambda row: -row[2])[:25]:
        same = f"{rows:,}" if rows == theirs else f"{rows:,}, DuckDB {theirs:,}"
        print(f"| {name} | {same} | {seconds:.2f} s | {their_seconds:.2f} s | {seconds / their_seconds:.2f} |")
    mine, their = sum(row[2] for row in compared), sum(row[4] for row in compared)
    print(f"| **{len(compared)} models** | | {mine:.2f} s | {their:.2f} s | {mine / their:.2f} |")
    every = sum(seconds for _, seconds in ours.values())
    print(f"\nThey are {100 * mine / every:.0f} % of the time of all {len(ours)} models. Not compared: {', '.join(name for name, _ in refused)}.")
    for name, why in refused:
        print(f"  {name}: {why}", file=sys.stderr)


if __name__ == "__main__":
    main()
