import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from dspy.lm15 import Request

from tests.fake_server import FakeServer, LetterEngine
from value_personas.programs.engines import InProcess, OpenAIHTTP
from value_personas.programs.engines.base import Engine, Replier
from value_personas.programs.engines.conformance import CHECKS, Check
from value_personas.programs.engines.replies import Reply
from value_personas.programs.engines.synthetic import SyntheticRespondent
from value_personas.programs.engines.through_dspy import ThroughDSPy, is_known

Maker = Callable[[str], Engine | Replier]

MAKERS: dict[str, Maker] = {
    "openai_http chat": lambda url: OpenAIHTTP("m", [url]),
    "openai_http completions": lambda url: OpenAIHTTP("m", [url], endpoint="completions"),
    "synthetic": lambda url: InProcess(SyntheticRespondent()),
    "in process": lambda url: InProcess(LetterEngine()),
    "through DSPy": lambda url: ThroughDSPy("groq/m", api_base=url, api_key="k"),
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with FakeServer() as server:
        yield server.url


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("engine", MAKERS)
def test_every_engine_passes(engine: str, check: Check, url: str) -> None:
    model = "groq/m" if engine == "through DSPy" else "m"
    asyncio.run(check(MAKERS[engine](url), model))


class Wrong:
    """Does one thing wrong."""

    identity = "wrong"
    at_once = 3

    def __init__(self, fault: str) -> None:
        self.fault = fault
        self.calls = 0

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        self.calls += 1
        first = {"unranked": (("A", -2.0), ("B", -0.2)), "too much": (("A", -0.1), ("B", -0.1))}
        if self.fault == "changing identity":
            self.identity += "!"
        text = str(self.calls) if self.fault == "restless" else "A"
        return Reply(text, first.get(self.fault, ()) if self.fault != "fine" else None, "stop")

    async def replies(self, request: Request, count: int) -> list[Reply]:
        extra = 1 if self.fault == "generous" else 0
        replies = [await self.reply(request) for _ in range(count + extra)]
        return [replace(replies[0], text="B"), *replies[1:]] if self.fault == "other draws" else replies

    async def aclose(self) -> None:
        pass


@pytest.mark.parametrize(
    "fault", ["unranked", "too much", "empty", "restless", "changing identity", "generous", "other draws"]
)
def test_each_wrong_engine_is_found_out(fault: str) -> None:
    def failed(engine: Wrong) -> list[str]:
        names = []
        for check in CHECKS:
            try:
                asyncio.run(check(engine, "m"))
            except AssertionError:
                names.append(check.__name__)
        return names

    assert failed(Wrong("fine")) == []
    assert failed(Wrong(fault)) != []


@pytest.mark.parametrize("name", ["mistral/m", "together_ai/m", "bedrock/m", "cohere/m", "groq/m"])
def test_every_provider_that_dspy_reaches_is_known(name: str) -> None:
    assert is_known(name)


def test_a_name_that_nobody_reaches_is_not() -> None:
    assert not is_known("nobody/m")
