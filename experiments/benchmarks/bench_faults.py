"""Every fault and every quirk of a server through a whole panel; or a run killed many times over.

    python -m value_personas.experiments.benchmarks.bench_faults                # faults and quirks, minutes
    python -m value_personas.experiments.benchmarks.bench_faults --kills 66     # the kills, ten minutes

Faults meet every call, one of every two, or one of ten; quirks meet every call. Of each is printed how many
answers were asked for, how many came, and how many are missing and why, or the line with which the run stops.
Anything else (an answer that is not accounted for, another error, over two minutes) is a failure, and the
exit code is 1.

A killed run is started again until it ends. The digits of its tables are those of an unbroken run. A kill
costs at most as many calls as ``concurrency`` allows: those in flight, and those whose replies came but were
not durable yet. One more is a failure; how many there were is printed.
"""

import argparse
import asyncio
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from value_personas.experiments.answer_store import AnswerStore
from value_personas.programs import EngineSettings, Panel, Respondent, connect
from value_personas.programs.elicitation import ElicitationSettings, choose_elicitation
from value_personas.programs.engines import FAULTS, QUIRKS, FaultPlan, SyntheticServer
from value_personas.programs.engines.synthetic import SyntheticRespondent
from value_personas.signatures import EngineError, Persona, Question, Scale

_LONGEST_S = 120.0
_CONCURRENCY = 8
_PEOPLE = tuple(Persona("bench", f"You are person {n}.", 1 / 6, "XX") for n in range(6))
_QUESTIONS = tuple(
    Question(
        f"Q{k}", f"How much do you agree with statement {k}?", Scale(labels, tuple(map(float, range(k))))
    )
    for k in (2, 4, 10)
    for labels in [tuple(f"Option {n} of {k}" for n in range(k))]
)


def main() -> None:
    """Run them and print what became of each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=4.0, help="of the server whose caller is killed")
    arguments = parser.parse_args()
    if arguments.kills:
        sys.exit(0 if survives(arguments.kills, arguments.latency_ms / 1000) else 1)
    modes: dict[str, tuple[dict[str, float], tuple[str, ...]]] = {
        f"{fault} {share:.0%}": ({fault: share}, ()) for fault in FAULTS for share in (1.0, 0.5, 0.1)
    }
    modes |= {quirk: ({}, (quirk,)) for quirk in QUIRKS}
    failures = [name for name, (shares, quirks) in modes.items() if not _is_accounted(name, shares, quirks)]
    print(f"{len(modes)} modes, {len(failures)} not accounted for {failures or ''}")
    sys.exit(1 if failures else 0)


def _is_accounted(name: str, shares: dict[str, float], quirks: tuple[str, ...]) -> bool:
    """Whether one mode ends as it must; prints how it does."""
    server = SyntheticServer(SyntheticRespondent(), plan=FaultPlan(shares, slow_s=0.1), quirks=quirks)
    started = time.monotonic()
    with _served(server) as url:
        try:
            said, sound = asyncio.run(asyncio.wait_for(_asked(url), _LONGEST_S))
        except EngineError as error:
            said, sound = f"stops: {error}"[:100], "\n" not in str(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            said, sound = f"FAILS: {type(error).__name__}: {error}"[:200], False
    print(f"{name:28} {time.monotonic() - started:6.1f} s {server.calls:5} calls  {said}", flush=True)
    return sound


async def _asked(url: str) -> tuple[str, bool]:
    settings = EngineSettings(
        lm="openai/m", base_url=url, concurrency=_CONCURRENCY, max_retries=2, timeout_s=1.5, patience_s=1.0
    )
    model = connect(settings)
    try:
        way, _ = await choose_elicitation(model, ElicitationSettings(draws=4), _PEOPLE[0], _QUESTIONS[0])
        result = await Panel(model, Respondent(way), 2 * _CONCURRENCY).ask(_PEOPLE, _QUESTIONS)
    finally:
        await model.aclose()
    missing, asked = result.missing_by_reason(), len(_PEOPLE) * len(_QUESTIONS)
    answered = int((result.missing < 0).sum())
    return f"{way.name}: {asked} = {answered} answered + {missing or 0}", asked == answered + sum(
        missing.values()
    )


@contextmanager
def _served(server: SyntheticServer) -> Iterator[str]:
    """The server on loopback, in a thread of its own."""
    bound: list[int] = []
    ready, stop = threading.Event(), threading.Event()

    def told(port: int) -> None:
        bound.append(port)
        ready.set()

    async def serve() -> None:
        task = asyncio.create_task(server.serve("127.0.0.1", 0, told))
        while not stop.is_set():
            await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait({task})

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield f"http://127.0.0.1:{bound[0]}/v1"
    finally:
        stop.set()
        thread.join(10)


_DRIVER = "import sys; from value_personas import load_recipe, run; run(load_recipe(None, sys.argv[1:]))"
SETTINGS = (
    "survey.respondents=200",
    "profiles.n=40",
    'questions.include=["Q29", "Q49", "Q61", "Q106", "Q171", "Q185"]',
    'personas=["country", "values-hedged"]',
    "scoring.floor_draws=20",
    'descriptors.frozen="reference"',
    "respondent.lm=openai/m",
    "respondent.deployment=here",
    f"respondent.concurrency={_CONCURRENCY}",
)


def survives(kills: int, latency_s: float) -> bool:
    """Whether a run that is killed again and again ends with an unbroken one's digits, and what that cost."""
    server = SyntheticServer(SyntheticRespondent(), latency_s=latency_s)
    with tempfile.TemporaryDirectory() as folder, _served(server) as url:
        unbroken, killed = Path(folder, "unbroken"), Path(folder, "killed")
        start(unbroken, url).wait()
        alone, luck, grew = server.calls, random.Random(7), 0
        for _ in range(kills):
            before = server.calls
            process = start(killed, url)
            # Most often while it asks, a little further each time; sometimes before it comes to that.
            if luck.random() < 0.9:
                _wait_until(lambda: server.calls > before or process.poll() is not None)  # noqa: B023
            time.sleep(luck.uniform(0.0, 1.2 * alone * latency_s / _CONCURRENCY / kills))
            process.kill()
            process.wait()
            grew += server.calls > before
        start(killed, url).wait()
        twice = server.calls - 2 * alone
        same = all(_table(unbroken, name).equals(_table(killed, name)) for name in ("scores", "estimates"))
        with AnswerStore(unbroken / "answers.db") as one, AnswerStore(killed / "answers.db") as other:
            stored = [_replies(store) for store in (one, other)]
    print(
        f"{kills} kills, {grew} of them while it asked {alone} calls {_CONCURRENCY} at once: "
        f"{twice} asked twice, {twice / max(grew, 1):.1f} a kill; digits {'equal' if same else 'DIFFER'}; "
        f"stored {stored[0]} and {stored[1]}"
    )
    return same and twice <= _CONCURRENCY * grew and stored[0] == stored[1]


def start(workspace: Path, url: str) -> "subprocess.Popen[bytes]":
    """A run in a process of its own."""
    where = [f"workspace={workspace}", f"respondent.base_url={url}"]
    return subprocess.Popen([sys.executable, "-c", _DRIVER, *where, *SETTINGS])


def _wait_until(holds: Callable[[], bool]) -> None:
    while not holds():
        time.sleep(0.005)


def _table(workspace: Path, name: str) -> pd.DataFrame:
    (run,) = (workspace / "runs").iterdir()
    return pd.read_parquet(run / f"{name}.parquet")


def _replies(store: AnswerStore) -> int:
    from value_personas.experiments.answer_store.contents import info

    return sum(info(store).replies.values())


if __name__ == "__main__":
    main()
