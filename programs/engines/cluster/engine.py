"""The engine: requests in flight become blocks of a second, sent to the worker that has their persona."""

import asyncio
import itertools
import threading
import time
import uuid
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from distributed import KilledWorker
from dspy.lm15 import Request, Response

from value_personas.programs.engines.base import response_of
from value_personas.programs.engines.cluster.joining import Joined
from value_personas.programs.engines.cluster.worker import ask_block, outcome_of, packed_block, versions
from value_personas.programs.engines.faults import one_line
from value_personas.programs.engines.places import Place, Places, beginning_of
from value_personas.programs.engines.replies import Reply, ReplyFailure
from value_personas.programs.engines.settings import EngineSettings
from value_personas.programs.engines.waiting import Tell
from value_personas.signatures import EngineError, MissingReason

_BLOCK_S = 1.0
"""Seconds of work of a block: long beside what sending it takes, short beside what is lost with a worker."""

_FIRST_BLOCK, _LARGEST_BLOCK = 4, 2000
_IN_FLIGHT = 2
"""Blocks a worker: one that it works on, and the next."""

_GATHER_S = 0.004
"""For which requests are gathered before blocks are cut."""

_LOOK_S = 0.5
"""How often it is looked who is there."""

_FETCH_S = 20.0
"""For which a block's replies are fetched: a worker that died just then would be waited for for ever."""

_KILLS = 2
"""How often a request that was alone on a worker that died is tried again."""


@dataclass(slots=True, eq=False)
class _Item:
    """A request that waits for its replies."""

    request: Request
    sample: int
    count: int
    future: "asyncio.Future[list[Reply]]"
    worker: "_Worker"
    started: float
    killed: int = 0


@dataclass(slots=True, eq=False)
class _Worker(Place):
    """A worker, and what waits for it, persona by persona."""

    waiting: "OrderedDict[str, deque[_Item]]" = field(default_factory=OrderedDict)
    blocks: int = 0
    a_second: float = _FIRST_BLOCK / _BLOCK_S
    largest: int = _FIRST_BLOCK
    seen: set[int] = field(default_factory=set)

    @property
    def length(self) -> int:
        """Requests that wait for it."""
        return sum(map(len, self.waiting.values()))


@dataclass(slots=True)
class _Sent:
    """A block on its way; alone, where its worker had no other when it was sent."""

    block: list[_Item]
    worker: _Worker
    is_alone: bool


class ClusterEngine:
    """An engine whose requests are answered on the workers of a Dask cluster.

    Plain tasks, never actors: what a worker that dies was asked is asked again of another. Replies are
    durable where this runs, before anybody counts them, as with any engine.

    Args:
        settings: of the engine, and ``cluster``: a scheduler's address, or ``local:N`` for N processes here.
        tell: shows one line to whoever watches.

    Attributes:
        identity: as the engine's on its workers: what was asked elsewhere is found.
        at_once: likewise.
        places: the workers, and what each did so far.
        queue_length: how many requests it takes at once; it queues and times them itself.

    Raises:
        EngineError: when no scheduler answers or no worker comes.
        RecipeError: when workers differ, or cannot open the engine.
    """

    queue_length = 4096

    def __init__(self, settings: EngineSettings, tell: Tell) -> None:
        self._joined = Joined(settings, tell)
        self._settings = self._joined.settings
        self._versions = versions()
        self.identity, self.at_once = self._joined.identity, self._joined.at_once
        self._lock = threading.RLock()
        self._workers: dict[str, _Worker] = {}
        self._ever: dict[str, _Worker] = {}
        self.places = Places([Place(self._joined.address)])
        self._again: deque[list[_Item]] = deque()
        self._sent: dict[Any, _Sent] = {}
        self._is_empty = False
        self._answers = 0
        self._ended: EngineError | None = None
        self._flushing = False
        self._closed = threading.Event()
        self._met(self._joined.workers)
        threading.Thread(target=self._watch, name="cluster", daemon=True).start()

    async def complete(self, request: Request) -> Response:
        """Answer one request."""
        return response_of(await self.reply(request), request.model)

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        """Answer one request, on the worker that has its persona."""
        (reply,) = await self._ask(request, sample, 1)
        return reply

    async def replies(self, request: Request, count: int) -> list[Reply]:
        """Answer a request several times in one call of the engine."""
        return await self._ask(request, 0, count)

    async def _ask(self, request: Request, sample: int, count: int) -> list[Reply]:
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._ended is not None:
                raise EngineError(str(self._ended))
            worker: Any = self.places.choose(request)
            future: asyncio.Future[list[Reply]] = loop.create_future()
            item = _Item(request, sample, count, future, worker, worker.begin())
            persona = beginning_of(request)
            if persona not in worker.waiting:
                worker.waiting[persona] = deque()
            worker.waiting[persona].append(item)
            if not self._flushing:
                self._flushing = True
                loop.call_later(_GATHER_S, self._flush)
        return await future

    async def aclose(self) -> None:
        """Leave the cluster; one that was started for this ends with it."""
        self._closed.set()
        self._joined.close()

    def _flush(self) -> None:
        """Send blocks to whoever has too few."""
        with self._lock:
            self._flushing = False
            if self._is_empty or self._ended is not None:
                return
            for _ in range(_IN_FLIGHT):
                for worker in sorted(self._workers.values(), key=lambda worker: worker.blocks):
                    if worker.blocks < _IN_FLIGHT and (block := self._cut(worker)):
                        self._send(worker, block)

    def _cut(self, worker: _Worker) -> list[_Item]:
        """A block for a worker: of its own personas, or of those that another has most of.

        What failed before comes first, and to a worker with nothing else to do: should that die, it is known
        of what.
        """
        if self._again:
            return [] if worker.blocks else self._again.popleft()
        waiting = sum(each.length for each in self._workers.values())
        free = sum(max(_IN_FLIGHT - each.blocks, 0) for each in self._workers.values())
        size = max(1, min(worker.largest, round(worker.a_second * _BLOCK_S), -(-waiting // max(free, 1))))
        block: list[_Item] = []
        source = worker
        if not worker.waiting:
            source = max(self._workers.values(), key=lambda each: each.length)
            if source.blocks < _IN_FLIGHT:  # it will come to its own
                return []
        while source.waiting and len(block) < size:
            persona = next(iter(source.waiting)) if source is worker else next(reversed(source.waiting))
            items = source.waiting[persona]
            block += [items.popleft() for _ in range(min(len(items), size - len(block)))]
            if not items:
                del source.waiting[persona]
            worker.seen.add(hash(persona))
            worker.personas = len(worker.seen)
        for item in block:
            _move(item, worker)
        return block

    def _send(self, worker: _Worker, block: list[_Item]) -> None:
        """To this worker and no other: Dask would have what kills a worker kill the next ones too."""
        asked = packed_block([(item.request, item.sample, item.count) for item in block])
        future: Any = self._joined.client.submit(
            ask_block, self._settings, self.identity, self._versions, asked,
            key=f"ask-{uuid.uuid4().hex}", pure=False, workers=[worker.name],
        )  # fmt: skip
        self._sent[future] = _Sent(block, worker, is_alone=worker.blocks == 0)
        worker.blocks += 1
        future.add_done_callback(self._came_back)

    def _came_back(self, future: Any) -> None:
        """Runs in a thread of Dask's."""
        with self._lock:
            sent = self._sent.pop(future, None)
            if sent is None:
                return
            sent.worker.blocks -= 1
        try:
            told = future.result(timeout=_FETCH_S) if future.status in ("finished", "error") else None
        except TimeoutError:
            self._failed(sent, None)
            future.cancel()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the block's, or of fetching it
            if died := isinstance(error, KilledWorker):
                with self._lock:  # nothing more is sent there until the next look
                    self._met([name for name in self._workers if name != sent.worker.name])
            self._failed(sent, None if died else error)
        else:
            if told is None:
                self._failed(sent, None)
                self._end("the scheduler went away")
            elif told["refused"]:
                self._failed(sent, None)
                self._end(f"worker {told['worker']} is not fit to ask: {told['refused']}")
            else:
                try:
                    self._enter(sent.block, told, sent.worker)
                except Exception as error:  # noqa: BLE001 - what came is no answer
                    self._failed(sent, error)
        self._flush()

    def _enter(self, block: list[_Item], told: dict[str, Any], sent_to: _Worker) -> None:
        outcomes = [outcome_of(each) for each in told["outcomes"]]
        with self._lock:
            by = self._workers.get(told["worker"], sent_to)
            rate = len(block) / max(told["seconds"], 1e-6)
            by.a_second = rate if by.largest == _FIRST_BLOCK else 0.5 * (by.a_second + rate)
            by.largest = min(2 * max(by.largest, len(block)), _LARGEST_BLOCK)
            for item, outcome in zip(block, outcomes, strict=True):
                _move(item, by)
                if isinstance(outcome, Exception):
                    by.failed(item.started, away=False)
                else:
                    self._answers += len(outcome)
                    by.answered(item.started, outcome)
        _deliver(zip(block, outcomes, strict=True))

    def _failed(self, sent: _Sent, error: BaseException | None) -> None:
        """A block that fails is cut in two, until the request at fault is alone: one missing answer.

        One that only waited on a worker when that died is asked again as it is.

        Args:
            sent: the block.
            error: None where its worker died.
        """
        block = sent.block
        with self._lock:
            if (ended := self._ended) is not None:
                _deliver((item, ended) for item in block)
                return
            if error is None and not sent.is_alone:
                self._again.append(block)
                return
            if len(block) > 1:
                self._again.extend((block[: len(block) // 2], block[len(block) // 2 :]))
                return
            (item,) = block
            if error is None and item.killed < _KILLS:
                item.killed += 1
                self._again.append(block)
                return
            item.worker.failed(item.started, away=False)
        said = one_line(error) if isinstance(error, Exception) else "workers died of it"
        failure = ReplyFailure(MissingReason.PROVIDER_ERROR, f"on the cluster: {said}"[:300])
        _deliver([(item, failure)])

    def _watch(self) -> None:
        """Look who comes and goes, until this is closed; nobody waits on when this ends by a fault."""
        try:
            self._look_on()
        except BaseException as error:
            self._end(one_line(error) if isinstance(error, Exception) else type(error).__name__)
            raise

    def _look_on(self) -> None:
        alone_since: float | None = None
        while not self._closed.wait(_LOOK_S):
            try:
                there = self._joined.look()
            except EngineError as error:
                self._end(str(error))
                return
            if there is None:
                self._end("the scheduler went away")
                return
            self._met(there)
            self._take_back(there)
            if there:
                alone_since = None
            else:
                alone_since = alone_since or time.monotonic()
                if time.monotonic() - alone_since > self._joined.patience_s:
                    self._end(f"no worker was there for {self._joined.patience_s:g} s (patience_s)")
                    return
            self._flush()

    def _met(self, there: Sequence[str]) -> None:
        """Those who are there now; what waited for one that is not waits for another."""
        with self._lock:
            self._is_empty = not there
            if there and set(there) != set(self._workers):
                gone = [worker for name, worker in self._workers.items() if name not in there]
                self._ever |= {name: _Worker(name) for name in there if name not in self._ever}
                self._workers = {name: self._ever[name] for name in there}
                self.places.replace(list(self._workers.values()))
                left = itertools.chain(*(items for worker in gone for items in worker.waiting.values()))
                for item in list(left):
                    new: Any = self.places.choose(item.request)
                    _move(item, new)
                    new.waiting.setdefault(beginning_of(item.request), deque()).append(item)
                for worker in gone:
                    worker.waiting.clear()

    def _take_back(self, there: Sequence[str]) -> None:
        """What was sent to workers that are not there any more: it would wait for them for ever."""
        with self._lock:
            lost = [future for future, sent in self._sent.items() if sent.worker.name not in there]
            for future in lost:
                sent = self._sent.pop(future)
                sent.worker.blocks -= 1
                self._failed(sent, None)
        if lost:
            self._joined.client.cancel(lost)

    def _end(self, why: str) -> None:
        """Nothing more can be asked: everyone who waits is told."""
        with self._lock:
            if self._ended is not None or self._closed.is_set():
                return
            self._ended = EngineError(
                f"{self._joined.address}: {why}; the {self._answers:,} replies that came are kept, run again "
                "to go on"
            )
            waiting = [
                item for worker in self._workers.values() for q in worker.waiting.values() for item in q
            ]
            blocks = [*(sent.block for sent in self._sent.values()), *self._again]
            waiting += [item for block in blocks for item in block]
            self._sent.clear()
            self._again.clear()
        _deliver((item, self._ended) for item in waiting)


def _move(item: _Item, worker: _Worker) -> None:
    """Count an item to the worker that it is asked of."""
    if item.worker is not worker:
        item.worker.outstanding -= 1
        item.worker.calls -= 1
        item.worker = worker
        worker.begin()


def _deliver(outcomes: Iterable[tuple[_Item, "list[Reply] | Exception"]]) -> None:
    """Wake each event loop once with all that concerns it."""
    by_loop: dict[Any, list[tuple[_Item, Any]]] = defaultdict(list)
    for item, outcome in outcomes:
        by_loop[item.future.get_loop()].append((item, outcome))
    for loop, some in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, some)
        except RuntimeError:  # the loop is closed: nobody waits any more
            continue


def _settle(outcomes: Sequence[tuple[_Item, Any]]) -> None:
    for item, outcome in outcomes:
        if item.future.done():
            continue
        if isinstance(outcome, Exception):
            item.future.set_exception(outcome)
        else:
            item.future.set_result(outcome)
