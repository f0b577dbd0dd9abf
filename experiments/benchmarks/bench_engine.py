"""What asking costs beyond the model's own time, against a bare aiohttp loop in the same run.

    python -m value_personas.experiments.benchmarks.bench_engine --calls 20000
    python -m value_personas.experiments.benchmarks.bench_engine --concurrency 256 --latency-ms 50

A server on loopback, in a process of its own, gives every request the same reply with 20 alternatives.
(a) is the panel with its store, parsing and a progress callback; (b) posts the same bytes and parses the
JSON; (c) is ``dspy.Predict`` over DSPy's default engine. ``warm`` is the panel again on a full store, and
``no store`` the panel with replies kept in memory. They take turns, and the median of the rounds counts.
CPU is this process's own.
"""

import argparse
import asyncio
import gc
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

import aiohttp
import dspy
import orjson
from dspy.lm15 import Request
from dspy.utils.exceptions import AdapterParseError

from value_personas.experiments.answer_store import AnswerStore
from value_personas.programs import EngineSettings, FirstTokenLogprobs, Panel, Respondent, connect
from value_personas.programs.engines import Model, OpenAIWire, Reply
from value_personas.signatures import Persona, Question, Scale

_ALTERNATIVES: list[dict[str, Any]] = [
    {"token": chr(65 + n), "logprob": -0.5 - n, "bytes": [65 + n]} for n in range(20)
]
_BODY = orjson.dumps(
    {
        "id": "x",
        "object": "chat.completion",
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "A"},
                "finish_reason": "stop",
                "logprobs": {"content": [_ALTERNATIVES[0] | {"top_logprobs": _ALTERNATIVES}]},
            }
        ],
        "usage": {"prompt_tokens": 300, "completion_tokens": 1, "total_tokens": 301},
    }
)
_QUESTIONS = 20


@dataclass(frozen=True, slots=True)
class Cost:
    """One round of one contestant.

    Attributes:
        wall_s: seconds a call.
        cpu_s: seconds of this process's CPU a call.
    """

    wall_s: float
    cpu_s: float


def main() -> None:
    """Run the contest and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dspy-calls", type=int, default=1000)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(_serve(arguments.latency_ms / 1000))
        return
    with _server(arguments.latency_ms) as url:
        _contest(url, arguments)


def _contest(url: str, arguments: argparse.Namespace) -> None:
    gc.freeze()  # for all contestants alike, as the panel does for itself while it asks
    personas, questions = _population(arguments.calls // _QUESTIONS)
    calls, concurrency = len(personas) * len(questions), arguments.concurrency
    some = personas[: arguments.dspy_calls // _QUESTIONS]
    bodies = _bodies(url, personas, questions)
    costs: dict[str, list[Cost]] = {name: [] for name in ("bare", "panel", "warm", "no store", "Predict")}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.rounds):
            costs["bare"].append(_timed(partial(_bare, url, bodies, concurrency), calls))
            with AnswerStore(Path(folder) / f"{number}.db") as store:
                panel = _panel(url, concurrency, store)
                for name in ("panel", "warm"):
                    costs[name].append(_timed(partial(_ask, panel, personas, questions), calls))
            panel = _panel(url, concurrency, None)
            costs["no store"].append(_timed(partial(_ask, panel, personas, questions), calls))
            if some:
                run = partial(_predict, url, some, questions, concurrency)
                costs["Predict"].append(_timed(run, len(some) * _QUESTIONS))
    _report(costs, calls, arguments)


def _panel(url: str, concurrency: int, store: AnswerStore | None) -> Panel:
    """Twice as many workers as calls in flight: half of them wait for the store while others ask."""
    settings = EngineSettings(lm="openai/m", base_url=url, concurrency=concurrency)
    return Panel(connect(settings, store), Respondent(FirstTokenLogprobs()), 2 * concurrency)


def _report(costs: dict[str, list[Cost]], calls: int, arguments: argparse.Namespace) -> None:
    cpu = {name: statistics.median(c.cpu_s for c in rounds) for name, rounds in costs.items() if rounds}
    wall = {name: statistics.median(c.wall_s for c in rounds) for name, rounds in costs.items() if rounds}
    ideal = arguments.latency_ms / 1000 / arguments.concurrency
    print(f"{calls} calls, concurrency {arguments.concurrency}, latency {arguments.latency_ms:g} ms")
    for name in cpu:
        beside_ideal = f"  wall {wall[name] / ideal:5.2f} × ideal" if ideal and name != "warm" else ""
        print(
            f"{name:10} {1 / wall[name]:8.0f} a second  CPU {1e6 * cpu[name]:6.0f} µs each"
            f"  {cpu[name] / cpu['bare']:6.2f} × bare{beside_ideal}"
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _timed(run: Callable[[], Awaitable[None]], calls: int) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    asyncio.run(_of(run))
    return Cost((time.perf_counter() - wall) / calls, (time.process_time() - cpu) / calls)


async def _of(run: Callable[[], Awaitable[None]]) -> None:
    await run()


async def _ask(panel: Panel, personas: list[Persona], questions: list[Question]) -> None:
    settled = 0

    def count(n: int) -> None:
        nonlocal settled
        settled += n

    result = await panel.ask(personas, questions, count)
    assert settled == result.missing.size
    assert not result.missing_by_reason()


async def _bare(url: str, bodies: list[bytes], concurrency: int) -> None:
    headers, left = {"Content-Type": "application/json"}, iter(bodies)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers) as session:

        async def worker() -> None:
            for body in left:
                async with session.post(f"{url}/chat/completions", data=body) as response:
                    assert orjson.loads(await response.read())["choices"][0]["message"]["content"] == "A"

        await asyncio.gather(*(worker() for _ in range(concurrency)))


async def _predict(url: str, personas: list[Persona], questions: list[Question], concurrency: int) -> None:
    lm = dspy.LM("openai/m", api_base=url, api_key="x", cache=False, num_retries=0, max_tokens=1)
    predict = dspy.Predict("persona, question, options -> answer")
    forms = iter([(persona, question) for persona in personas for question in questions])

    async def worker() -> None:
        for persona, question in forms:
            # The reply "A" lacks ChatAdapter's markers; what it cost is what counts here.
            with suppress(AdapterParseError):
                await predict.acall(
                    persona=persona.text, question=question.text, options=", ".join(question.scale.labels)
                )

    adapter = dspy.ChatAdapter(use_json_adapter_fallback=False)
    with dspy.context(lm=lm, adapter=adapter, disable_history=True, trace=None):
        await asyncio.gather(*(worker() for _ in range(concurrency)))


class _Recorder:
    """Takes down what the panel would post."""

    identity = "recorder"

    def __init__(self, url: str) -> None:
        self._wire = OpenAIWire("m", chat=True)
        self.bodies: list[bytes] = []

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        self.bodies.append(orjson.dumps(self._wire.payload(request)))
        return Reply("A", tuple((a["token"], a["logprob"]) for a in _ALTERNATIVES), "stop", 300, 1)

    async def aclose(self) -> None:
        """Nothing to close."""


def _bodies(url: str, personas: list[Persona], questions: list[Question]) -> list[bytes]:
    """The bytes that the panel posts."""
    recorder = _Recorder(url)
    panel = Panel(Model("openai/m", recorder), Respondent(FirstTokenLogprobs()), 1)
    asyncio.run(_ask(panel, personas, questions))
    return recorder.bodies


def _population(n: int) -> tuple[list[Persona], list[Question]]:
    """Personas of about 200 words and questions of ten options."""
    words = "I feel quite sure about some things and less sure about others, as people here often do. " * 12
    scale = Scale(tuple(f"Option number {k}" for k in range(1, 11)), tuple(float(k) for k in range(1, 11)))
    personas = [Persona("bench", f"Person {i}. {words}", 1 / n, "XX") for i in range(n)]
    questions = [
        Question(f"Q{j}", f"How much do you agree with statement {j}?", scale) for j in range(_QUESTIONS)
    ]
    return personas, questions


@contextmanager
def _server(latency_ms: float) -> Iterator[str]:
    command = [sys.executable, "-m", __spec__.name, "--serve", "--latency-ms", str(latency_ms)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.terminate()
        process.wait()


async def _serve(latency_s: float) -> None:
    """As little HTTP as a client needs, so that the server is not what is measured."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(_BODY)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
                length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
                await reader.readexactly(length)
                if latency_s:
                    await asyncio.sleep(latency_s)
                writer.write(head + _BODY)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    main()
