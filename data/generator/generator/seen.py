"""One day of Ada Quill's as a collector and a gateway saw it: native/otel and native/gateway (formats.md sections 4 and 5).

Her transcripts are written by `claude`; the requests here are the same ones, so they must not count again.
"""

from datetime import datetime, timedelta

from . import writer
from .writer import milliseconds, zulu

ACCOUNT = "ada.quill@example.com"
LOGIN = "aquill"


def requests_of(transcript) -> list[dict]:
    """One entry a request: its ids, its usage, when its last line was written, and the calls in it."""
    found: dict[str, dict] = {}
    for record in transcript.records:
        if record["type"] != "assistant":
            continue
        message = record["message"]
        entry = found.setdefault(record["requestId"], {"request": record["requestId"], "response": message["id"], "calls": []})
        entry |= {"model": message["model"], "usage": message["usage"], "at": datetime.fromisoformat(record["timestamp"])}
        entry["calls"] += [block for block in message["content"] if block["type"] == "tool_use"]
    return list(found.values())


def attributes(values: dict) -> list[dict]:
    return [{"key": key, "value": {"stringValue": str(value)}} for key, value in values.items()]


def event(name: str, at: datetime, transcript, **values: object) -> dict:
    standing = {"event.name": name, "session.id": transcript.session, "user.email": ACCOUNT, "app.version": transcript.version}
    return {
        "timeUnixNano": f"{milliseconds(at)}000000",
        "body": {"stringValue": f"claude_code.{name}"},
        "attributes": attributes(standing | values),
    }


def events(transcript) -> list[dict]:
    found = []
    for record in transcript.records:
        if record["type"] == "user" and record.get("promptId"):
            at = datetime.fromisoformat(record["timestamp"])
            found.append(event("user_prompt", at, transcript, **{"prompt.id": record["promptId"], "prompt_length": len(record["message"]["content"])}))
    for request in requests_of(transcript):
        usage, at = request["usage"], request["at"] + timedelta(milliseconds=400)
        source = "repl_main_thread" if not transcript.envelope["isSidechain"] else "agent:explore"
        found.append(
            event(
                "api_request",
                at,
                transcript,
                request_id=request["request"],
                model=request["model"],
                input_tokens=usage["input_tokens"],
                output_tokens=usage["output_tokens"],
                cache_read_tokens=usage["cache_read_input_tokens"],
                cache_creation_tokens=usage["cache_creation_input_tokens"],
                duration_ms=3100,
                query_source=source,
            )
        )
        for call in request["calls"]:
            found.append(event("tool_result", at + timedelta(seconds=2), transcript, tool_name=call["name"], tool_use_id=call["id"], success="true"))
    return found


def spend(request: dict, own_id: str | None) -> dict:
    usage = request["usage"]
    whole = usage["input_tokens"] + usage["cache_read_input_tokens"] + usage["cache_creation_input_tokens"]
    end = request["at"] + timedelta(milliseconds=300)
    # A gateway that answers in another protocol makes an id of its own and leaves out what was cached.
    cached = {} if own_id else {name: usage[name] for name in ("cache_read_input_tokens", "cache_creation_input_tokens")}
    return {
        "request_id": own_id or request["response"],
        "call_type": "acompletion" if own_id else "anthropic_messages",
        "api_key": "5a" * 32,
        "spend": 0,
        "total_tokens": whole + usage["output_tokens"],
        "prompt_tokens": whole,
        "completion_tokens": usage["output_tokens"],
        "startTime": zulu(end - timedelta(milliseconds=3000)),
        "endTime": zulu(end),
        "model": request["model"],
        "custom_llm_provider": "anthropic",
        "user": LOGIN,
        "session_id": "gateway-20260608-aquill",
        "cache_hit": "False",
        "request_tags": ["User-Agent: claude-cli/2.1.160"],
        "metadata": {"additional_usage_values": cached},
        "messages": {},
        "response": {},
        "status": "success",
    }


def write(out: writer.Output, transcripts: list) -> None:
    resource = {"attributes": attributes({"service.name": "claude-code"})}
    scope = {"name": "com.anthropic.claude_code.events"}
    lines = [
        {"resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": events(transcript)}]}]} for transcript in transcripts
    ]
    out.lines("native/otel/2026-06-08.jsonl", lines)
    requests = [request for transcript in transcripts for request in requests_of(transcript)]
    rows = []
    for number, request in enumerate(requests):
        own = f"chatcmpl-5a3f{number:04d}-0b1c-4d2e-8f3a-6b7c8d9e0f1a" if number % 4 == 3 else None
        rows.append(spend(request, own))
    out.lines("native/gateway/spend-2026-06-08.ndjson", rows)
    out.count("seen_again", files=2, by_otel=len(requests), by_litellm=len(rows))
