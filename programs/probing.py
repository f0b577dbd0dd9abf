"""Does an engine answer, with log-probabilities, on which labels, and how fast?"""

import asyncio
import math
import statistics
import time
from dataclasses import dataclass

from dspy.lm15 import Config, Message, Request

from value_personas.programs.elicitation import ElicitationSettings, keep_finding, probe_ways
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.replies import Reply, ReplyFailure
from value_personas.signatures import Persona, Question, Scale

_LETTERS = "ABCD"
_SYSTEM = "You answer survey questions. Reply with the letter of your answer and nothing else."
_QUESTION = (
    "How important is family in your life?\n\n"
    "A. Very important\nB. Rather important\nC. Not very important\nD. Not at all important"
)
_NOBODY = Persona("none", "You are a person.", 1.0, "")
_FAMILY = Question(
    "family",
    "How important is family in your life?",
    Scale(
        ("Very important", "Rather important", "Not very important", "Not at all important"),
        (1.0, 2.0, 3.0, 4.0),
    ),
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
        calls: calls made for the speed.
        failures: calls given up, with the reason of the last in ``failure``.
        failure: why, if any.
        probing_s: seconds that it took to find out how to ask.
        median_s: median seconds of a call under the given concurrency.
        calls_per_second: under the given concurrency.
        elicitation: what a run would choose: ``logprobs`` or ``sampled``.
        why: the reason.
        adaptations: what was learnt from the server's refusals.
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
    probing_s: float
    median_s: float
    calls_per_second: float
    elicitation: str
    why: str
    adaptations: tuple[str, ...]


async def probe(
    model: Model, calls: int = 16, concurrency: int = 4, settings: ElicitationSettings | None = None
) -> ProbeReport:
    """Find out how to ask, as a run does, and then ask a few times for the speed.

    Args:
        model: what is asked; of a store that remembers earlier replies it would not be asked twice.
        calls: how many calls in all, at least 2; finding out may take up to eight.
        concurrency: how many at once.
        settings: how a run would ask.

    Raises:
        EngineError: when it cannot answer at all.
    """
    settings = settings or ElicitationSettings()
    started = time.perf_counter()
    finding = await probe_ways(model, settings, _NOBODY, _FAMILY)
    await keep_finding(model, settings, finding)
    probing_s = time.perf_counter() - started
    way = settings.by_logprobs(finding.top) if finding.way == "logprobs" else settings.sampled()
    latencies: list[float] = []
    failures: list[ReplyFailure] = []
    replies: list[Reply] = []
    wanted = max(calls - model.usage.calls, 1)
    started, left = time.perf_counter(), iter(range(wanted))

    async def worker() -> None:
        for n in left:
            begun = time.perf_counter()
            try:
                replies.append(await model.reply(_request(model, n, way.config(0))))
            except ReplyFailure as failure:
                failures.append(failure)
            latencies.append(time.perf_counter() - begun)

    await asyncio.gather(*(worker() for _ in range(concurrency)))
    elapsed = time.perf_counter() - started
    first = (replies[0].first_token or ()) if replies else ()
    labels = _label_probabilities(first)
    return ProbeReport(
        model=model.name,
        identity=model.identity,
        text=replies[0].text if replies else "",
        logprobs=bool(first),
        alternatives=len(first),
        labels=labels,
        label_mass=math.fsum(labels.values()),
        calls=wanted,
        failures=len(failures),
        failure=str(failures[-1]) if failures else "",
        probing_s=probing_s,
        median_s=statistics.median(latencies),
        calls_per_second=wanted / elapsed,
        elicitation=finding.way,
        why=finding.why,
        adaptations=tuple(model.adaptations),
    )


def _request(model: Model, number: int, config: Config) -> Request:
    """Requests that differ, or they would be one."""
    text = _QUESTION if number == 0 else f"{_QUESTION}\n\n(Interview {number}.)"
    return Request(model=model.name, system=_SYSTEM, messages=(Message.user(text),), config=config)


def _label_probabilities(first: tuple[tuple[str, float], ...]) -> dict[str, float]:
    labels = dict.fromkeys(_LETTERS, 0.0)
    for token, log_probability in first:
        letter = token.strip().upper()
        if letter in labels:
            labels[letter] += math.exp(log_probability)
    return {letter: p for letter, p in labels.items() if p > 0.0}
