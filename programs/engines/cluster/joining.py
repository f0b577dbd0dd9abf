"""Joining a cluster: its scheduler reached or started, its workers met and found alike."""

import asyncio
import atexit
import logging
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from distributed import Client
from distributed.security import Security

from value_personas.programs.engines.cluster.processes import Processes
from value_personas.programs.engines.cluster.worker import describe, presence, versions
from value_personas.programs.engines.faults import one_line
from value_personas.programs.engines.settings import EngineSettings
from value_personas.programs.engines.waiting import Tell
from value_personas.signatures import EngineError, RecipeError

_CONNECT_S = 10.0
_FIRST_LOOK_S = 0.2
_OWN_S = 30.0
_SILENT_S = 60.0
"""After which a worker that says nothing is as good as gone, until it says something: it hangs, or
its machine is away. Every second or so they say that they are there, whatever they work on."""
_SHOWN = 5
"""Workers that a message names at most."""


class Joined:
    """A client of a cluster whose workers are fit to ask.

    Args:
        settings: of the engine; ``cluster`` says where.
        tell: shows one line to whoever watches.

    Attributes:
        settings: of the engine on a worker, as JSON, without a key: a worker reads its own environment.
        address: the scheduler's.
        client: Dask's.
        patience_s: how long there may be no worker.
        identity: of the engine, the same on all workers.
        at_once: likewise.
        workers: who was there at the start.

    Raises:
        EngineError: when no scheduler answers or no worker comes.
        RecipeError: when workers differ, or cannot open the engine.
    """

    def __init__(self, settings: EngineSettings, tell: Tell) -> None:
        own = {name: getattr(settings, name) for name in EngineSettings.model_fields if name != "cluster"}
        self.settings = EngineSettings.model_validate(own).model_dump_json()  # without the ways of asking
        self.patience_s = settings.patience_s
        self._tell = tell
        self._unfit: set[str] = set()
        self._known: set[str] = set()
        self._idle: Collection[str] = ()
        self._meeting: threading.Thread | None = None
        place = str(settings.cluster)
        _check_encryption(place)
        self._own = _started(place, tell) if place.startswith("local:") else None
        self.address = self._own.address if self._own else place
        for noisy in ("distributed", "distributed.client"):
            logging.getLogger(noisy).setLevel(logging.CRITICAL)
        try:
            self.client = Client(self.address, timeout=_CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError):
            raise EngineError(
                f"{self.address}: no Dask scheduler answers there; start one with `dask scheduler`, workers "
                "with `dask worker ADDRESS`"
            ) from None
        except ValueError as error:
            raise RecipeError(f"respondent.cluster = {place!r}: {error}") from None
        try:
            self.workers, self.identity, self.at_once = self._agreed()
        except BaseException:
            self.client.close()
            raise
        self._known = set(self.workers)

    def look(self) -> list[str] | None:
        """Who is there and fit; None where the scheduler is not.

        Raises:
            EngineError: when processes of our own cannot be kept up.
        """
        if self.client.status in ("closed", "closing"):
            return None
        self._require_own()
        try:
            there = self._there()
        except Exception:  # noqa: BLE001 - Dask raises what it likes while it reconnects
            return None if self.client.status != "running" else []
        new = [name for name in there if name not in self._known]
        if new and not (self._meeting and self._meeting.is_alive()):  # others are asked on meanwhile
            self._meeting = threading.Thread(target=self._meet, args=(new,), name="new workers", daemon=True)
            self._meeting.start()
        return [name for name in there if name in self._known and name not in self._unfit]

    def _meet(self, new: Sequence[str]) -> None:
        try:
            told = self._told(new)
        except Exception:  # noqa: BLE001 - as above; they are met again
            return
        for name, problem in self._problems(told).items():
            self._unfit.add(name)
            self._tell(f"worker {name} is not asked: {problem}")
        self._known.update(told)

    def close(self) -> None:
        """Leave; closing twice is allowed."""
        self.client.close(timeout=5)

    def _there(self) -> list[str]:
        """Workers that say that they are there, and may work."""
        return self._heard(self.client.run_on_scheduler(presence))  # pyright: ignore

    def _heard(self, present: Mapping[str, tuple[float, bool]]) -> list[str]:
        idle = {
            name: "is paused by Dask for want of memory (--memory-limit 0 would let it go on)"
            if is_paused
            else f"has said nothing for {_SILENT_S:g} s"
            for name, (seconds, is_paused) in present.items()
            if is_paused or seconds > _SILENT_S
        }
        for name in idle.keys() - set(self._idle):
            self._tell(f"worker {name} {idle[name]}: others are asked in its place")
        self._idle = idle.keys()
        return [name for name in present if name not in idle]

    def _wait_for_workers(self) -> None:
        """Until there is one; processes of our own are waited for until all are there, or some for long."""
        begun, told = time.monotonic(), False
        while True:
            self._require_own()
            count, waited = len(self._there()), time.monotonic() - begun
            wanted = self._own.count if self._own and waited < min(_OWN_S, self.patience_s) else 1
            if count >= wanted:
                return
            if waited > self.patience_s:
                raise EngineError(
                    f"{self.address}: no worker came within {self.patience_s:g} s (patience_s); start some "
                    f"with `dask worker {self.address}`"
                )
            if not (told or self._own):
                self._tell(f"{self.address}: waiting for workers, {self.patience_s:g} s at most (patience_s)")
                told = True
            time.sleep(_FIRST_LOOK_S)

    def _require_own(self) -> None:
        if self._own and self._own.problem:
            raise EngineError(self._own.problem)

    def _require_scheduler(self) -> None:
        """Blocks pass through its hands: it must know what they call."""
        try:
            self.client.run_on_scheduler(versions)  # pyright: ignore
        except Exception as error:  # noqa: BLE001 - whatever it lacks
            raise RecipeError(
                f"{self.address}: its scheduler has no value-personas, or another version "
                f"({type(error).__name__}: {one_line(error)}); start it where its workers' packages are"
            ) from None

    def _told(self, workers: Sequence[str]) -> dict[str, Any]:
        """What workers say of themselves; without those that died or fell silent before they could."""
        return self.client.sync(self._told_by, workers)  # type: ignore[no-any-return]  # pyright: ignore

    async def _told_by(self, workers: Sequence[str]) -> dict[str, Any]:
        client: Any = self.client
        asked = {
            name: asyncio.ensure_future(
                client._run(describe, self.settings, workers=[name], on_error="return")
            )
            for name in workers
        }
        while True:
            await asyncio.wait(asked.values(), timeout=_FIRST_LOOK_S)
            there = set(self._heard(await client._run_on_scheduler(presence)))
            gone = [one for name, one in asked.items() if name not in there]
            if all(one.done() for name, one in asked.items() if name in there):
                break
        for one in gone:
            one.cancel()
        return {name: found[name] for name, one in asked.items() if name in there and (found := one.result())}

    def _agreed(self) -> tuple[list[str], str, int]:
        """Workers, and the engine's identity, on which they agree."""
        self._require_scheduler()
        self._wait_for_workers()
        if not (told := self._told(self._there())):
            return self._agreed()
        if problems := self._problems(told):
            listed = [f"{name}: {problem}" for name, problem in problems.items()]
            more = f"; and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
            raise RecipeError(f"{self.address}: not all workers are fit: {'; '.join(listed[:_SHOWN])}{more}")
        first = next(iter(told.values()))
        return list(told), str(first["identity"]), int(first["at_once"])

    def _problems(self, told: dict[str, Any]) -> dict[str, str]:
        """Why a worker cannot be asked, by its address."""
        here, identity = versions(), getattr(self, "identity", None)
        problems = {}
        for name, said in told.items():
            if not isinstance(said, dict):
                what = f"{type(said).__name__}: {said}"
                problems[name] = f"value-personas of another version, or none ({what})"[:200]
            elif differs := [f"{p} {v}, here {here[p]}" for p, v in said["versions"].items() if v != here[p]]:
                problems[name] = ", ".join(differs)
            elif said["problem"]:
                problems[name] = said["problem"]
            else:
                identity = identity or said["identity"]
                if said["identity"] != identity:
                    problems[name] = f"its model is {said['identity']}, others' {identity}"
        return problems


def _check_encryption(place: str) -> None:
    """Find out what Dask would end with a traceback for."""
    try:
        here = Security().get_connection_args("client")
    except (OSError, ValueError) as error:
        raise RecipeError(f"the certificates that Dask is told of: {one_line(error)}") from None
    is_required = bool(here.get("require_encryption"))
    if here.get("ssl_context") is None and (is_required or place.startswith("tls:")):
        raise RecipeError(
            f"respondent.cluster = {place!r}: encryption needs certificates; name them in "
            "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, …__TLS__CLIENT__CERT and …__TLS__CLIENT__KEY"
        )
    if is_required and not place.startswith(("tls:", "local:")):
        raise RecipeError(
            f"respondent.cluster = {place!r}: encryption is required here; name a tls:// address"
        )


_local: dict[str, Processes] = {}
_starting = threading.Lock()


def _started(place: str, tell: Tell) -> Processes:
    """So many processes here, one thread each; those who ask for as many share them."""
    number = place.removeprefix("local:")
    if not number.isdecimal() or not 1 <= int(number) <= 1024:
        raise RecipeError(f"respondent.cluster = {place!r}: local:N is N processes here, from 1 to 1024")
    with _starting:
        if place not in _local:
            tell(f"starting {number} {'process' if number == '1' else 'processes'} here")
            _local[place] = Processes(int(number))
            atexit.register(_local[place].close)
        return _local[place]
