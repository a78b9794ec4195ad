"""Files and totals: every file of the sample is written here, and everything that ought to be counted is counted here."""

import json
import shutil
import subprocess
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

TOKEN_FIELDS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


def compact(record: object) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def zulu(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as the tools write it."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


class Output:
    """The sample's directory. Old files of the parts that are written anew are removed first."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.totals: Counter[str] = Counter()
        for part in ("org", "native", "git"):
            shutil.rmtree(root / part, ignore_errors=True)

    def bytes(self, path: str, content: bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def text(self, path: str, content: str) -> None:
        self.bytes(path, content.encode())

    def lines(self, path: str, records: list) -> None:
        """Records as one JSON object a line; a text stands as it is."""
        rows = [record if isinstance(record, str) else compact(record) for record in records]
        content = ("\n".join(rows) + "\n").encode()
        if path.endswith(".zst"):
            command = ["zstd", "-19", "--single-thread", "--no-progress", "-q", "-c"]
            content = subprocess.run(command, input=content, stdout=subprocess.PIPE, check=True).stdout
        self.bytes(path, content)

    def count(self, source: str, **counts: int) -> None:
        for name, number in counts.items():
            self.totals[f"{source}.{name}"] += number

    def report(self) -> None:
        """Prints what was written, for comparison with `select source, kind, count(*), sum(...) from events`."""
        for name in sorted(self.totals):
            print(f"{name:40} {self.totals[name]:>14,}")
        files = [file for part in ("org", "native", "git") for file in (self.root / part).rglob("*") if file.is_file()]
        sizes = sorted((file.stat().st_size, file.relative_to(self.root).as_posix()) for file in files)
        print(f"{'files':40} {len(files):>14,}\n{'bytes':40} {sum(size for size, _ in sizes):>14,}")
        print(f"largest: {sizes[-1][1]} with {sizes[-1][0]:,} bytes")
