"""What one answer costs the client beside neighbouring tools, on the same workload and the same mock server.

    python -m value_personas.experiments.benchmarks.bench_peers --drivers FOLDER --edsl PYTHON --qstn PYTHON

FOLDER holds ``mock_openai.py``, ``common.py`` (the workload and the measurement) and one ``bench_PEER.py``
for each peer; PYTHON is the interpreter of the virtual environment in which that peer is installed
(``edsl[inference]==1.0.9``; ``qstn==0.5.4``, which needs Python ≥ 3.12). A peer without one is left out.

Every contestant is a process of its own that asks each persona each question once and reads an option out of
the reply. They take turns, and the median of the rounds counts. Ours keeps every reply durably in a store on
disk; the peers run with their own caches fresh. CPU is the client's, without imports.
"""

import argparse
import asyncio
import importlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

_OURS = "value-personas"


def main() -> None:
    """Run the contest and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--drivers", type=Path, required=True)
    parser.add_argument("--edsl", help="an interpreter with EDSL")
    parser.add_argument("--qstn", help="an interpreter with QSTN")
    parser.add_argument("--personas", type=int, default=50)
    parser.add_argument("--questions", type=int, default=20)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ours", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.ours:
        _ask(arguments)
        return
    with _server(arguments) as port:
        _contest(arguments, port)


def _contest(arguments: argparse.Namespace, port: int) -> None:
    rounds: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _ in range(arguments.rounds):
        for name, command in _commands(arguments).items():
            rounds[name].append(_run(command, arguments.drivers, port))
    calls = arguments.personas * arguments.questions
    print(f"{calls} calls, concurrency {arguments.concurrency}, latency {arguments.latency_ms:g} ms")
    ours = statistics.median(result["cpu_s"] for result in rounds[_OURS])
    for name, results in rounds.items():
        cpu, wall = (statistics.median(result[part] for result in results) for part in ("cpu_s", "wall_s"))
        memory = statistics.median(result["peak_rss_mb"] for result in results)
        print(
            f"{name:15} CPU {1e6 * cpu / calls:7.0f} µs a call {cpu / ours:6.2f} × ours"
            f"  {calls / wall:6.0f} calls a second  peak {memory:4.0f} MB"
            f"  requests sent {results[-1]['server_calls']}"
        )


def _commands(arguments: argparse.Namespace) -> dict[str, list[str]]:
    """One command a contestant; drivers take personas, questions and a concurrency."""
    size = [str(arguments.personas), str(arguments.questions), "--conc", str(arguments.concurrency)]
    own = [f"--{name}={getattr(arguments, name)}" for name in ("personas", "questions", "concurrency")]
    place = str(arguments.drivers.resolve())
    commands = {_OURS: [sys.executable, "-m", __spec__.name, "--ours", "--drivers", place, *own]}
    for name, options in (("edsl", []), ("qstn", ["--no-progress"])):
        interpreter = getattr(arguments, name)
        if interpreter:
            commands[name] = [interpreter, f"{place}/bench_{name}.py", *size, *options]
    return commands


def _run(command: list[str], drivers: Path, port: int) -> dict[str, Any]:
    environment = os.environ | {"MOCK_PORT": str(port), "PYTHONPATH": f"{Path.cwd()}:{drivers.resolve()}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        sys.exit(f"{' '.join(command)} gave no result:\n{done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(lines[-1].removeprefix("RESULT "))
    return result


@contextmanager
def _server(arguments: argparse.Namespace) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    script = str(arguments.drivers / "mock_openai.py")
    process = subprocess.Popen(
        [sys.executable, script, "--port", str(port), "--latency-ms", str(arguments.latency_ms)],
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/stats")
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str) -> None:
    for _ in range(100):
        try:
            urlopen(url, timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("the mock server does not answer")


def _ask(arguments: argparse.Namespace) -> None:
    """Ours: the panel with its store, measured as the peers' drivers measure themselves."""
    from value_personas.experiments.answer_store import AnswerStore
    from value_personas.programs import EngineSettings, Panel, Respondent, SampledAnswers, connect
    from value_personas.signatures import Persona, Question, Scale

    common = importlib.import_module("common")  # from the drivers' folder, which is on the path
    n, concurrency = arguments.personas, arguments.concurrency
    common.post("/reset")
    with tempfile.TemporaryDirectory() as folder, common.Measure(_OURS) as measure:
        scale = Scale(tuple(common.OPTIONS), (1.0, 2.0, 3.0, 4.0))
        people = [Persona("bench", text, 1 / n, "XX") for text in common.personas(n)]
        questions = [Question(code, text, scale) for code, text in common.questions(arguments.questions)]
        settings = EngineSettings(lm="openai/mock", base_url=common.BASE, concurrency=concurrency)
        with AnswerStore(Path(folder) / "answers.db") as store:
            panel = Panel(connect(settings, store), Respondent(SampledAnswers(draws=1)), 2 * concurrency)
            result = asyncio.run(panel.ask(people, questions))
        measure.extra = {"answered": int((result.missing < 0).sum())}
        assert not result.missing_by_reason()


if __name__ == "__main__":
    main()
