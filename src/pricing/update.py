#!/usr/bin/env python3
"""Writes prices.tsv from litellm wheels, newest first.

    pip download litellm --no-deps -d new
    pip download litellm==1.80.5 --no-deps -d old
    python3 src/pricing/update.py new/litellm-*.whl old/litellm-*.whl

The newest wheel decides. From older ones come only models that it no longer lists: providers retire models, and logs are older than
price tables. Prices are exact decimals of the JSON text, in pico-dollars (1e-12 USD) per token; a price that is not a whole number of
them is a conversion from another currency and is rounded half up. Standard library only.
"""

import json
import re
import sys
import zipfile
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

TABLE = "litellm/model_prices_and_context_window_backup.json"
MODES = {"chat", "completion", "responses"}
# Who makes or hosts the models that coding agents and gateways use; the other sellers are left out to keep the table small.
PROVIDERS = {
    "anthropic", "azure", "azure_ai", "azure_text", "bedrock", "bedrock_converse", "bedrock_mantle", "bigmodel", "cerebras", "codestral",
    "cohere", "cohere_chat", "dashscope", "deepseek", "gemini", "github_copilot", "groq", "meta_llama", "minimax", "mistral", "moonshot", "openai",
    "openrouter", "qwencloud", "sambanova", "text-completion-codestral", "text-completion-openai", "together_ai", "volcengine", "xai", "zai",
}
FIELDS = [
    ("input", "input_cost_per_token"),
    ("output", "output_cost_per_token"),
    ("cache_read", "cache_read_input_token_cost"),
    ("cache_write", "cache_creation_input_token_cost"),
    ("cache_write_1h", "cache_creation_input_token_cost_above_1hr"),
    ("reasoning", "output_cost_per_reasoning_token"),
]


def pico(value):
    """Pico-dollars of a price, '' for none."""
    if value is None:
        return ""
    return str((Decimal(str(value)) * 10**12).to_integral_value(ROUND_HALF_UP))


def tiers(entry):
    """{threshold in tokens: six prices} of the long-context tiers."""
    found = {}
    for tier in entry.get("tiered_pricing") or []:
        if "range" in tier and Decimal(str(tier["range"][0])) > 0:
            found[int(Decimal(str(tier["range"][0])))] = [pico(tier.get(field)) for _, field in FIELDS]
    for key in entry:
        match = re.fullmatch(r"input_cost_per_token_above_(\d+)k_tokens", key)
        if match:
            suffix = f"_above_{match[1]}k_tokens"
            found[int(match[1]) * 1000] = [pico(entry.get(field + suffix)) for _, field in FIELDS]
    return found


def row(name, entry):
    """One line of the table, or None for what has no price per token."""
    provider = entry.get("litellm_provider", "")
    if not (provider in PROVIDERS or provider.startswith("vertex_ai")) or entry.get("mode") not in MODES:
        return None
    first = next(iter(sorted(entry.get("tiered_pricing") or [], key=lambda tier: Decimal(str(tier.get("range", [0])[0])))), {})
    prices = [pico(entry.get(field, first.get(field))) for _, field in FIELDS]
    # Both zero means a preview or a subscription: not a price.
    if not prices[0] or not prices[1] or (prices[0] == "0" and prices[1] == "0"):
        return None
    long = ";".join(":".join([str(threshold), *values]) for threshold, values in sorted(tiers(entry).items()))
    extra = entry.get("provider_specific_entry")
    fast = extra.get("fast") if isinstance(extra, dict) else None
    fast = "" if fast is None else str((Decimal(str(fast)) * 1000).to_integral_value(ROUND_HALF_UP))
    return [name.lower(), provider, *prices, fast, long]


def main():
    rows, versions = {}, []
    for wheel in map(Path, sys.argv[1:]):
        versions.append(wheel.name.split("-")[1])
        with zipfile.ZipFile(wheel) as archive:
            table = json.loads(archive.read(TABLE), parse_float=str)
        for name, entry in table.items():
            line = row(name, entry) if name != "sample_spec" else None
            if line and name.lower() not in rows:
                rows[name.lower()] = line
    if not versions:
        sys.exit(__doc__)
    columns = ["model", "provider", *(column for column, _ in FIELDS), "fast_per_mille", "long_context"]
    lines = ["# litellm " + " ".join(versions), "\t".join(columns)]
    lines += ["\t".join(rows[name]) for name in sorted(rows)]
    Path(__file__).with_name("prices.tsv").write_text("\n".join(lines) + "\n")
    print(f"{len(rows)} models", file=sys.stderr)


if __name__ == "__main__":
    main()
