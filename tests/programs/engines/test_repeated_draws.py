"""A repeated proposal is another draw, and a repeated run meets the same draws."""

import asyncio

from dspy.lm15 import Config, Message, Request

from value_personas.programs.engines.repeated_draws import RepeatedDraws
from value_personas.programs.engines.replies import Reply


class Numbered:
    """Answers with the number of the draw."""

    identity = "numbered"

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        return Reply(f"{request.messages[0].text} {sample}", None, "stop")

    async def aclose(self) -> None:
        """Nothing to close."""


def request(text: str) -> Request:
    return Request(model="m", system=None, messages=(Message.user(text),), config=Config())


def said(engine: RepeatedDraws, *asked: tuple[str, int]) -> list[str]:
    async def ask() -> list[str]:
        return [(await engine.reply(request(text), sample)).text for text, sample in asked]

    return asyncio.run(ask())


def test_repetitions_differ_from_each_other_and_from_rollouts() -> None:
    asked = [("a", 0), ("a", 0), ("b", 0), ("a", 1), ("a", 0), ("a", 1)]
    texts = said(RepeatedDraws(Numbered()), *asked)
    assert len(set(texts)) == len(texts)
    assert texts[0] == "a 0"
    assert texts[3] == "a 1"


def test_a_run_that_is_repeated_meets_the_same_draws() -> None:
    asked = [("a", 0), ("a", 0), ("a", 5), ("b", 0), ("a", 0)]
    assert said(RepeatedDraws(Numbered()), *asked) == said(RepeatedDraws(Numbered()), *asked)
