"""What every engine must do, as checks that anyone can run on their own.

Example, in a test of your own engine:
    >>> from value_personas.programs.engines.conformance import CHECKS
    >>> @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    >>> def test_my_engine(check):
    ...     asyncio.run(check(MyEngine("my-model"), "my-model"))

Each check takes a fresh engine and the model's name, closes the engine, and raises ``AssertionError`` with
what is wrong. None needs the engine to give sensible answers.
"""

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
from typing import Any, cast

from dspy.lm15 import Config, LM15Error, Message, Request, Response

from value_personas.programs.engines.base import Engine, ManyReplier, Replier, as_replier

Check = Callable[[Engine | Replier, str], Awaitable[None]]

_PROMPT = (
    "How important is family in your life?\n\n"
    "A Very important\nB Rather important\nC Not very important\nD Not at all important\n\n"
    "Reply with the letter of your answer."
)


def _request(model: str, prompt: str = _PROMPT, **config: Any) -> Request:
    sent: dict[str, Any] = {"temperature": 1.0, "max_tokens": 1} | config
    return Request(
        model=model, system="You answer a survey.", messages=(Message.user(prompt),), config=Config(**sent)
    )


def _hold(condition: bool, message: str) -> None:
    """``assert`` that ``python -O`` does not remove."""
    if not condition:
        raise AssertionError(message)


async def answers_with_text_and_tokens(engine: Engine | Replier, model: str) -> None:
    """A reply has text, a reason for its end, and counts that are not negative."""
    replier = as_replier(engine)
    reply = await replier.reply(_request(model))
    await replier.aclose()
    _hold(isinstance(reply.text, str), f"the text is {type(reply.text).__name__}")
    _hold(bool(reply.finish_reason), "there is no finish_reason")
    for count in (reply.input_tokens, reply.output_tokens):
        _hold(count is None or count >= 0, f"a count of tokens is {count}")
    _hold(reply.latency_s >= 0.0, f"the latency is {reply.latency_s}")


async def log_probabilities_are_such(engine: Engine | Replier, model: str) -> None:
    """Alternatives, where reported, are ranked, distinct, and their probabilities sum to at most 1."""
    replier = as_replier(engine)
    reply = await replier.reply(_request(model, logprobs=20))
    await replier.aclose()
    if reply.first_token is None:
        return  # an engine need not have any; elicitation falls back to sampling
    logs = [lp for _, lp in reply.first_token]
    _hold(bool(logs), "an empty list of alternatives; None says that there are none")
    _hold(all(lp <= 1e-3 and not math.isnan(lp) for lp in logs), f"no log-probabilities: {logs}")
    _hold(logs == sorted(logs, reverse=True), "alternatives are not ranked, most likely first")
    _hold(math.fsum(map(math.exp, logs)) <= 1.01, "the alternatives' probabilities sum to more than 1")


async def none_are_reported_unasked(engine: Engine | Replier, model: str) -> None:
    """Without ``logprobs`` in the request there is no promise of any, and nothing breaks."""
    replier = as_replier(engine)
    reply = await replier.reply(_request(model, max_tokens=20))
    await replier.aclose()
    _hold(reply.first_token is None or len(reply.first_token) > 0, "an empty list of alternatives")


async def greedy_answers_repeat(engine: Engine | Replier, model: str) -> None:
    """At temperature 0 the same request has the same text."""
    replier = as_replier(engine)
    texts = {(await replier.reply(_request(model, temperature=0.0, seed=1))).text for _ in range(3)}
    await replier.aclose()
    _hold(len(texts) == 1, f"temperature 0 gave {len(texts)} different texts")


async def concurrent_calls_keep_apart(engine: Engine | Replier, model: str) -> None:
    """Calls in flight together answer what they answer one by one."""
    replier = as_replier(engine)
    requests = [_request(model, f"{_PROMPT}\n\n{n}", temperature=0.0, seed=1) for n in range(8)]
    alone = [(await replier.reply(request)).text for request in requests]
    together = [reply.text for reply in await asyncio.gather(*map(replier.reply, requests))]
    await replier.aclose()
    _hold(alone == together, f"one by one {alone}, together {together}")


async def several_answers_are_as_many_single_ones(engine: Engine | Replier, model: str) -> None:
    """Answers that come in one call are at most as many as asked, and such as single calls give."""
    replier = as_replier(engine)
    if getattr(engine, "at_once", 1) == 1:
        return
    request = _request(model, temperature=0.0, seed=1)
    alone = await replier.reply(request)
    together = await cast("ManyReplier", replier).replies(request, 3)
    await replier.aclose()
    _hold(1 <= len(together) <= 3, f"{len(together)} replies where 3 were asked for")
    texts = {reply.text for reply in together}
    _hold(texts == {alone.text}, f"at temperature 0, alone {alone.text!r}, together {sorted(texts)}")


async def serves_responses_to_dspy(engine: Engine | Replier, model: str) -> None:
    """``complete`` gives a ``dspy.lm15.Response`` of the requested model, with the text of ``reply``."""
    complete = getattr(engine, "complete", None)
    if complete is None:
        return
    response = await complete(_request(model, temperature=0.0, seed=1))
    reply = await as_replier(engine).reply(_request(model, temperature=0.0, seed=1))
    await engine.aclose()
    _hold(isinstance(response, Response), f"complete gives {type(response).__name__}")
    _hold((response.text or "") == reply.text, f"complete says {response.text!r}, reply {reply.text!r}")


async def closes_twice(engine: Engine | Replier, model: str) -> None:
    """``aclose`` may be called again, and before any call."""
    await engine.aclose()
    await engine.aclose()


async def is_cancelled_cleanly(engine: Engine | Replier, model: str) -> None:
    """A call that is cancelled ends as cancelled, and the next one is answered."""
    replier = as_replier(engine)
    call = asyncio.ensure_future(replier.reply(_request(model)))
    await asyncio.sleep(0)
    call.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await call
    reply = await replier.reply(_request(model))
    await replier.aclose()
    _hold(isinstance(reply.text, str), "no reply after a cancelled one")


async def identity_is_stable_and_holds_no_key(engine: Engine | Replier, model: str) -> None:
    """``identity`` is one line of text that calls do not change."""
    before = engine.identity
    await as_replier(engine).reply(_request(model))
    await engine.aclose()
    _hold(bool(before) and "\n" not in before, f"the identity is {before!r}")
    _hold(engine.identity == before, "the identity changed with a call")
    _hold("bearer" not in before.lower(), "the identity looks as if it held a credential")


async def failures_are_canonical(engine: Engine | Replier, model: str) -> None:
    """A request that an engine cannot take, if it refuses, is refused with an error of ``dspy.lm15``."""
    replier = as_replier(engine)
    try:
        await replier.reply(_request(model, "", max_tokens=1))
    except LM15Error:
        pass
    finally:
        await replier.aclose()


CHECKS: tuple[Check, ...] = (
    answers_with_text_and_tokens,
    log_probabilities_are_such,
    none_are_reported_unasked,
    greedy_answers_repeat,
    concurrent_calls_keep_apart,
    several_answers_are_as_many_single_ones,
    serves_responses_to_dspy,
    closes_twice,
    is_cancelled_cleanly,
    identity_is_stable_and_holds_no_key,
    failures_are_canonical,
)
"""Every check. ``for check in CHECKS: asyncio.run(check(make_engine(), model))``."""
