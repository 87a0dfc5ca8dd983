"""What the twin of the model providers was called with, and who may be answered."""

import asyncio
import time
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from tests.twins.llm_behaviours import Behaviours, Wire
from tests.twins.llm_calls import Call, Reply, as_json
from tests.twins.llm_records import Record

_KEY_HEADERS: Final = frozenset({"authorization", "x-api-key"})


@dataclass
class Journal:
    """What was called, without keys; the newest thousand calls in full."""

    count: int = 0
    running: int = 0
    peak: int = 0
    per_model: Counter[str] = field(default_factory=Counter)
    newest: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=1000))
    records: deque[Record] = field(default_factory=lambda: deque(maxlen=100_000))
    behaviours: Behaviours = field(default_factory=lambda: Behaviours(Counter()))
    released: defaultdict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))

    def enter(self, wire: Wire, call: Call, headers: Mapping[str, str]) -> None:
        self.count += 1
        self.running += 1
        self.peak = max(self.peak, self.running)
        self.per_model[call.model] += 1
        shown = {name: value for name, value in headers.items() if name not in _KEY_HEADERS}
        self.newest.append({"at": time.time(), "wire": wire.name, "headers": shown, "body": call.body})

    def release_all(self) -> None:
        for released in self.released.values():
            released.set()

    def page(self, path: str) -> Reply:
        if path == "/_journal":
            return Reply(body=as_json([asdict(record) for record in self.records]))
        return self.as_reply() if path == "/_calls" else Reply(status=404, body=b"{}")

    def as_reply(self) -> Reply:
        told = {"count": self.count, "peak": self.peak, "running": self.running}
        return Reply(body=as_json({**told, "per_model": self.per_model, "calls": list(self.newest)}))
