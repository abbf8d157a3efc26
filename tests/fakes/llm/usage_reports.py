"""Implements the model gateway's ports UsageLog and UsageReports in memory."""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any

from wattos_platform.services.llm_gateway.domain.usage_query import ENDED_WELL, SUMMED, UsageQuery
from wattos_platform.services.llm_gateway.ports import CallRecord, UsageSums


class FakeUsageLog:
    """`calls` holds what was recorded."""

    def __init__(self) -> None:
        self.calls: list[CallRecord] = []

    def record(self, call: CallRecord) -> None:
        self.calls.append(call)

    async def purge(self, before: float, most: int) -> int:
        old = sorted((call for call in self.calls if call.at < before), key=lambda call: call.at)[:most]
        self.calls = [call for call in self.calls if call not in old]
        return len(old)

    async def sums(self, asked: UsageQuery) -> UsageSums:
        groups: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        unpriced: Counter[tuple[str, str]] = Counter()
        for call in self.calls:
            if asked.tenant not in (None, call.tenant):
                continue
            if not asked.since.timestamp() <= call.at < asked.until.timestamp():
                continue
            groups[tuple(_column(call, name) for name in asked.columns)].update(_counted(call))
            if call.cost_pico_usd is None:
                unpriced[call.provider, call.model] += 1
        rows = [
            {**dict(zip(asked.columns, key, strict=True)), **{name: sums[name] for name in SUMMED}}
            for key, sums in sorted(groups.items())
        ]
        if asked.by != "day":
            rows.sort(key=lambda row: -row["cost_pico_usd"])
        totals = {name: sum(row[name] for row in rows) for name in SUMMED}
        named = [{"provider": p, "model": m, "calls": n} for (p, m), n in unpriced.most_common()]
        return UsageSums(rows, totals, named)


def _column(call: CallRecord, name: str) -> str:
    return datetime.fromtimestamp(call.at, UTC).date().isoformat() if name == "day" else getattr(call, name)


def _counted(call: CallRecord) -> dict[str, Any]:
    usage = call.usage
    return {
        "calls": 1,
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "cached_tokens": usage.cached,
        "cache_write_tokens": usage.cache_write,
        "reasoning_tokens": usage.reasoning,
        "unpriced_calls": call.cost_pico_usd is None,
        "estimated_calls": usage.estimated,
        "failed_calls": call.outcome not in ENDED_WELL,
        "cost_pico_usd": call.cost_pico_usd or 0,
    }
