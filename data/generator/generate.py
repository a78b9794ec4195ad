#!/usr/bin/env python3
"""Writes data/sample: invented logs of an invented company, in the formats that footlight reads.

Run `python3 data/generator/generate.py` in the repository. Needs Python 3.11, `zstd` and `git`; nothing else, no network. Everything comes from
one fixed seed and fixed dates, so that a second run writes the same bytes (with the same versions of zstd and git). Names, code, prompts,
repositories and addresses are made up; every address ends in example.com.

This file owns the layout and the totals that it prints. generator/ owns what the people do: `people` who they are, `words` what they type,
`writer` how files are written, `organisation` the canonical export, `performers` those who work for the metric, `claude`, `codex`, `openclaw`
and `repository` the native logs, `seen` one day of them as a collector and a gateway saw it. No module knows how footlight judges; they follow the definitions of the signals and of their look-alikes.
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True

from generator import claude, codex, openclaw, organisation, people, repository, seen, writer  # noqa: E402

SAMPLE = Path(__file__).resolve().parent.parent / "sample"


def main() -> None:
    out = writer.Output(SAMPLE)
    people.write(out)
    organisation.write(out)
    repository.write(out)
    seen.write(out, claude.write(out))
    codex.write(out)
    openclaw.write(out)
    out.report()


if __name__ == "__main__":
    main()
