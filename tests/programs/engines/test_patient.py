import asyncio
import builtins
import itertools
from collections.abc import Sequence

import pytest
from dspy.lm15 import (
    AuthError,
    BillingError,
    ContextLengthError,
    InvalidRequestError,
    Message,
    RateLimitError,
    Request,
    ServerError,
    TimeoutError,
    TransportError,
    UnsupportedModelError,
)

from value_personas.programs.engines import EngineSettings
from value_personas.programs.engines.faults import MalformedReplyError, UnreachableError
from value_personas.programs.engines.limits import Usage
from value_personas.programs.engines.patient import PatientEngine
from value_personas.programs.engines.replies import Reply, ReplyFailure
from value_personas.signatures import AuthenticationError, BudgetError, EngineError, MissingReason

REQUEST = Request(model="m", messages=(Message.user("u"),))
REPLY = Reply("A", None, "stop", 5, 1)


class Script:
    """Raises or returns what it is told, in turn; the last for ever."""

    identity = "script"

    def __init__(self, *steps: Exception | Reply | float) -> None:
        self.steps = list(steps)
        self.asked = 0

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        step = self.steps[min(self.asked, len(self.steps) - 1)]
        self.asked += 1
        if isinstance(step, Exception):
            raise step
        if isinstance(step, float):
            await asyncio.sleep(step)
            return REPLY
        return step

    async def aclose(self) -> None:
        pass


def patient(script: Script, **settings: object) -> tuple[PatientEngine, Usage]:
    usage = Usage()
    return PatientEngine(script, EngineSettings(**settings), usage, first_delay_s=0.001), usage  # type: ignore[arg-type]


def ask(engine: PatientEngine, times: int = 1) -> Reply:
    async def run() -> Reply:
        for _ in range(times):
            reply = await engine.reply(REQUEST)
        return reply

    return asyncio.run(run())


@pytest.mark.parametrize(
    "error",
    [
        RateLimitError("x", retry_after=0.0),
        ServerError("x"),
        TimeoutError("x"),
        TransportError("x"),
        MalformedReplyError("x"),
        builtins.TimeoutError(),
        ConnectionResetError(),
    ],
)
def test_what_may_pass_is_tried_again(error: Exception) -> None:
    engine, usage = patient(Script(error, error, REPLY))
    assert ask(engine) is REPLY
    assert (usage.calls, usage.retries, usage.failures) == (3, 2, 0)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ServerError("boom\n\n  To fix:\n  - pray"), MissingReason.PROVIDER_ERROR),
        (TimeoutError("late"), MissingReason.TIMEOUT),
        (RateLimitError("busy", retry_after=0.0), MissingReason.PROVIDER_ERROR),
    ],
)
def test_what_does_not_pass_is_one_missing_answer(error: Exception, reason: MissingReason) -> None:
    engine, usage = patient(Script(error), max_retries=2)
    with pytest.raises(ReplyFailure) as caught:
        ask(engine)
    assert caught.value.reason is reason
    assert "To fix" not in caught.value.detail
    assert (usage.calls, usage.failures) == (3, 1)


def test_an_attempt_may_take_only_so_long() -> None:
    engine, usage = patient(Script(5.0, 5.0, REPLY), timeout_s=0.02)
    assert ask(engine) is REPLY
    assert usage.calls == 3


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (AuthError("HTTP 401"), AuthenticationError),
        (UnsupportedModelError("HTTP 404"), EngineError),
        (BillingError("HTTP 402"), EngineError),
    ],
)
def test_what_would_meet_every_call_ends_the_run_at_once_even_late(error: Exception, end: type) -> None:
    script = Script(REPLY, error)
    engine, _ = patient(script)
    with pytest.raises(end):
        ask(engine, 2)
    assert script.asked == 2


@pytest.mark.parametrize(
    "error", [UnreachableError("h:1: connection refused"), InvalidRequestError("HTTP 400")]
)
def test_before_the_first_answer_a_refusal_is_a_wrong_setting(error: Exception) -> None:
    script = Script(error)
    engine, _ = patient(script)
    with pytest.raises(EngineError, match=r"h:1|HTTP 400"):
        ask(engine)
    assert script.asked == 1


def test_later_a_bad_request_is_one_missing_answer_and_not_tried_again() -> None:
    script = Script(REPLY, InvalidRequestError("HTTP 400: filtered"), REPLY)
    engine, _ = patient(script)
    with pytest.raises(ReplyFailure, match="filtered"):
        ask(engine, 2)
    assert ask(engine) is REPLY


def test_a_prompt_too_long_is_always_one_missing_answer() -> None:
    engine, _ = patient(Script(ContextLengthError("HTTP 400: context length")))
    with pytest.raises(ReplyFailure):
        ask(engine)


def test_later_a_refused_connection_is_tried_again_and_then_ends_the_run() -> None:
    gone = UnreachableError("h:1: connection refused")
    engine, _ = patient(Script(REPLY, gone, gone, REPLY))
    ask(engine, 2)
    engine, usage = patient(Script(REPLY, gone), max_retries=3, patience_s=0.0)
    with pytest.raises(EngineError, match=r"for 0 s .*the 1 replies that came are kept.*run again to go on"):
        ask(engine, 2)
    assert usage.calls == 5


@pytest.mark.parametrize("error", [UnreachableError("gone"), ServerError("x", status=503), ConnectionError()])
def test_a_server_that_is_away_is_waited_for_beyond_all_retries(error: Exception) -> None:
    engine, usage = patient(Script(REPLY, *[error] * 9, REPLY), max_retries=1, patience_s=60.0)
    assert ask(engine, 2) is REPLY
    assert (usage.retries, usage.failures) == (9, 0)


def test_a_server_that_still_loads_is_waited_for_from_the_start() -> None:
    loading = ServerError("HTTP 503: Loading model", status=503)
    engine, _ = patient(Script(*[loading] * 5, REPLY), max_retries=1, patience_s=60.0)
    assert ask(engine) is REPLY


def test_a_call_that_fails_while_others_are_answered_is_not_waited_for() -> None:
    class Picky(Script):
        async def reply(self, request: Request, sample: int = 0) -> Reply:
            if sample:
                raise ServerError("x", status=502)
            return REPLY

    engine, usage = patient(Picky(), max_retries=2, patience_s=60.0)

    async def run() -> None:
        async def others() -> None:
            while True:
                await engine.reply(REQUEST)
                await asyncio.sleep(0)

        busy = asyncio.create_task(others())
        with pytest.raises(ReplyFailure):
            await engine.reply(REQUEST, 1)
        busy.cancel()

    asyncio.run(run())
    assert usage.retries == 2


def test_waits_are_shown_and_their_end_is(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    clock = itertools.count(0.0, 3.0)
    monkeypatch.setattr("value_personas.programs.engines.waiting.time.monotonic", lambda: next(clock))

    async def sleep(seconds: float) -> None:
        pass

    monkeypatch.setattr("value_personas.programs.engines.patient.asyncio.sleep", sleep)
    gone = UnreachableError("h:1: connection refused")
    steps = Script(REPLY, *[gone] * 4, RateLimitError("HTTP 429", retry_after=1e9), REPLY)
    settings = EngineSettings(patience_s=1000.0)
    engine = PatientEngine(steps, settings, Usage(), first_delay_s=0.001, tell=lines.append)
    ask(engine, 2)
    assert lines[0].startswith("h:1: connection refused; waiting, ")
    assert lines[0].endswith("s at most (patience_s)")
    assert lines[-1].startswith("it answers again, after ")


def test_a_server_that_never_answers_ends_the_run() -> None:
    engine, _ = patient(Script(ServerError("down")), max_retries=0)

    async def run() -> Sequence[object]:
        return await asyncio.gather(*(engine.reply(REQUEST) for _ in range(60)), return_exceptions=True)

    outcomes = asyncio.run(run())
    assert sum(isinstance(o, ReplyFailure) for o in outcomes) == 49
    assert sum(isinstance(o, EngineError) for o in outcomes) == 11


def test_a_budget_stops_before_the_call() -> None:
    script = Script(REPLY)
    engine, _ = patient(script, max_calls=3)
    with pytest.raises(BudgetError):
        ask(engine, 4)
    assert script.asked == 3


def test_a_programming_error_is_not_swallowed() -> None:
    engine, _ = patient(Script(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        ask(engine)


def test_retry_after_is_honoured_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    engine, _ = patient(
        Script(RateLimitError("x", retry_after=7.0), RateLimitError("x", retry_after=1e9), REPLY)
    )
    monkeypatch.setattr("value_personas.programs.engines.patient.asyncio.sleep", sleep)
    ask(engine)
    assert slept == [7.0, 120.0]


def test_delays_grow_with_full_jitter() -> None:
    engine = PatientEngine(Script(REPLY), EngineSettings(max_retries=20), Usage(), first_delay_s=0.5)
    engine._answered = 1
    delays = [[engine._delay(ServerError("x"), attempt, 0.0) for _ in range(400)] for attempt in (0, 3, 15)]
    for seen, top in zip(delays, (0.5, 4.0, 30.0), strict=True):
        assert max(seen) <= top
        assert sum(seen) / len(seen) == pytest.approx(top / 2, rel=0.15)  # five standard errors


def test_a_call_that_was_sent_is_kept_though_its_asker_is_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that takes too long is given up, and one that still waits for its place is never sent."""
    monkeypatch.setattr("value_personas.programs.engines.patient._LAST_REPLIES_S", 0.3)
    kept: list[Reply] = []
    told: list[str] = []
    script = Script(0.1, 30.0)
    engine = PatientEngine(script, EngineSettings(concurrency=2), Usage(), tell=told.append)

    async def keep(replies: list[Reply]) -> None:
        await asyncio.sleep(0.05)  # a commit
        kept.extend(replies)

    async def interrupted() -> float:
        asking = [asyncio.create_task(engine.kept(REQUEST, n, 1, keep)) for n in range(3)]
        await asyncio.sleep(0.02)
        started = asyncio.get_running_loop().time()
        for one in asking:
            one.cancel()
        ended = await asyncio.gather(*asking, return_exceptions=True)
        assert [type(one) for one in ended] == [asyncio.CancelledError] * 3
        return asyncio.get_running_loop().time() - started

    assert asyncio.run(interrupted()) < 1.0
    assert (kept, script.asked) == ([REPLY], 2)
    assert len(told) == 1
