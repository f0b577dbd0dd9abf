"""Tokens a second of a model in this process, its personas' prefixes computed once, and without that.

    python -m value_personas.experiments.benchmarks.bench_local
    python -m value_personas.experiments.benchmarks.bench_local --model FOLDER --personas 20

Both read the same prompts, as the panel sends them: personas of about 200 words, 20 questions of ten options.
They take turns, and the median of the rounds counts. Without a folder the model has random weights: how
fast it reads does not hang on what they are.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from dspy.lm15 import Request

from value_personas.experiments.benchmarks.random_model import CHAT_TEMPLATE, make_random_model
from value_personas.programs import FirstTokenLogprobs, PromptTemplate
from value_personas.programs.engines import Reply
from value_personas.programs.engines.local import LocalEngine

_WORDS = "I feel quite sure about some things and less sure about others, as people here often do. " * 12
_OPTIONS = "\n".join(f"{chr(64 + k)}. Option number {k}" for k in range(1, 11))


def main() -> None:
    """Run the contest and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="a model folder; random weights if absent")
    parser.add_argument("--personas", type=int, default=8)
    parser.add_argument("--questions", type=int, default=20)
    parser.add_argument("--batch", type=int, default=20, help="calls in flight")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--layers", type=int, default=8, help="of the random model")
    parser.add_argument("--width", type=int, default=512, help="of the random model")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = arguments.model or make_random_model(
            Path(made),
            chat_template=CHAT_TEMPLATE,
            corpus=[f"{request.system}\n{request.messages[0].text}" for request in _requests(2, 2)],
            num_hidden_layers=arguments.layers,
            hidden_size=arguments.width,
            intermediate_size=4 * arguments.width,
        )
        _contest(folder, arguments)


def _contest(folder: Path, arguments: argparse.Namespace) -> None:
    requests = _requests(arguments.personas, arguments.questions)
    seconds: dict[str, list[float]] = {"shared": [], "whole": []}
    tokens: dict[str, int] = {}
    first: dict[str, list[Reply]] = {}
    for _ in range(arguments.rounds):
        for name, taken in seconds.items():
            engine = LocalEngine(str(folder), share_prefix=name == "shared")  # nothing kept from before
            started = time.perf_counter()
            first[name] = asyncio.run(_ask(engine, requests, arguments.batch))
            taken.append(time.perf_counter() - started)
            tokens[name] = sum(reply.input_tokens or 0 for reply in first[name])
    where = (
        torch.cuda.get_device_name()
        if torch.cuda.is_available()
        else f"CPU, {torch.get_num_threads()} threads"
    )
    print(f"{len(requests)} prompts, {tokens['whole'] / len(requests):.0f} tokens each, {where}")
    plain = statistics.median(seconds["whole"])
    for name, taken in seconds.items():
        median = statistics.median(taken)
        print(f"{name:8} {tokens[name] / median:10,.0f} tokens a second  {plain / median:6.2f} × whole")
    print(f"largest difference of a log-probability: {_difference(first['shared'], first['whole']):.1e}")


async def _ask(engine: LocalEngine, requests: Sequence[Request], in_flight: int) -> list[Reply]:
    places = asyncio.Semaphore(in_flight)

    async def one(request: Request) -> Reply:
        async with places:
            return await engine.reply(request)

    return list(await asyncio.gather(*map(one, requests)))


def _difference(one: Sequence[Reply], other: Sequence[Reply]) -> float:
    """Over the letters of the page, which both report."""
    largest = 0.0
    for a, b in zip(one, other, strict=True):
        known, also = dict(a.first_token or ()), dict(b.first_token or ())
        largest = max(largest, *(abs(known[letter] - also[letter]) for letter in "ABCDEFGHIJ"))
    return largest


def _requests(personas: int, questions: int) -> list[Request]:
    way = FirstTokenLogprobs()
    template = PromptTemplate.of(way.signature, way.adapter)
    return [
        template.request(
            "m",
            {
                "persona": f"Person {i}. {_WORDS}",
                "question": f"How much do you agree with statement {j}?",
                "options": _OPTIONS,
            },
            way.config(0),
        )
        for i in range(personas)
        for j in range(questions)
    ]


if __name__ == "__main__":
    main()
