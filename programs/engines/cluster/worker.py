"""What runs on a worker: blocks of requests, asked of an engine that the worker keeps between them.

A worker reads keys from its own environment; none travels in a task. What goes back is plain values.
"""

import asyncio
import builtins
import pickle
import platform
import threading
import time
from collections.abc import Sequence
from dataclasses import astuple
from importlib.metadata import version
from typing import Any, cast

from dspy import lm15
from dspy.lm15 import LM15Error, Request

from value_personas.programs.engines import faults
from value_personas.programs.engines.base import ManyReplier, Replier, as_replier
from value_personas.programs.engines.faults import AdaptedError, one_line
from value_personas.programs.engines.kinds import engine_kind
from value_personas.programs.engines.replies import Reply, ReplyFailure
from value_personas.programs.engines.settings import EngineSettings
from value_personas.programs.engines.threads import run_in_background
from value_personas.programs.engines.vetting import Secrets, Vetted
from value_personas.signatures import MissingReason, ValuePersonasError

Asked = tuple[Request, int, int]
"""A request, which draw of it, and how many answers are wanted."""

_PACKAGES = ("dspy", "value-personas")

_engines: dict[str, Vetted] = {}
_opening = threading.Lock()


def versions() -> dict[str, str]:
    """What must be alike on all machines for answers to be."""
    return {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}


def presence(dask_scheduler: Any) -> dict[str, tuple[float, bool]]:
    """For how many seconds each worker has said nothing, and whether Dask has it pause.

    It is asked of a scheduler, which passes itself.
    """
    from distributed.metrics import time as now

    workers = dask_scheduler.workers.items()
    return {name: (now() - one.last_seen, one.status.name == "paused") for name, one in workers}


async def describe(settings: str) -> dict[str, Any]:
    """Versions, and the engine of the settings, which is opened; why not, where it cannot be.

    A model may take minutes to be loaded; meanwhile the worker goes on to say that it is there.

    Args:
        settings: ``EngineSettings`` as JSON.
    """
    return await asyncio.to_thread(_described, settings)


def _described(settings: str) -> dict[str, Any]:
    told: dict[str, Any] = {"versions": versions(), "problem": None, "identity": None, "at_once": 1}
    try:
        engine = _opened(settings)
    except (ValuePersonasError, OSError, ImportError) as error:
        return told | {"problem": one_line(error)}
    return told | {"identity": engine.identity, "at_once": engine.at_once}


def packed_block(block: Sequence[Asked]) -> bytes:
    """A block as it travels; what requests share is in it once."""
    return pickle.dumps(list(block), protocol=5)


def ask_block(settings: str, identity: str, expected: dict[str, str], block: bytes) -> dict[str, Any]:
    """Ask a block of requests.

    Args:
        settings: as of ``describe``.
        identity: of the engine that is meant.
        expected: the versions that are.
        block: as packed.

    Returns:
        ``outcomes``, one a request: a list of replies, or why there is none. ``refused`` in place of them
        where this worker is not fit to ask. ``worker`` and ``seconds`` in any case.
    """
    from distributed import get_worker

    started = time.perf_counter()
    told: dict[str, Any] = {"worker": get_worker().address, "outcomes": None, "refused": None}
    here = _described(settings)
    if here["problem"] or here["identity"] != identity or here["versions"] != expected:
        differs = f"it has {here['versions']}, {here['identity']}"
        return told | {"refused": here["problem"] or differs, "seconds": 0.0}
    parsed = EngineSettings.model_validate_json(settings)
    # The block was packed by the client, whom the scheduler trusts with whole functions.
    asked: list[Asked] = pickle.loads(block)
    told["outcomes"] = run_in_background(
        _ask_all(_engines[settings], asked, parsed.concurrency, parsed.timeout_s)
    )
    return told | {"seconds": time.perf_counter() - started}


def _opened(settings: str) -> Vetted:
    with _opening:
        if settings not in _engines:
            parsed = EngineSettings.model_validate_json(settings)
            engine = as_replier(engine_kind(parsed.lm).opened(parsed, parsed.lm.partition("/")[2]))
            keys = [getattr(engine, "key", None) or "", parsed.key() or ""]
            _engines[settings] = Vetted(engine, Secrets.of_environment(more=keys))
        return _engines[settings]


async def _ask_all(engine: Replier, asked: Sequence[Asked], concurrency: int, timeout_s: float) -> list[Any]:
    outcomes: list[Any] = [None] * len(asked)
    places = iter(range(len(asked)))

    async def work() -> None:
        for place in places:
            outcomes[place] = await _asked(engine, asked[place], timeout_s)

    await asyncio.gather(*(work() for _ in range(min(concurrency, len(asked)))))
    return outcomes


async def _asked(engine: Replier, asked: Asked, timeout_s: float) -> Any:
    """Replies as plain values, or what was raised."""
    request, sample, count = asked
    try:
        async with asyncio.timeout(timeout_s):
            if count > 1:
                replies = await cast("ManyReplier", engine).replies(request, count)
            else:
                replies = [await engine.reply(request, sample)]
    except Exception as error:  # noqa: BLE001 - told to whoever asked, who knows what it means
        told: dict[str, Any] = {"kind": type(error).__name__, "said": one_line(error)}
        more = {name: getattr(error, name, None) for name in ("status", "retry_after", "learnt")}
        return told | more
    return [astuple(reply) for reply in replies]


_KINDS: dict[str, Any] = {
    name: kind
    for module in (lm15, faults)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, LM15Error)
}


def outcome_of(told: Any) -> list[Reply] | Exception:
    """What a worker told of one request, as its engine gave it."""
    if isinstance(told, list):
        return [Reply(text, _pairs(first), *rest) for text, first, *rest in told]
    kind, said = told["kind"], str(told["said"])
    if kind == "AdaptedError":
        return AdaptedError(said, told["learnt"])
    if kind in _KINDS:
        error: Exception = _KINDS[kind](said, status=told["status"], retry_after=told["retry_after"])
        return error
    if kind == "TimeoutError":
        return builtins.TimeoutError(said)
    return ReplyFailure(MissingReason.PROVIDER_ERROR, f"{kind}: {said}"[:300])


def _pairs(first: Any) -> tuple[tuple[str, float], ...] | None:
    return None if first is None else tuple((token, value) for token, value in first)
