"""Claude Code transcripts: native/claude-code/<login>/projects/<slug>/<session>.jsonl (formats.md section 1)."""

from datetime import datetime, timedelta, timezone

from . import repository, shop, words, writer
from .writer import zulu


class Transcript:
    """One file. Every content block of a response is a line that repeats the usage, as the tool writes it."""

    numbers = 0

    def __init__(self, login: str, session: str, at: str, version: str = "2.1.160", branch: str = "main", **envelope: object) -> None:
        self.cwd = f"/home/{login}/shop"
        self.path = f"native/claude-code/{login}/projects/-home-{login}-shop/{session}.jsonl"
        self.now = datetime.fromisoformat(f"2026-{at}:00").replace(tzinfo=timezone.utc)
        self.session, self.last = session, None
        self.version = version
        self.finished = version >= "2.1.80" or version.startswith("2.1.1") and len(version) > 6
        self.envelope = {
            "isSidechain": False,
            "userType": "external",
            "entrypoint": "cli",
            "cwd": self.cwd,
            "sessionId": session,
            "version": version,
            "gitBranch": branch,
        } | envelope
        self.records: list = []
        self.requests: dict[str, dict] = {}

    def record(self, kind: str, message: dict, **fields: object) -> None:
        Transcript.numbers += 1
        uuid = f"0c0de000-0000-4000-8000-{Transcript.numbers:012x}"
        row = {"type": kind, "uuid": uuid, "parentUuid": self.last, **self.envelope, "timestamp": zulu(self.now), **fields, "message": message}
        self.records.append(row)
        self.last = uuid
        self.now += timedelta(seconds=3)

    def typed(self, text: str, pause: int = 60, prompt_id: str | None = None) -> None:
        self.now += timedelta(seconds=pause)
        source = {"promptSource": "typed", "origin": {"kind": "human"}} if self.envelope["entrypoint"] == "cli" and self.finished else {}
        mode = {"permissionMode": "default"} if self.envelope["entrypoint"] == "cli" else {}
        known = {"promptId": prompt_id} if prompt_id else {}
        self.record("user", {"role": "user", "content": text}, **source, **mode, **known)

    def answer(self, *blocks: dict, output: int = 240, cached: int = 21_000, model: str = "claude-sonnet-4-6") -> None:
        Transcript.numbers += 1
        request = f"req_sample{Transcript.numbers:06d}"
        for index, block in enumerate(blocks):
            whole = index == len(blocks) - 1
            usage = {
                "input_tokens": 14,
                "output_tokens": output if whole and self.finished else 4,
                "cache_creation_input_tokens": 820,
                "cache_read_input_tokens": cached,
                "cache_creation": {"ephemeral_5m_input_tokens": 820, "ephemeral_1h_input_tokens": 0},
                "service_tier": "standard",
            }
            stop = ("tool_use" if block["type"] == "tool_use" else "end_turn") if whole and self.finished else None
            message = {
                "id": f"msg_{request[4:]}",
                "type": "message",
                "role": "assistant",
                "model": model,
                "stop_reason": stop,
                "stop_sequence": None,
                "content": [block],
                "usage": usage,
            }
            self.record("assistant", message, requestId=request)
            self.requests[request] = usage

    def use(self, name: str, arguments: dict, result: str, output: int = 160, structured: dict | None = None, say: str | None = None) -> None:
        Transcript.numbers += 1
        call = f"toolu_sample{Transcript.numbers:06d}"
        blocks = [{"type": "text", "text": say}] if say else []
        self.answer(*blocks, {"type": "tool_use", "id": call, "name": name, "input": arguments}, output=output)
        fields = {"toolUseResult": structured} if structured else {}
        self.record("user", {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call, "content": result}]}, **fields)

    def write(self, file: str, lines: list[str]) -> None:
        path, content = f"{self.cwd}/{file}", "\n".join(lines) + "\n"
        structured = {"type": "create", "filePath": path, "content": content, "structuredPatch": [], "originalFile": None}
        self.use("Write", {"file_path": path, "content": content}, f"File created successfully at: {path}", 1900, structured, "Writing the file.")

    def say(self, text: str, output: int = 90) -> None:
        self.answer({"type": "text", "text": text}, output=output)

    def shell(self, command: str, result: str) -> None:
        self.use("Bash", {"command": command, "description": "run it"}, result, 70, {"stdout": result, "stderr": "", "interrupted": False})

    def save(self, out: writer.Output, path: str | None = None, torn: bool = False, copied: int = 0) -> None:
        """`copied`: leading records that belong to another file and count there."""
        out.lines(path or self.path, self.records)
        if torn:
            with (out.root / self.path).open("a") as file:
                file.write('{"type":"assistant","uuid":"0c0de0ff-0000","sessionId":"' + self.session[:20])
        out.count("claude", files=1, copied_records=copied, requests=len(self.requests))
        for usage in self.requests.values():
            out.count(
                "claude",
                input_tokens=usage["input_tokens"],
                output_tokens=usage["output_tokens"],
                cache_read_tokens=usage["cache_read_input_tokens"],
                cache_write_tokens=usage["cache_creation_input_tokens"],
            )


def session_id(number: int) -> str:
    return f"5a3f{number:04d}-0000-4000-8000-{number:012d}"


def landed_with_subagent(out: writer.Output) -> list[Transcript]:
    one = Transcript("aquill", session_id(1), "06-08T09:12", branch="fix/cart")
    one.typed("make the cart total use integer cents, and keep the public names as they are", 0, "5a3f0001-0000-4000-8000-0000000000f1")
    one.use("Read", {"file_path": f"{one.cwd}/README.md"}, "# shop", say="Reading what is there.")
    one.write("src/cart.py", shop.CART)
    one.shell("make test", "34 passed in 2.1s")
    one.say("The cart counts in cents now.")
    inner = Transcript("aquill", session_id(1), "06-08T09:13", branch="fix/cart", isSidechain=True, agentId="a1c2e3")
    inner.record("user", {"role": "user", "content": [{"type": "text", "text": "List every file that adds up prices as floats"}]})
    inner.use("Grep", {"pattern": "float"}, "src/cart.py")
    inner.say("Only src/cart.py does.")
    inner.save(out, one.path.removesuffix(".jsonl") + "/subagents/agent-a1c2e3.jsonl")
    one.save(out)
    return [one, inner]


def resumed(out: writer.Output, original: Transcript) -> None:
    """`--resume` copied the history into a new file under a new session id: its requests count once."""
    two = Transcript("aquill", session_id(3), "06-08T13:30", branch="fix/cart")
    two.records = [row | {"sessionId": two.session} for row in original.records]
    copied = len(two.records)
    two.typed("write the change note for the cart in two sentences")
    two.say("Cart totals are kept in integer cents. Nothing else changes.")
    two.save(out, copied=copied)


def write(out: writer.Output) -> list[Transcript]:
    """Returns the transcripts of the day that others saw too."""
    day = landed_with_subagent(out)
    resumed(out, day[0])

    tax = Transcript("lalder", repository.TAX_SESSION, "06-09T12:05", branch="tax")
    tax.typed("put every tax rate into one table and let the cart read it from there", 0)
    tax.write("src/tax.py", shop.TAX)
    for attempt in range(6):
        # Edit, test, edit: every round changes something, so the same command six times is no loop.
        path = f"{tax.cwd}/src/tax.py"
        change = {"file_path": path, "old_string": shop.TAX[attempt], "new_string": f"{shop.TAX[attempt]}  # checked in round {attempt}"}
        tax.use("Edit", change, "The file has been updated.", 110, {"filePath": path, "oldString": change["old_string"], "newString": change["new_string"]})
        tax.shell("make test", "1 failed, 25 passed")
    tax.say("Green except for the rounding case, which needs a decision.")
    tax.save(out)

    stuck = Transcript("lalder", session_id(4), "06-15T07:50")
    stuck.typed("find out why the stock test fails on my machine only", 0)
    for _ in range(8):
        stuck.shell("make test-stock", "1 failed: stock ledger is not writable")
    stuck.say("It keeps failing in the same way.")
    stuck.write("src/stock.py", shop.STOCK)
    stuck.save(out)

    wishlist = Transcript("bmarsh", session_id(5), "06-10T10:00", branch="wishlist")
    wishlist.typed("sketch a wishlist with sharing, I want to see how large it gets", 0)
    wishlist.write("src/wishlist.py", shop.WISHLIST)
    wishlist.say("That is the whole of it.")
    wishlist.save(out)

    voucher = Transcript("bmarsh", session_id(6), "06-11T11:00", branch="vouchers")
    voucher.record("user", {"role": "user", "content": "<command-name>/review</command-name>\n<command-message>review</command-message>\n<command-args>the voucher branch</command-args>"}, permissionMode="default")
    voucher.say("The branch is empty, so there is nothing to review yet.")
    voucher.typed("then write the vouchers first, one function a rule")
    voucher.write("src/voucher.py", shop.VOUCHER)
    for text in ("continue", "continue", "yes", "continue"):
        voucher.typed(text)
        voucher.say("Going on.", 40)
    voucher.save(out)

    again = Transcript("mbirch", session_id(7), "06-16T14:00")
    for round_ in range(6):
        again.typed(f"give me a long and complete overview of everything that this repository contains, part {round_ + 1}", 240)
        again.say("The shop has a cart, taxes, refunds and vouchers.", 1400)
    again.write("src/banner.py", shop.BANNER)
    again.save(out)

    old = Transcript("aquill", session_id(8), "05-05T09:00", version="2.1.20")
    old.typed("explain what this repository is for and how I start it", 0)
    old.say("It is an invented shop. " + words.REASONS[0].capitalize() + ". Run make start.")
    old.save(out)

    headless = Transcript("mbirch", session_id(9), "06-17T03:00", entrypoint="sdk-cli")
    headless.typed("write the release note for today from the commits", 0)
    headless.say("No commits since yesterday.")
    headless.save(out, torn=True)
    return day
