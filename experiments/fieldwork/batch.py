"""Asking in batches: what is not stored is written down as request files, in place of being asked."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import orjson
from dspy.lm15 import Request

from value_personas.experiments.answer_store import AnswerStore
from value_personas.experiments.answer_store.batches import Failure, failures, note_requests
from value_personas.experiments.fieldwork.standing_in import Placeholders, ReadOnly
from value_personas.programs.engines import (
    EngineSettings,
    Model,
    OpenAIHTTP,
    RefusedError,
    Reply,
    ReplyFailure,
    Tell,
    engine_kind,
    estimated_tokens,
    is_probing,
    reply_key,
)
from value_personas.signatures import MissingReason, RecipeError, StoreError, ValuePersonasError

MOST_REQUESTS, MOST_BYTES = 50_000, 100_000_000
"""Of one file: what OpenAI, Together and Groq all take."""

_NOTED_AT_ONCE = 2000
_LIST = "batch.json"
"""Which files of a folder are ours."""

_NOWHERE = "http://batch.invalid/v1"
"""In place of an address, for servers that are known by ``deployment`` alone."""


class BatchWrittenError(ValuePersonasError):
    """Something that was asked is only written down, to be asked in a batch."""


class Batch:
    """Request files of the batch protocol, written while a run goes through what it would ask.

    Args:
        folder: where they go, made if need be. Files of an earlier batch there are replaced.
        most_requests: of one file.
        most_bytes: of one file.

    Attributes:
        count: requests written.
        input_tokens: that they read, an upper estimate.
        output_tokens: that they write, at most.
        cost: of these at the price of batches; None where no price table is given.
        settings: of the model that each file is for, by its path, once ``close`` was called.
    """

    def __init__(
        self, folder: Path, most_requests: int = MOST_REQUESTS, most_bytes: int = MOST_BYTES
    ) -> None:
        self.folder = folder
        self.count = self.input_tokens = self.output_tokens = 0
        self.cost: float | None = None
        self.settings: dict[Path, EngineSettings] = {}
        self._most = most_requests, most_bytes
        self._series: dict[str, _Series] = {}
        self._seen: set[bytes] = set()
        self._noted: list[tuple[bytes, str, Request, int]] = []
        self._store: AnswerStore | None = None
        self._failures: dict[bytes, Failure] | None = None
        self._lock = threading.RLock()  # cells of a sweep write side by side

    def model(self, settings: EngineSettings, store: AnswerStore, tell: Tell) -> Model:
        """A model whose every request that is not stored is written down.

        Raises:
            RecipeError: for one that is not served by the protocol.
        """
        if not takes_batches(settings):
            raise RecipeError(
                f"--batch asks servers of the OpenAI protocol (lm = openai/…), not {settings.lm}"
            )
        if not settings.addresses and settings.deployment:
            settings = settings.model_copy(update={"base_url": (_NOWHERE,)})
        if settings.prices:
            settings = settings.model_copy(update={"prices": settings.prices.of_batches()})
        with self._lock:
            if self._failures is None:
                self._store, self._failures = store, failures(store)
        engine = OpenAIHTTP.opened(settings, settings.lm.partition("/")[2])
        return _WritingModel(settings, engine, self, ReadOnly(store), tell)

    def failure(self, key: bytes) -> Failure | None:
        """Why a request is not to be asked again."""
        failure = (self._failures or {}).get(key)
        return failure if failure and failure.is_final else None

    def add(
        self, engine: OpenAIHTTP, settings: EngineSettings, key: bytes, request: Request, sample: int
    ) -> None:
        """Write a request down, once."""
        with self._lock:
            if key in self._seen:
                return
            self._seen.add(key)
            url, body = engine.written(request, sample)
            line = {"custom_id": key.hex(), "method": "POST", "url": url, "body": body}
            self._noted.append((key, engine.identity, request, sample))
            if len(self._noted) >= _NOTED_AT_ONCE:
                self._note()
            self._of(engine.identity, settings).write(orjson.dumps(line) + b"\n")
            self._bill(request, settings)

    def discard(self) -> None:
        """Remove what is written so far."""
        for series in self._series.values():
            series.discard()

    def close(self) -> list[Path]:
        """Finish the files, let go of the store, and return the files in the order of being sent."""
        with self._lock:
            self._note()
            if self._store is not None:  # a job closes its own, which then opens once more to note the rest
                self._store.close()
            self.settings = {path: s.settings for s in self._series.values() for path in s.close()}
            if self.settings:
                _replace_list(self.folder, [path.name for path in self.settings])
            return list(self.settings)

    def _of(self, identity: str, settings: EngineSettings) -> "_Series":
        """The files of one model on one server."""
        key = f"{settings.lm} {identity}"
        if key not in self._series:
            number = f"-{len(self._series) + 1}" if self._series else ""
            slug = "".join(c if c.isalnum() or c in "._-" else "-" for c in settings.lm.rpartition("/")[2])
            self._series[key] = _Series(self.folder, f"{slug}{number}", self._most, settings)
        return self._series[key]

    def _note(self) -> None:
        """Requests are known to the store before a file that holds them is there."""
        if self._noted and self._store is not None:
            note_requests(self._store, self._noted)
            self._noted = []

    def _bill(self, request: Request, settings: EngineSettings) -> None:
        read, written = estimated_tokens(request)
        self.count += 1
        self.input_tokens += read
        self.output_tokens += written
        if settings.prices:
            self.cost = (self.cost or 0.0) + settings.prices.cost(read, written)


class _Series:
    """Files of one model, none larger than may be; each takes its name when it is whole."""

    def __init__(self, folder: Path, name: str, most: tuple[int, int], settings: EngineSettings) -> None:
        self.settings = settings
        self._folder, self._name = folder, name
        self._most_requests, self._most_bytes = most
        self._paths: list[Path] = []
        self._file: Any = None
        self._requests = self._bytes = 0

    def write(self, line: bytes) -> None:
        """Add a line.

        Raises:
            StoreError: when it cannot be written.
        """
        full = self._requests >= self._most_requests or self._bytes + len(line) > self._most_bytes
        try:
            if self._file is None or full:
                self._next()
            self._file.write(line)  # pyright: ignore[reportOptionalMemberAccess]
        except OSError as error:
            raise StoreError(f"{self._folder}: {error.strerror or error}; nothing was asked") from None
        self._requests += 1
        self._bytes += len(line)

    def close(self) -> list[Path]:
        """Give every file its name."""
        if self._file is not None:
            self._file.close()
            self._file = None
        for path in self._paths:
            _partial(path).replace(path)
        return self._paths

    def discard(self) -> None:
        """Remove the files."""
        if self._file is not None:
            self._file.close()
            self._file = None
        for path in self._paths:
            _partial(path).unlink(missing_ok=True)

    def _next(self) -> None:
        if self._file is not None:
            self._file.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._paths.append(self._folder / f"{self._name}-{len(self._paths) + 1:03d}.jsonl")
        self._file = _partial(self._paths[-1]).open("wb")
        self._requests = self._bytes = 0


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial")


def _replace_list(folder: Path, names: Sequence[str]) -> None:
    """Note which files are ours, and remove those of an earlier batch: they are not to be sent again."""
    listed = folder / _LIST
    try:
        earlier = orjson.loads(listed.read_bytes())["files"] if listed.is_file() else []
        for name in earlier:
            if isinstance(name, str) and name not in names and "/" not in name and name.endswith(".jsonl"):
                (folder / name).unlink(missing_ok=True)
        listed.write_bytes(orjson.dumps({"files": list(names)}))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise StoreError(f"{listed}: {error}; remove it and run again") from None


class _WritingModel(Model):
    """A model that is asked later."""

    def __init__(
        self, settings: EngineSettings, engine: OpenAIHTTP, batch: Batch, store: ReadOnly, tell: Tell
    ) -> None:
        writing = _WritingEngine(settings, engine, batch)
        super().__init__(settings.lm, writing, store, settings, tell)
        writing.usage = self.usage

    def require_answers(self) -> None:
        """Raise where something is written down.

        Raises:
            BatchWrittenError: then.
        """
        if n := self.usage.here.postponed:
            raise BatchWrittenError(f"{n:,} requests wait for their answers from a batch")


class _WritingEngine:
    """Writes requests down and says that it did."""

    at_once = 1
    is_free = True

    def __init__(self, settings: EngineSettings, engine: OpenAIHTTP, batch: Batch) -> None:
        self.identity = engine.identity
        self.dialect = engine.dialect
        self.usage: Any = None
        self._settings, self._engine, self._batch = settings, engine, batch
        self._placeholders = Placeholders(engine.identity)

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        """Something that stands in for a reply.

        Raises:
            ReplyFailure: where a batch has come back with an error that would come again.
        """
        key = reply_key(self.identity, request, sample)
        if failure := self._batch.failure(key):
            kind = RefusedError if is_probing() else ReplyFailure
            raise kind(MissingReason.PROVIDER_ERROR, str(failure))
        self._batch.add(self._engine, self._settings, key, request, sample)
        self.usage.count(postponed=1)
        return await self._placeholders.reply(request, sample)

    async def aclose(self) -> None:
        """Nothing to close."""


def takes_batches(settings: EngineSettings) -> bool:
    """Whether a model is asked by the protocol that has batches."""
    return engine_kind(settings.lm) is OpenAIHTTP


_BATCH: ContextVar[Batch | None] = ContextVar("batch", default=None)


def the_batch() -> Batch | None:
    """What is written while this goes on, if anything is."""
    return _BATCH.get()


@contextmanager
def batching(batch: Batch) -> Iterator[None]:
    """Within it, fieldwork writes down what it would ask."""
    token = _BATCH.set(batch)
    try:
        yield
    except BatchWrittenError:
        raise
    except BaseException:
        batch.discard()
        raise
    finally:
        _BATCH.reset(token)
