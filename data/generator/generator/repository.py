"""git/shop.bundle: a repository with the ways in which work lands, or does not.

Commits are named by their content, and names and dates are fixed, so the object names are the same everywhere; the pack's bytes depend on git.
"""

import os
import subprocess
import tempfile
from datetime import datetime, timezone
from pathlib import Path

from . import shop, writer
from .people import PEOPLE

LOGIN = {person.login: person for person in PEOPLE}
# Sessions that a commit names itself; claude.py gives them these ids.
TAX_SESSION = "5a3f0002-0000-4000-8000-000000000002"


def at(day: str, hour: int) -> int:
    return int(datetime.fromisoformat(f"2026-{day}T{hour:02d}:40:00").replace(tzinfo=timezone.utc).timestamp())


class History:
    """A stream for `git fast-import`."""

    def __init__(self) -> None:
        self.stream: list[str] = []
        self.marks = 0

    def commit(self, branch: str, login: str, when: int, message: str, files: dict[str, list[str] | None], parent: str | None) -> str:
        self.marks += 1
        person = LOGIN[login]
        who = f"{person.name} <{person.actor}> {when} +0000"
        self.stream += [f"commit refs/heads/{branch}", f"mark :{self.marks}", f"author {who}", f"committer {who}", f"data {len(message.encode())}", message]
        if parent:
            self.stream.append(f"from {parent}")
        for path, content in files.items():
            if content is None:
                self.stream.append(f"D {path}")
            else:
                text = "\n".join(content) + "\n"
                self.stream += [f"M 100644 inline {path}", f"data {len(text.encode())}", text]
        self.stream.append("")
        return f":{self.marks}"


def git(directory: Path, *arguments: str, feed: bytes | None = None) -> bytes:
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(["git", *arguments], cwd=directory, input=feed, stdout=subprocess.PIPE, env=environment, check=True).stdout


def write(out: writer.Output) -> None:
    history = History()
    tip = history.commit("main", "aquill", at("05-04", 8), "Start the shop", {"README.md": ["# shop", "An invented shop for the sample of footlight."]}, None)
    tip = history.commit("main", "aquill", at("06-08", 12), "Cart totals in integer cents\n\nSHOP-31", {"src/cart.py": shop.CART}, tip)
    tip = history.commit("main", "lalder", at("06-09", 15), f"One place for the tax table\n\nClaude-Session: {TAX_SESSION}", {"src/tax.py": shop.TAX}, tip)
    # Two commits on a branch that was squashed: the work counts once.
    side = history.commit("feature/refunds", "odune", at("06-10", 16), "Refund queue", {"src/refund_queue.py": shop.REFUND_QUEUE}, tip)
    history.commit("feature/refunds", "odune", at("06-10", 18), "Refund mails", {"src/refund_mail.py": shop.REFUND_MAIL}, side)
    squash = {"src/refund_queue.py": shop.REFUND_QUEUE, "src/refund_mail.py": shop.REFUND_MAIL}
    tip = history.commit("main", "odune", at("06-11", 9), "Refunds (#14)", squash, tip)
    tip = history.commit("main", "bmarsh", at("06-11", 14), "Vouchers", {"src/voucher.py": shop.VOUCHER}, tip)
    tip = history.commit("main", "odune", at("06-12", 10), "Cache prices for an hour", {"src/cache.py": shop.CACHE}, tip)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        git(directory, "init", "-q", "--bare", "--initial-branch=main", ".")
        git(directory, "fast-import", "--quiet", feed="\n".join(history.stream).encode())
        cache = git(directory, "rev-parse", "main").decode().strip()
        again = History()
        again.marks = 100
        revert = f'Revert "Cache prices for an hour"\n\nThis reverts commit {cache}.'
        tip = again.commit("main", "aquill", at("06-12", 15), revert, {"src/cache.py": None}, cache)
        again.commit("main", "lalder", at("06-15", 11), "Stock ledger", {"src/stock.py": shop.STOCK}, tip)
        git(directory, "fast-import", "--quiet", feed="\n".join(again.stream).encode())
        git(directory, "-c", "pack.threads=1", "bundle", "create", "-q", "shop.bundle", "main", "feature/refunds", "HEAD")
        out.bytes("git/shop.bundle", (directory / "shop.bundle").read_bytes())
    out.count("git", commits=10)
