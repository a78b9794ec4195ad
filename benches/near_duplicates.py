#!/usr/bin/env python3
"""Times footlight's search for near-identical prompts against rensa and datasketch on the same texts in the same run.

    benches/install.sh
    benches/near_duplicates.py --footlight target/release/footlight --texts 100000,1000000

Owns the invented texts (of which the share of edited copies is known), what each contender is asked, the exact Jaccard that all are held
against, and the ratios. What each contender does and does not do is in README.md. Prints a Markdown table for each size, growth exponents,
and at the end one line of JSON. Exit code 1 when footlight's recall is below the target.

Texts are of one person each: footlight compares a person's prompts with one another, and the peers, which know no people, compare all
with all. Words are drawn so that texts of two people are alike only by chance, so both find the same pairs.
"""

import argparse
import collections
import itertools
import json
import math
import pathlib
import random
import shutil
import statistics
import sys
import tempfile

from ingest import HERE, Failed, machine, measure

PROMPTS_OF_ONE = 1000  # texts of one person
COPIES = 0.3  # share of texts that are an edited copy of an earlier one of the same person
JACCARD = 0.8  # what is a near-duplicate: footlight's default
RECALL = 0.98
# 128 hashes in 32 bands of four: footlight's own layout. Sixteen bands of eight, the next that rensa takes, meet at a Jaccard of .8 with .95.
HASHES, BANDS = 128, 32
# The peers know a Jaccard by 128 hashes, with a standard error of .035: two of them below, so that .98 of the pairs at .8 are taken.
ESTIMATE = 0.72
SAMPLE = 40  # people whose texts are compared exactly
TEXTS = "texts.tsv"


def shingles(text):
    """What the exact Jaccard is of: runs of three words, five from 200 words on (signals.md S1)."""
    words = text.split()
    width = min(len(words), 5 if len(words) >= 200 else 3)
    return {" ".join(words[at:at + width]) for at in range(len(words) - width + 1)}


# ---- input

def words_of(random_source, count):
    syllables = [a + b for a in "bcdfghjklmnprstvw" for b in "aeiou"]
    found = {}
    while len(found) < count:
        found["".join(random_source.choices(syllables, k=random_source.choice((2, 2, 3, 3, 4))))] = None
    return list(found)


def edited(random_source, words, vocabulary, weights):
    """A copy with one to four words replaced, added or dropped anywhere."""
    words = list(words)
    for _ in range(random_source.choice((1, 1, 1, 2, 2, 3, 4))):
        at, how = random_source.randrange(len(words)), random_source.randrange(3)
        word = random_source.choices(vocabulary, cum_weights=weights)[0]
        if how == 0:
            words[at] = word
        elif how == 1:
            words.insert(at, word)
        elif len(words) > 8:
            del words[at]
    return words


def invent(directory, texts, seed):
    """Writes the texts as canonical NDJSON for footlight, and as person, tab, text for the peers."""
    source = random.Random(f"near duplicates/{seed}/{texts}")
    vocabulary = words_of(source, 20_000)
    # Words as often as in prose, roughly: the hundredth a hundredth as often as the first.
    weights = list(itertools.accumulate(1 / (rank + 20) for rank in range(len(vocabulary))))
    # Drawn once and cut from anywhere: drawing each word of each text would take longer than what is measured.
    pool = source.choices(vocabulary, cum_weights=weights, k=4_000_000)
    directory.mkdir(parents=True)
    (directory / "input").mkdir()
    with open(directory / TEXTS, "w") as plain, open(directory / "input" / "prompts.events.ndjson", "w") as records:
        own = []
        for number in range(texts):
            if number % PROMPTS_OF_ONE == 0:
                own = []
            person = number // PROMPTS_OF_ONE
            if own and source.random() < COPIES:
                words = edited(source, source.choice(own), vocabulary, weights)
            else:
                length = min(400, max(8, round(source.lognormvariate(3.4, 0.6))))
                # Every second word from one place and the others from another, so that no two texts share a run by coming from one place.
                one, two = source.randrange(len(pool) - 400), source.randrange(len(pool) - 400)
                words = [pool[(one if at % 2 else two) + at // 2] for at in range(length)]
            own.append(words)
            text = " ".join(words)
            plain.write(f"{person}\t{text}\n")
            second = number % PROMPTS_OF_ONE * 60
            records.write(json.dumps({
                "ts": f"2026-03-{1 + second // 86_400:02}T{second // 3600 % 24:02}:{second // 60 % 60:02}:00Z", "session_id": f"s{number // 20}",
                "event_id": f"e{number}", "actor_id": f"p{person}@example.com", "kind": "prompt", "trigger": "human", "client": "bench/1", "text": text,
            }, separators=(",", ":")) + "\n")


def read_texts(directory):
    with open(directory / TEXTS) as lines:
        return [line.rstrip("\n").split("\t", 1) for line in lines]


def exact_pairs(directory, texts):
    """For every so many people: all pairs of their texts with a Jaccard of at least JACCARD, by number of the text, each with the smaller first."""
    people = max(1, texts // PROMPTS_OF_ONE)
    wanted = {person for person in range(0, people, max(1, people // SAMPLE))}
    pairs, numbers = set(), set()
    rows = read_texts(directory)
    for person in wanted:
        sets = {number: shingles(rows[number][1]) for number in range(person * PROMPTS_OF_ONE, min(texts, (person + 1) * PROMPTS_OF_ONE))}
        numbers |= sets.keys()
        holders = collections.defaultdict(list)
        for number, own in sets.items():
            shared = collections.Counter(itertools.chain.from_iterable(holders[shingle] for shingle in own))
            for other, count in shared.items():
                if count >= JACCARD * (len(own) + len(sets[other]) - count):
                    pairs.add((other, number))
            for shingle in own:
                holders[shingle].append(number)
    return pairs, numbers


# ---- contenders

def model(queries, name):
    """A model's SQL with its parameters in their places."""
    sql = (queries / f"{name}.sql").read_text()
    parameters = dict(pair.split(" = ") for line in sql.splitlines() if line.startswith("-- params: ") for pair in line[11:].split(", "))
    body = "\n".join(line for line in sql.splitlines() if not line.lstrip().startswith("--"))
    for parameter, value in parameters.items():
        body = body.replace(f"${parameter}", value)
    return body


def footlight_sql(queries):
    """int_prompt_texts and int_prompt_edges as they stand, over the prompts of the lake."""
    return f"""with int_prompts as (
        select event_key, ts, actor_id, masked_hash, shingles, bands, false as is_stop_phrase from events where kind = 'prompt'
    ),
    int_prompt_texts as ({model(queries, "int_prompt_texts")}),
    edges as ({model(queries, "int_prompt_edges")}),
    named as (select actor_id, masked_hash, event_id from events where kind = 'prompt')
    select substr(low.event_id, 2) as one, substr(high.event_id, 2) as two, jaccard
    from edges
    join named as low on low.actor_id = edges.actor_id and low.masked_hash = edges.low_hash
    join named as high on high.actor_id = edges.actor_id and high.masked_hash = edges.high_hash
    union all -- texts that are the same but for numbers and paths are one text, and need no edge
    select substr(low.event_id, 2) as one, substr(high.event_id, 2) as two, 1.0 as jaccard
    from named as low
    join named as high on high.actor_id = low.actor_id and high.masked_hash = low.masked_hash and high.event_id > low.event_id"""


def read_pairs(path):
    """Pairs of numbers from CSV, each once and with the smaller first."""
    with open(path) as lines:
        next(lines)
        cells = (line.split(",") for line in lines)
        return {tuple(sorted((int(row[0]), int(row[1])))) for row in cells}


PEER = '''
import sys
name, path, out, hashes, bands, jaccard = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), float(sys.argv[6])
import time
began = time.perf_counter()

def tokens(text):
    words = text.split()
    width = min(len(words), 5 if len(words) >= 200 else 3)
    return [" ".join(words[at:at + width]) for at in range(len(words) - width + 1)]

with open(path) as lines:
    texts = [line.rstrip("\\n").split("\\t", 1)[1] for line in lines]
if name.startswith("rensa"):
    import rensa
else:
    import datasketch
sets = [tokens(text) for text in texts]
del texts
print("shingles", time.perf_counter() - began)

def verified(candidates, sketches):
    for number, others in enumerate(candidates):
        own = sketches[number]
        for other in others:
            if other > number:
                estimate = own.jaccard(sketches[other])
                if estimate >= jaccard:
                    yield number, other, estimate

def write(rows):
    with open(out, "w") as file:
        file.write("one,two,jaccard\\n")
        file.writelines(f"{one},{two},{estimate}\\n" for one, two, estimate in rows)

if name == "rensa flags":
    matrix = rensa.RMinHash.digest_matrix_from_token_sets(sets, num_perm=hashes, seed=42)
    flags = rensa.RMinHashLSH(threshold=jaccard, num_perm=hashes, num_bands=bands).query_duplicate_flags_matrix_one_shot(matrix)
    write((number, number, 1) for number, flag in enumerate(flags) if flag)
elif name == "rensa":
    sketches = rensa.RMinHash.from_token_sets(sets, num_perm=hashes, seed=42)
    del sets
    index = rensa.RMinHashLSH(threshold=jaccard, num_perm=hashes, num_bands=bands)
    index.insert_many(sketches)
    # A part at a time: candidates of all at once are lists of numbers for each text.
    parts = ((start, index.query_all(sketches[start:start + 10_000])) for start in range(0, len(sketches), 10_000))
    write((start + number, other, estimate) for start, part in parts for number, others in enumerate(part)
          for other in others if other > start + number and (estimate := sketches[start + number].jaccard(sketches[other])) >= jaccard)
else:
    sketches = list(datasketch.MinHash.generator(([token.encode() for token in own] for own in sets), num_perm=hashes, seed=42))
    del sets
    index = datasketch.MinHashLSH(num_perm=hashes, params=(bands, hashes // bands))
    with index.insertion_session() as session:
        for number, sketch in enumerate(sketches):
            session.insert(number, sketch)
    write(verified(map(index.query, sketches), sketches))
print("all", time.perf_counter() - began)
'''


class Bench:
    """One size: its input, its truth and what each contender found and took."""

    def __init__(self, options, texts):
        self.options, self.texts = options, texts
        self.work = options.work / f"near-duplicates-{texts}"
        if not (self.work / TEXTS).exists():
            unfinished = options.work / "unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            invent(unfinished, texts, "footlight")
            unfinished.rename(self.work)
        self.lake, self.out = self.work / "lake", self.work / "found.csv"
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.work), "TZ": "UTC"}
        self.truth, self.sample = exact_pairs(self.work, texts)
        self.results, self.found = collections.defaultdict(list), {}

    def footlight(self, name):
        """Ingest of everything, then the search; or the search alone over the lake of the run before."""
        steps = []
        if name == "footlight":
            shutil.rmtree(self.lake, ignore_errors=True)
            steps.append(measure([self.options.footlight, "ingest", "--quiet", "--input", str(self.work / "input"), "--lake", str(self.lake)], self.environment, self.work))
        sql = footlight_sql(self.options.queries)
        # One thread, as `score` gives each of its parts of people: with one partition DataFusion keeps the rows of a person together.
        command = [self.options.footlight, "query", "--quiet", "--threads", "1", "--memory", self.options.memory, "--lake", str(self.lake), "--format", "csv", "--output", str(self.out), sql]
        self.out.unlink(missing_ok=True)
        steps.append(measure(command, self.environment, self.work))
        return {"wall": sum(step["wall"] for step in steps), "cpu": sum(step["cpu"] for step in steps), "peak_mib": max(step["peak_mib"] for step in steps)}

    def peer(self, name):
        self.out.unlink(missing_ok=True)
        arguments = [name, str(self.work / TEXTS), str(self.out), str(HASHES), str(BANDS), str(ESTIMATE)]
        return measure([str(self.options.peers / "python/bin/python"), "-c", PEER, *arguments], self.environment, self.work)

    def run(self, rounds):
        contenders = [name for name in ("footlight", "footlight search", "rensa", "rensa flags", "datasketch")
                      if self.options.only is None or name.split()[0] in self.options.only]
        if self.texts > self.options.datasketch_most and "datasketch" in contenders:
            contenders.remove("datasketch")
        for number in range(rounds):
            for name in contenders:
                result = self.footlight(name) if name.startswith("footlight") else self.peer(name)
                self.results[name].append(result)
                print(f"  {self.texts} round {number + 1}: {name:18} {result['wall']:8.2f} s  CPU {result['cpu']:8.2f} s {result['peak_mib']:8.0f} MiB", file=sys.stderr)
                if number == 0:
                    self.found[name] = read_pairs(self.out)

    def recall(self, name):
        """Of the pairs that are one by exact Jaccard, those that were found; of `flags`, which names texts and no pairs, texts with one."""
        found = self.found[name]
        if name == "rensa flags":
            with_one = set(itertools.chain.from_iterable(self.truth))
            return len(with_one & {one for one, _ in found}) / len(with_one)
        return len(self.truth & found) / len(self.truth)

    def summary(self):
        table = {}
        for name, runs in self.results.items():
            walls = [run["wall"] for run in runs]
            table[name] = {
                "wall_s": round(statistics.median(walls), 3), "wall_min_s": round(min(walls), 3), "wall_max_s": round(max(walls), 3),
                "cpu_s": round(statistics.median(run["cpu"] for run in runs), 3), "peak_mib": round(max(run["peak_mib"] for run in runs)),
                "found": len(self.found[name]), "recall": round(self.recall(name), 5),
            }
        return table


def print_table(bench, table):
    print(f"\n### {bench.texts:,} texts, {len(bench.truth):,} near-identical pairs among {len(bench.sample):,} of them by exact Jaccard\n")
    print("| contender | wall, median (min to max) | CPU | peak memory | found | recall |\n|---|---|---|---|---|---|")
    for name, row in table.items():
        print(f"| {name} | {row['wall_s']:.2f} s ({row['wall_min_s']:.2f} to {row['wall_max_s']:.2f}) | {row['cpu_s']:.2f} s | {row['peak_mib']} MiB | {row['found']:,} | {row['recall']:.4f} |")
    for name in table:
        if not name.startswith("footlight") and "footlight" in table:
            print(f"\nfootlight / {name}: wall {table['footlight']['wall_s'] / table[name]['wall_s']:.2f}, CPU {table['footlight']['cpu_s'] / table[name]['cpu_s']:.2f}", end="")
    print(flush=True)


def print_growth(sizes):
    small, large = sizes[0], sizes[-1]
    for name in small["contenders"]:
        if name in large["contenders"] and small["texts"] < large["texts"]:
            ratio = large["contenders"][name]["cpu_s"] / small["contenders"][name]["cpu_s"]
            print(f"growth of {name}, CPU, {small['texts']:,} to {large['texts']:,} texts: exponent {math.log(ratio) / math.log(large['texts'] / small['texts']):.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--footlight", required=True, type=lambda path: str(pathlib.Path(path).resolve()), help="the binary to measure")
    parser.add_argument("--texts", default="100000,1000000", help="numbers of texts, ascending, with commas (default: 100000,1000000)")
    parser.add_argument("--runs", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--memory", default="4GiB", help="`--memory` of footlight's search (default: 4GiB)")
    parser.add_argument("--datasketch-most", type=int, default=10**9, metavar="TEXTS", help="leave datasketch out beyond so many texts")
    parser.add_argument("--only", nargs="+", choices=("footlight", "rensa", "datasketch"), help="leave the others out")
    parser.add_argument("--queries", type=pathlib.Path, default=HERE.parent / "queries", help="where int_prompt_edges.sql is")
    parser.add_argument("--peers", type=pathlib.Path, default=HERE / "peers", help="where install.sh put the peers")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "footlight-bench", help="inputs (kept for the next run) and lakes")
    options = parser.parse_args()
    options.peers, options.work = options.peers.resolve(), options.work.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    report, low = {"machine": machine(), "runs": options.runs, "jaccard": JACCARD, "sizes": []}, False
    for texts in map(int, options.texts.split(",")):
        bench = Bench(options, texts)
        bench.run(options.runs)
        table = bench.summary()
        print_table(bench, table)
        report["sizes"].append({"texts": texts, "exact_pairs": len(bench.truth), "contenders": table})
        low |= "footlight" in table and table["footlight"]["recall"] < RECALL
    print_growth(report["sizes"])
    print(f"\n{json.dumps(report)}")
    if low:
        sys.exit(f"near_duplicates.py: recall below {RECALL}")


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"near_duplicates.py: {failure}")
