"""Does an engine answer, with log-probabilities, on which labels, and how fast?"""

import asyncio
import math
import statistics
import time
from dataclasses import dataclass

from dspy.lm15 import Request

from value_personas.programs.engines.model import Model
from value_personas.programs.engines.replies import Reply, ReplyFailure

__all__ = ["ProbeReport", "probe"]

_LETTERS = "ABCD"
_SYSTEM = "You answer survey questions. Reply with the letter of your answer and nothing else."
_QUESTION = (
    "How important is family in your life?\n\n"
    "A. Very important\nB. Rather important\nC. Not very important\nD. Not at all important"
)


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What an engine did when it was asked a question with four options.

    Attributes:
        model: its name.
        identity: the engine and endpoint.
        text: what it replied.
        logprobs: whether the first token's log-probabilities were reported.
        alternatives: how many of them.
        labels: the letters among them, with their probabilities summed over variants.
        label_mass: their sum, in [0, 1].
        calls: calls made.
        failures: calls given up, with the reason of the last in ``failure``.
        failure: why, if any.
        first_call_s: seconds of the first call.
        median_s: median seconds of a call under the given concurrency.
        calls_per_second: over all calls but the first.
        elicitation: what ``auto`` would choose: ``logprobs`` or ``sampled``.
    """

    model: str
    identity: str
    text: str
    logprobs: bool
    alternatives: int
    labels: dict[str, float]
    label_mass: float
    calls: int
    failures: int
    failure: str
    first_call_s: float
    median_s: float
    calls_per_second: float
    elicitation: str


async def probe(model: Model, calls: int = 16, concurrency: int = 4) -> ProbeReport:
    """Ask a harmless question, once with care and then a few times for the speed.

    Args:
        model: what is asked; give it no store that outlives this, or it will not be asked twice.
        calls: how many calls in all, at least 2.
        concurrency: how many at once.

    Raises:
        EngineError: when it cannot answer at all.
    """
    started = time.perf_counter()
    reply = await _reply(model, _request(model, 0))
    first_s = time.perf_counter() - started
    latencies, failures = [], [reply] if isinstance(reply, ReplyFailure) else []
    started, left = time.perf_counter(), iter(range(1, calls))

    async def worker() -> None:
        for n in left:
            begun = time.perf_counter()
            outcome = await _reply(model, _request(model, n))
            if isinstance(outcome, ReplyFailure):
                failures.append(outcome)
            latencies.append(time.perf_counter() - begun)

    await asyncio.gather(*(worker() for _ in range(concurrency)))
    elapsed = time.perf_counter() - started
    first = reply.first_token or () if isinstance(reply, Reply) else ()
    labels = _label_probabilities(first)
    return ProbeReport(
        model=model.name,
        identity=model.identity,
        text=reply.text if isinstance(reply, Reply) else "",
        logprobs=bool(first),
        alternatives=len(first),
        labels=labels,
        label_mass=math.fsum(labels.values()),
        calls=calls,
        failures=len(failures),
        failure=str(failures[-1]) if failures else "",
        first_call_s=first_s,
        median_s=statistics.median(latencies) if latencies else math.nan,
        calls_per_second=(calls - 1) / elapsed if calls > 1 else math.nan,
        elicitation="logprobs" if math.fsum(labels.values()) >= 0.5 else "sampled",
    )


def _request(model: Model, number: int) -> Request:
    """Requests that differ, or they would be one."""
    text = _QUESTION if number == 0 else f"{_QUESTION}\n\n(Interview {number}.)"
    return model.request(_SYSTEM, text, temperature=1.0, max_tokens=1, logprobs=20)


async def _reply(model: Model, request: Request) -> Reply | ReplyFailure:
    try:
        return await model.reply(request)
    except ReplyFailure as failure:
        return failure


def _label_probabilities(first: tuple[tuple[str, float], ...]) -> dict[str, float]:
    labels = dict.fromkeys(_LETTERS, 0.0)
    for token, log_probability in first:
        letter = token.strip().upper()
        if letter in labels:
            labels[letter] += math.exp(log_probability)
    return {letter: p for letter, p in labels.items() if p > 0.0}
