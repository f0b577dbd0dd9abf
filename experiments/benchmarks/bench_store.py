"""One answer store for several processes: eight of them ask the same keys, and one is killed.

``python -m value_personas.experiments.benchmarks.bench_store [--keys N] [--postgres URL]``. SQLite
always; PostgreSQL beside it where a database is named, which must be empty. Each process looks every
key up, claims what is absent, and puts a reply; how often each key was asked is counted by a line a process.
"""

import argparse
import asyncio
import multiprocessing
import os
import signal
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from dspy.lm15 import Request

from value_personas.experiments.answer_store import AnswerStore
from value_personas.programs.engines import EngineSettings, Model, Reply, connect, keys_of_texts, reply_key

_PROCESSES = 8
_SIDE_BY_SIDE = 64
_A_LOOK_UP = 100


def _work(location: str, keys: int, number: int, folder: str) -> None:
    """Ask every key that nobody has asked; note which, and how long look-ups took."""
    settings = EngineSettings(lm="openai/m", base_url="http://127.0.0.1:9/v1")
    seconds: list[float] = []
    of_one: list[float] = []
    with AnswerStore(location) as store, (Path(folder) / f"asked-{number}").open("w") as asked:
        model = connect(settings)
        key_of = keys_of_texts(model.identity, partial(_request, model))  # as a panel tells them
        order = np.random.default_rng(number).permutation(keys // _A_LOOK_UP)

        async def one(n: int, key: bytes) -> None:
            if await store.claim(key) is None:
                asked.write(f"{n}\n")
                asked.flush()
                request = _request(model, f"Question {n}?")
                await store.put(key, model.identity, request, Reply("A", (("A", -0.5),), "stop", 40, 1, 0.1))

        async def everything() -> None:
            places = asyncio.Semaphore(_SIDE_BY_SIDE)

            async def held(n: int, key: bytes) -> None:
                async with places:
                    await one(n, key)

            for block in order:
                numbers = range(block * _A_LOOK_UP, (block + 1) * _A_LOOK_UP)
                wanted = [key_of(f"Question {n}?") for n in numbers]
                started = time.perf_counter()
                found = store.get_many(wanted)
                seconds.append(time.perf_counter() - started)
                absent = [(n, key) for n, key in zip(numbers, wanted, strict=True) if key not in found]
                await asyncio.gather(*(held(n, key) for n, key in absent))
                started = time.perf_counter()
                (_,) = store.get_many(wanted[:1])
                of_one.append(time.perf_counter() - started)

        asyncio.run(everything())
    np.save(Path(folder) / f"seconds-{number}.npy", np.array([seconds, of_one]))


def _request(model: Model, text: str) -> Request:
    return model.request("You answer.", text, max_tokens=1)


def measured(name: str, location: str, keys: int) -> str:
    """A line for one database."""
    with tempfile.TemporaryDirectory() as folder:
        AnswerStore(location).close()
        spawn = multiprocessing.get_context("spawn")
        jobs = [spawn.Process(target=_work, args=(location, keys, n, folder)) for n in range(_PROCESSES)]
        started = time.perf_counter()
        for job in jobs:
            job.start()
        time.sleep(6.0)
        victim = jobs[0].pid
        if victim and jobs[0].is_alive():
            os.kill(victim, signal.SIGKILL)  # its leases are to be taken over
        for job in jobs:
            job.join()
        wall = time.perf_counter() - started
        failed = sum(job.exitcode not in (0, -signal.SIGKILL) for job in jobs)
        by = [path.read_text().splitlines() for path in sorted(Path(folder).glob("asked-*"))]
        asked = [n for lines in by for n in lines]
        twice = len(asked) - len(set(asked))
        looks = np.hstack([np.load(path) for path in Path(folder).glob("seconds-*.npy")])
        with AnswerStore(location) as store:
            stored, alone = _count(store), _alone(store, keys)
    many, one = (1000 * np.quantile(times, (0.5, 0.95)) for times in looks)
    return (
        f"{name:10} {_PROCESSES} processes, {keys:,} keys in {wall:.0f} s: {stored:,} stored, {twice} asked "
        f"twice (at most those in flight at the kill), {failed} failed; meanwhile a look-up of one "
        f"stored key {one[0]:.1f} ms, p95 {one[1]:.1f} ms (aim 10), of {_A_LOOK_UP} {many[0]:.1f} and "
        f"{many[1]:.1f}; of one, with nobody else there, p95 {alone:.2f}"
    )


def _alone(store: AnswerStore, keys: int) -> float:
    """The 95th percentile of a look-up of one stored key, in ms, with nobody else there."""
    model = connect(EngineSettings(lm="openai/m", base_url="http://127.0.0.1:9/v1"))
    seconds = []
    for n in np.random.default_rng(0).integers(0, keys, 2000):
        key = reply_key(model.identity, _request(model, f"Question {n}?"))
        started = time.perf_counter()
        found = store.get_many([key])
        seconds.append(time.perf_counter() - started)
        if key not in found:
            raise AssertionError("a key that was stored is not there")
    return 1000 * float(np.quantile(seconds, 0.95))


def _count(store: AnswerStore) -> int:
    from value_personas.experiments.answer_store.contents import info

    return sum(info(store).replies.values())


def main() -> None:
    """Print a line a database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--postgres", help="a database URL, postgresql:///name?host=/socket for one here")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(measured("SQLite", str(Path(folder) / "answers.db"), asked.keys), flush=True)
    if asked.postgres:
        print(measured("PostgreSQL", asked.postgres, asked.keys), flush=True)


if __name__ == "__main__":
    main()
