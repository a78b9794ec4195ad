#!/usr/bin/env python3
"""Simulates labelled organisations, runs footlight on them, and holds the figures of docs/evaluation.md against the project's targets.

    benches/detection.py --footlight target/release/footlight --results DIR
    benches/detection.py --footlight target/release/footlight --results DIR --leave-one-family-out
    benches/detection.py --footlight target/release/footlight --results DIR --bunching --seeds 1..40
    benches/detection.py --footlight target/release/footlight --results DIR --held-out
    benches/detection.py --footlight target/release/footlight --results DIR --strip-text

Owns which organisations are made and how their figures are put together. Owns no measure: `footlight evaluate` computes each.

Every evaluation is a line of DIR/runs.ndjson, so that a bench that was interrupted goes on where it stopped, and the tables can be printed
again without running anything. The organisation itself is deleted when it was evaluated. Lines of another binary stay and are left out:
figures of two versions are never mixed.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

WORLDS = ("no_incentive", "quota", "leaderboard", "gamed_outcomes", "clean")
FAMILIES = (
    "repeat", "paraphrase_repeat", "pad_repeat", "pad_random", "pad_article", "doom_loop", "ping_pong_loop", "unattended_cron",
    "overkill", "hugger", "deadline_burster", "rank_chaser",
)
# All families that are made only when they are asked for; the binary knows them.
HELD_OUT = "held-out"
RUNS = "runs.ndjson"


class Failed(Exception):
    """A command that did not do its work."""


def seeds_of(text):
    """`401..405` (both included) or `1,5,9`."""
    seeds = []
    for part in text.split(","):
        first, _, last = part.partition("..")
        seeds.extend(range(int(first), int(last or first) + 1))
    return seeds


def wanted(options):
    """The organisations of this bench, each as what identifies its line."""
    common = {"people": options.people, "weeks": options.weeks, "pace": options.pace, "strip_text": options.strip_text,
              "binary": options.binary}
    if options.bunching:
        # 15 % of people hug the quota, and nobody does.
        rows = [("quota", "hugger", seed) for seed in options.seeds] + [("clean", None, seed) for seed in options.seeds]
    elif options.held_out:
        # The twelve families on the same seeds, unless their figures are given.
        sets = [HELD_OUT] if options.known else [HELD_OUT, None]
        rows = [(world, family, seed) for world in options.world for seed in options.seeds for family in sets]
    elif options.leave_one_family_out:
        worlds = [world for world in options.world if world != "clean"]
        rows = [(world, family, seed) for world in worlds for family in FAMILIES for seed in options.seeds]
    else:
        rows = [(world, None, seed) for world in options.world for seed in options.seeds]
    return [{"world": world, "family": family, "seed": seed, **common} for world, family, seed in rows]


def footlight(options, work, *arguments):
    command = [options.footlight, "--json", "--quiet", "--threads", str(options.threads), *arguments]
    environment = {"PATH": os.environ["PATH"], "HOME": str(work), "TZ": "UTC"}
    child = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True)
    if child.returncode != 0:
        raise Failed(f"{' '.join(arguments[:1])} ended with {child.returncode}: {(child.stdout + child.stderr)[-2000:]}")
    return json.loads(child.stdout)


def evaluated(options, key):
    """One organisation: simulated, run, evaluated, deleted."""
    work = pathlib.Path(tempfile.mkdtemp(prefix="organisation-", dir=options.results))
    try:
        options_of_key = (["--family", key["family"]] if key["family"] else []) + (["--strip-text"] if key["strip_text"] else [])
        begun = time.perf_counter()
        simulated = footlight(options, work, "simulate", "--out", "org", "--seed", str(key["seed"]), "--world", key["world"],
                              "--people", str(key["people"]), "--weeks", str(key["weeks"]), "--pace", str(key["pace"]), *options_of_key)
        footlight(options, work, "run", "--input", "org/input", "--config", "org/input/footlight.toml", "--lake", "lake", "--out", "out")
        run_seconds = time.perf_counter() - begun
        answer = footlight(options, work, "evaluate", "--truth", "org/truth", "--out", "out", "--lake", "lake",
                           "--resamples", str(options.resamples), "--seed", str(key["seed"]))
        return {**key, "seconds": round(run_seconds, 1), "events": simulated["written"]["events"], "evaluation": answer["evaluation"]}
    finally:
        shutil.rmtree(work, ignore_errors=True)


def same(key, line):
    return all(line.get(name) == value for name, value in key.items())


def measured(options):
    """Lines of every wanted organisation: those that are there already, and the others as they come."""
    path = options.results / RUNS
    known = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    others = sum(line["binary"] != options.binary for line in known)
    if others:
        print(f"{others} lines of another binary are left out", file=sys.stderr)
    lines, missing = [], []
    for key in wanted(options):
        line = next((line for line in known if same(key, line)), None)
        if line:
            lines.append(line)
        else:
            missing.append(key)
    if options.tables_only:
        return lines
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool, path.open("a") as log:
        running = {pool.submit(evaluated, options, key): key for key in missing}
        for number, done in enumerate(concurrent.futures.as_completed(running), 1):
            key = running[done]
            name = f"{number} of {len(missing)}: {key['world']} {key['family'] or ''} seed {key['seed']}"
            try:
                line = done.result()
            except Failed as error:
                # One organisation that fails does not take the others with it, and is tried again next time.
                print(f"{name}: {error}", file=sys.stderr)
                continue
            log.write(json.dumps(line) + "\n")
            log.flush()
            lines.append(line)
            print(f"{name}: {line['events']} events in {line['seconds']} s", file=sys.stderr)
    return lines


def value(estimate):
    return estimate["value"] if estimate else None


def product(line, doses="doses_from_20_percent", name="footlight"):
    return next((row for row in line["evaluation"][doses] if row["score"] == name), None)


def spread(values):
    """Mean, standard deviation and range of what is known."""
    known = [number for number in values if number is not None]
    if not known:
        return "n/a"
    deviation = f" ± {statistics.stdev(known):.3f}" if len(known) > 1 else ""
    return f"{statistics.fmean(known):.3f}{deviation} ({min(known):.3f} to {max(known):.3f}, n {len(known)})"


def mean(values):
    known = [number for number in values if number is not None]
    return statistics.fmean(known) if known else None


def share(part, whole):
    return part / whole if whole else None


def shown(number, digits=3):
    return "n/a" if number is None else f"{number:.{digits}f}"


def table(title, header, rows):
    print(f"\n{title}\n")
    print(f"| {' | '.join(header)} |")
    print("|" + "---|" * len(header))
    for row in rows:
        print(f"| {' | '.join(str(cell) for cell in row)} |")


def verdict(number, target, at_least):
    if number is None:
        return "n/a"
    return "met" if (number >= target if at_least else number <= target) else "missed"


def by_run(lines):
    rows = []
    for line in sorted(lines, key=lambda line: (line["world"], line["seed"])):
        evaluation, own = line["evaluation"], product(line)
        cells = [f"{line['world']} {line['seed']}", shown(value(own["auroc"])), shown(value(own["recall_at_1_percent"]))]
        for name in ("isolation forest", "ECOD"):
            row = product(line, name=name)
            cells.append(f"{shown(value(row['auroc']))}, {shown(value(row['recall_at_1_percent']))}")
        honest = round(value(evaluation["honest_in_review"]) * (evaluation["people"] - evaluation["theater"]))
        cells.append(f"{evaluation['in_review'] - honest}, {honest}")
        worst = evaluation["worst_look_alike_above"]
        cells.append(f"{worst['name']} {worst['above_1_percent']}/{worst['people']}")
        rows.append(cells)
    table("Runs: doses of 20 % and more", ["world, seed", "AUROC", "recall at 1 % FP", "isolation forest", "ECOD",
                                            "in review: theater, honest", "worst look-alike above 1 % FP"], rows)


def pooled(lines, group):
    """Counts of a group over all runs, by name and dose."""
    counts = {}
    for line in lines:
        for row in line["evaluation"][group]:
            at = counts.setdefault((row["name"], row.get("dose")), [0, 0, 0])
            for place, number in enumerate((row["people"], row["in_review"], row["above_1_percent"])):
                at[place] += number
    return counts


def targets(lines):
    playing = [line for line in lines if line["world"] != "clean"]
    clean = [line for line in lines if line["world"] == "clean"]
    rows = []

    def measure(name, values, target, more_than=False):
        values = list(values)
        number = mean(values)
        met = verdict(number, target, True) if not more_than or number is None else ("met" if number > target else "missed")
        rows.append([name, spread(values), f"{'more than' if more_than else 'at least'} {target}", met])

    def count(name, part, whole, target):
        number = share(part, whole)
        rows.append([name, f"{shown(number)} ({part} of {whole})", f"at most {target}", verdict(number, target, False)])

    measure("AUROC, doses of 20 % and more", (value(product(line)["auroc"]) for line in playing), 0.95)
    measure("recall at 1 % FP, doses of 20 % and more", (value(product(line)["recall_at_1_percent"]) for line in playing), 0.75)
    review = [(line["evaluation"], value(line["evaluation"]["honest_in_review"])) for line in playing]
    honest = sum(round(part * (evaluation["people"] - evaluation["theater"])) for evaluation, part in review if part is not None)
    count("honest people among those in review", honest, sum(evaluation["in_review"] for evaluation, _ in review), 0.05)
    alikes = pooled(playing, "look_alikes")
    if alikes:
        (worst, _), (people, in_review, _) = max(alikes.items(), key=lambda item: share(item[1][1], item[1][0]))
        count(f"worst look-alike in review ({worst})", in_review, people, 0.02)
    count("clean organisation: people in review", sum(line["evaluation"]["in_review"] for line in clean),
          sum(line["evaluation"]["people"] for line in clean), 0.005)
    tiers = [next(tier for tier in line["evaluation"]["attribution"] if tier["tier"] == "lines") for line in lines]
    measure("attribution at tier lines: precision", (value(tier["precision"]) for tier in tiers), 0.98)
    measure("attribution at tier lines: recall", (value(tier["recall"]) for tier in tiers), 0.80)
    for name in ("isolation forest", "ECOD"):
        ahead = [value(product(line)["recall_at_1_percent"]) - value(product(line, name=name)["recall_at_1_percent"]) for line in playing]
        measure(f"recall at 1 % FP ahead of {name}", ahead, 0, more_than=True)
        # At equal recall: as many of those who play are caught as the product catches at 1 % false positives.
        behind = [product(line, name=name)["worst_at_equal_recall"] for line in playing]
        own = [product(line)["worst_at_equal_recall"] for line in playing]
        gap = [share(row["flagged"], row["people"]) - share(mine["flagged"], mine["people"])
               for row, mine in zip(behind, own) if row["people"] and mine["people"]]
        measure(f"worst look-alike of {name} less ours, at our recall", gap, 0, more_than=True)
    table("Targets: mean ± standard deviation over runs", ["measure", "measured", "target", ""], rows)


def details(lines):
    playing = [line for line in lines if line["world"] != "clean"]
    def dose(number):
        return "" if number is None else f"{number:.0%}"
    for title, group in (("By family and dose", "families"), ("By evasion", "evasions"), ("Look-alikes (all honest)", "look_alikes")):
        rows = [[name, dose(amount), people, in_review, f"{above} ({above / people:.2f})"]
                for (name, amount), (people, in_review, above) in sorted(pooled(playing, group).items(), key=lambda item: (item[0][0], item[0][1] or 0))]
        table(f"{title}, all runs together", ["name", "dose", "people", "in review", "above 1 % FP"], rows)
    signals = {}
    for line in playing:
        silence = {row["signal"]: row["share"] for row in line["evaluation"]["abstentions"]}
        for row in line["evaluation"]["ablation"]:
            signals.setdefault(row["signal"], []).append((row, line["evaluation"]["sum_of_weights"], silence.get(row["signal"])))
    rows = []
    for signal, seen in sorted(signals.items()):
        drop = [whole - row["without"] if whole is not None and row["without"] is not None else None for row, whole, _ in seen]
        rows.append([signal, shown(mean(part for *_, part in seen), 2), shown(mean(row["alone"] for row, *_ in seen)),
                     shown(mean(drop)), shown(mean(row["recall_change"] for row, *_ in seen))])
    table("Ablation on the sum of weights, mean over runs", ["signal", "abstains", "AUROC alone", "AUROC lost without it", "recall change without it"], rows)
    delays = {}
    for line in playing:
        for row in line["evaluation"]["delays"]:
            at = delays.setdefault(row["measure"], [0] * 6)
            for place, number in enumerate([*row["within"], row["ever"], row["people"]]):
                at[place] += number
    rows = [[name, *counts] for name, counts in delays.items()]
    table("Weeks until theater is found, people of all runs", ["found", "within 1", "2", "4", "8", "ever", "of"], rows)
    calibration = {}
    for line in lines:
        for row in line["evaluation"]["calibration"]:
            calibration.setdefault(row["signal"], []).append(row)
    rows = [[signal, sum(row["n"] for row in seen),
             *(shown(sum(row["up_to"][place] * row["n"] for row in seen) / sum(row["n"] for row in seen)) for place in range(3))]
            for signal, seen in sorted(calibration.items())]
    table("p-values of honest people's readings, all runs: share up to", ["signal", "readings", "0.01", "0.05", "0.1"], rows)


def populations(lines):
    """How often each population test speaks and fires, by world."""
    tests = {}
    for line in lines:
        name = line["world"] + (f", all {line['family']}" if line["family"] else "")
        fired = {}
        for row in line["evaluation"]["population"]:
            # Scopes name thresholds and dates of the seed: a test fires when any of its scopes does.
            speaks, fires = fired.get(row["test"], (False, False))
            spoke = row["status"] == "speak"
            fired[row["test"]] = (speaks or spoke, fires or row["fires"])
        for test, (speaks, fires) in fired.items():
            at = tests.setdefault((test, name), [0, 0, 0])
            for place, number in enumerate((speaks, fires, True)):
                at[place] += number
    rows = [[test, name, f"{speaks} of {runs}", f"{fires} of {runs}"] for (test, name), (speaks, fires, runs) in sorted(tests.items())]
    table("Population tests: organisations in which any scope speaks, and points to usage for the metric", ["test", "world", "speaks", "fires"], rows)


def left_out(lines):
    """Recall of each family where it is the only one, against the mean of the others."""
    recalls = {}
    for line in lines:
        recalls.setdefault(line["family"], []).append((value(product(line)["recall_at_1_percent"]), value(product(line)["auroc"])))
    means = {family: mean(recall for recall, _ in seen) for family, seen in recalls.items()}
    rows = []
    for family in (family for family in FAMILIES if family in recalls):
        others = mean(number for other, number in means.items() if other != family)
        ratio = means[family] / others if others and means[family] is not None else None
        rows.append([family, spread(recall for recall, _ in recalls[family]), shown(mean(area for _, area in recalls[family])), shown(others),
                     shown(ratio, 2), verdict(ratio, 0.5, True)])
    table("One family at a time: recall at 1 % FP, doses of 20 % and more, in organisations where only that family plays",
          ["family", "recall", "AUROC", "mean of the others", "ratio", "at least half"], rows)


def strong(line):
    """Of each family at doses of 20 % and more: people, how many of them are above the threshold of 1 % false positives, and areas."""
    families = {}
    for row in line["evaluation"]["families"]:
        if row["dose"] >= 0.2:
            people, above, areas = families.setdefault(row["name"], (0, 0, ()))
            # The area of a group is the mean of its members' own, so groups add up by their people.
            areas = (*areas, (row["people"], row.get("auroc")))
            families[row["name"]] = (people + row["people"], above + row["above_1_percent"], areas)
    return families


def together(lines):
    """The counts of `strong` over all runs."""
    families = {}
    for line in lines:
        for name, (people, above, areas) in strong(line).items():
            before = families.get(name, (0, 0, ()))
            families[name] = (before[0] + people, before[1] + above, (*before[2], *areas))
    return families


def pooled_area(areas):
    known = [(people, area) for people, area in areas if area is not None]
    people = sum(people for people, _ in known)
    return share(sum(people * area for people, area in known), people)


def mean_recall(lines):
    """Mean over families of their recall over all runs: no family counts more because more people play it."""
    return mean(share(above, people) for people, above, _ in together(lines).values())


def known_families(options, lines):
    """Runs of the twelve families: of this bench, or, from a file of another one, those of the same worlds, size and binary."""
    if not options.known:
        return [line for line in lines if line["family"] is None]
    rows = [json.loads(line) for line in options.known.read_text().splitlines()]
    keys = [{**key, "family": None} for key in wanted(options)]
    alike = [{name: value for name, value in key.items() if name not in ("seed", "binary")} for key in keys]
    found = [row for row in rows if any(same(key, row) for key in alike)]
    others = sum(row["binary"] != options.binary for row in found)
    if others:
        print(f"{others} lines of another binary in {options.known} are left out", file=sys.stderr)
    return [row for row in found if row["binary"] == options.binary]


def held_out(options, lines):
    """Families that nothing was tuned on, beside the twelve that everything was measured on."""
    fresh = [line for line in lines if line["family"] == HELD_OUT]
    known = known_families(options, lines)
    reference = mean_recall(known)
    rows = []

    def add(name, people, above, area):
        recall = share(above, people)
        ratio = recall / reference if reference and recall is not None else None
        rows.append([name, people, f"{above} ({shown(recall, 2)})", shown(area), shown(ratio, 2), verdict(ratio, 0.5, True)])

    families = together(fresh)
    for name, (people, above, areas) in sorted(families.items()):
        add(name, people, above, pooled_area(areas))
    table(f"Held-out families: doses of 20 % and more; mean recall of the twelve known families {shown(reference)} ({len(known)} runs)",
          ["family", "people", "above 1 % FP (recall)", "AUROC", "ratio to the known", "at least half"], rows)
    rows = []
    for world in [*options.world, None]:
        one, other = ([line for line in runs if world in (None, line["world"])] for runs in (fresh, known))
        recall, usual = mean_recall(one), mean_recall(other)
        ratio = recall / usual if usual and recall is not None else None
        areas = [spread(value(product(line)["auroc"]) for line in runs) for runs in (one, other)]
        rows.append([world or "all", shown(recall), shown(usual), shown(ratio, 2), verdict(ratio, 0.5, True), *areas])
    table("Mean recall of families at 1 % FP, doses of 20 % and more, by world",
          ["world", "held out", "known", "ratio", "at least half", "AUROC, held out", "AUROC, known"], rows)
    rows = [[name, dose and f"{dose:.0%}", people, in_review, f"{above} ({above / people:.2f})"]
            for (name, dose), (people, in_review, above) in sorted(pooled(fresh, "families").items())]
    table("Held-out families by dose", ["name", "dose", "people", "in review", "above 1 % FP"], rows)
    rows = [[name, people, in_review, f"{above} ({above / people:.2f})"]
            for (name, _), (people, in_review, above) in sorted(pooled(fresh, "evasions").items(), key=lambda item: item[0][0])]
    table("Held-out families by evasion", ["name", "people", "in review", "above 1 % FP"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--footlight", required=True, help="the binary")
    parser.add_argument("--results", required=True, type=pathlib.Path, help="directory of the results; organisations are made in it too")
    parser.add_argument("--world", nargs="+", choices=WORLDS, help="default: all; with --leave-one-family-out: quota; with --held-out: all but clean")
    parser.add_argument("--seeds", type=seeds_of, default=seeds_of("401..405"), help="401..405 or 1,5,9")
    parser.add_argument("--people", type=int, default=240)
    parser.add_argument("--weeks", type=int, default=12)
    parser.add_argument("--pace", type=float, default=3.0, help="sessions of the median person in an average week")
    parser.add_argument("--resamples", type=int, default=200, help="of the intervals of each run; the tables use the spread over runs")
    parser.add_argument("--jobs", type=int, default=1, help="organisations at once")
    parser.add_argument("--threads", type=int, default=1, help="threads of each")
    parser.add_argument("--nice", type=int, default=10)
    parser.add_argument("--leave-one-family-out", action="store_true", help="organisations with one family each")
    parser.add_argument("--strip-text", action="store_true", help="the same organisations without texts, arguments and patches")
    parser.add_argument("--held-out", action="store_true", help="organisations of the held-out families, and of the twelve beside them")
    parser.add_argument("--known", type=pathlib.Path, metavar="FILE",
                        help="with --held-out: runs.ndjson of another bench, for the figures of the twelve; they are not run again then")
    parser.add_argument("--bunching", action="store_true", help="size and power of the population tests: only huggers, and nobody")
    parser.add_argument("--tables-only", action="store_true", help="print what is there and run nothing")
    options = parser.parse_args()
    if options.known and not options.held_out:
        parser.error("--known goes with --held-out")
    options.world = options.world or (["quota"] if options.leave_one_family_out else list(WORLDS))
    if options.held_out:
        options.world = [world for world in options.world if world != "clean"]
    options.footlight = str(pathlib.Path(options.footlight).resolve())
    options.results = options.results.resolve()
    options.results.mkdir(parents=True, exist_ok=True)
    with open(options.footlight, "rb") as file:
        options.binary = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    os.nice(options.nice)
    lines = measured(options)
    if not lines:
        sys.exit("nothing was measured")
    print(f"{len(lines)} of {len(wanted(options))} organisations, {options.people} people, {options.weeks} weeks, binary {options.binary}")
    if options.leave_one_family_out:
        left_out(lines)
    elif options.held_out:
        held_out(options, lines)
    elif not options.bunching:
        targets(lines)
        by_run(lines)
        details(lines)
    populations(lines)


if __name__ == "__main__":
    main()
