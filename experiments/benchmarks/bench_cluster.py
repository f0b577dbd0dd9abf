"""What a cluster costs and gains: efficiency, CPU an answer on the client, memory, and what kills cost.

``python -m value_personas.experiments.benchmarks.bench_cluster [--only ROW] [--answers N] [--kills N]``.
Workers are processes here (``local:N``) whose engine sleeps, so that they need no core; the yardstick
of each row is the ideal, or the same engine in this process. Leave the machine to it.
"""

import argparse
import asyncio
import os
import random
import resource
import runpy
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from value_personas.programs import Panel, PanelResult, Respondent
from value_personas.programs.elicitation import FirstTokenLogprobs
from value_personas.programs.engines import EngineSettings, MemoryStore, Model, Reply, connect
from value_personas.signatures import Persona, Question, Scale

_PRELOAD = Path(__file__).with_name("sleeping_engine.py")
_SCALE = Scale(("Very", "Rather", "Hardly", "Never"), (1.0, 2.0, 3.0, 4.0))
_QUESTIONS = [Question(f"Q{n}", f"How often do you do thing number {n}?", _SCALE) for n in range(24)]


class _Forgetful(MemoryStore):
    """Keeps nothing, so that only what the cluster path holds is measured."""

    async def put(self, key: bytes, identity: str, request: object, reply: Reply, sample: int = 0) -> None:
        """Keep nothing."""


def _people(count: int) -> list[Persona]:
    words = "You hold many views on many things, and hold them as others do. " * 8
    return [Persona("none", f"You are person {n}. {words}", 1.0, "XNA") for n in range(count)]


def _model(seconds: float, workers: int, store: MemoryStore | None = None) -> Model:
    place = f"local:{workers}" if workers else None
    settings = EngineSettings(lm="sleeping/m", cluster=place, parameters={"seconds": seconds})
    return connect(settings, store or MemoryStore())


def _ask(model: Model, people: int) -> tuple[PanelResult, float, float]:
    """The answers, seconds of wall and seconds of CPU of this process."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = Panel(model, Respondent(FirstTokenLogprobs())).run(_people(people), _QUESTIONS)
    return result, time.perf_counter() - wall, time.process_time() - cpu


def efficiency() -> None:
    """An engine of 30 ms a request on 1, 2 and 4 workers, against the ideal."""
    for workers in (1, 2, 4):
        people = 50 * workers
        model = _model(0.03, workers)
        _, wall, _ = _ask(model, people)
        ideal = people * len(_QUESTIONS) * 0.03 / workers
        begun = sum(did["personas"] for did in model.figures().values())
        print(
            f"local:{workers}  {wall:7.2f} s, ideal {ideal:6.2f} s: efficiency {ideal / wall:.3f} (aim .9); "
            f"{people} personas, begun {begun:.0f} times"
        )
        asyncio.run(model.aclose())


def overhead() -> None:
    """CPU an answer on the client, beside the same engine in this process."""
    people = 800
    answers = people * len(_QUESTIONS)
    _, _, here = _ask(_model(0.0, 0), people)
    model = _model(0.0, 2)
    _ask(model, 50)  # blocks find their size
    _, _, there = _ask(model, people + 50)
    asyncio.run(model.aclose())
    one, other = (1e6 * cpu / answers for cpu in (here, there))
    print(f"CPU an answer: {other:.0f} µs, in this process {one:.0f}: {other - one:.0f} more (aim 150)")


def memory(answers: int) -> None:
    """Many answers through four workers; what the client takes, and how fast they come."""
    model = _model(0.0, 4, _Forgetful())
    _, wall, _ = _ask(model, answers // len(_QUESTIONS))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    asyncio.run(model.aclose())
    print(f"{answers:,} answers in {wall:.0f} s ({answers / wall:,.0f}/s); {peak} MB here (aim 1,000)")


def kills(count: int) -> None:
    """Workers killed at random while they answer."""
    store, stop = MemoryStore(), threading.Event()
    killed: list[bool] = []
    model, draw = _model(0.02, 2, store), random.Random(0)

    def kill() -> None:
        while len(killed) < count and not stop.wait(draw.uniform(4.0, 9.0)):
            if pids := _workers():
                os.kill(draw.choice(pids), signal.SIGKILL)
                killed.append(True)

    killer = threading.Thread(target=kill)
    killer.start()
    people = 40 * count
    result, wall, _ = _ask(model, people)
    stop.set()
    killer.join()
    asyncio.run(model.aclose())
    alone, _, _ = _ask(_model(0.0, 0), people)
    lost = int((result.missing >= 0).sum())
    twice, same = model.usage.calls - len(store.replies), np.array_equal(result.log_p, alone.log_p)
    print(
        f"{len(killed)} SIGKILLs in {wall:.0f} s: {lost} answers lost, {twice} asked twice, "
        f"digits {'the same' if same else 'DIFFER'}"
    )


def _workers() -> list[int]:
    """Processes that a Dask nanny of this process started."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()[1:]]
    return [int(pid) for pid, parent, args in rows if int(parent) == os.getpid() and "spawn_main" in args]


def main() -> None:
    """Print a line a row as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("efficiency", "overhead", "memory", "kills"))
    parser.add_argument("--answers", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=20)
    asked = parser.parse_args()
    import dask

    runpy.run_path(str(_PRELOAD))
    dask.config.set({"distributed.worker.preload": [str(_PRELOAD)]})  # pyright: ignore
    rows: dict[str, Callable[[], None]] = {
        "efficiency": efficiency,
        "overhead": overhead,
        "memory": lambda: memory(asked.answers),
        "kills": lambda: kills(asked.kills),
    }
    for name, row in rows.items():
        if asked.only in (None, name):
            row()


if __name__ == "__main__":
    main()
