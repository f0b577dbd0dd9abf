import asyncio
import json

import pytest
from dspy.lm15 import Config, InvalidRequestError, Message, Request

from tests.fake_server import FakeServer
from value_personas.programs.engines import EngineSettings, connect
from value_personas.programs.engines.dialect import Dialect
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.openai_wire import OpenAIWire
from value_personas.signatures import EngineError

REQUEST = Request(
    model="openai/m",
    system="Be brief.",
    messages=(Message.user("Which?\n\nA yes\nB no"),),
    config=Config(temperature=0.0, max_tokens=1, seed=7),
)

REFUSALS = {
    "System role not supported": Dialect(system_role=False),
    "Conversation roles must alternate user/assistant/user/assistant/...": Dialect(system_role=False),
    "Developer instruction is not enabled for models/gemma-3": Dialect(system_role=False),
    "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.": Dialect(
        "max_completion_tokens", renamed=True
    ),
    "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 1 instead.": (
        Dialect(least_length=16)
    ),
    '{"detail":[{"type":"extra_forbidden","loc":["body","seed"],"msg":"Extra inputs"}]}': Dialect(
        dropped=("seed",)
    ),
    '{"error":{"message":"Unsupported value","param":"temperature"}}': Dialect(dropped=("temperature",)),
    "`temperature` (=0.0) has to be a strictly positive float": Dialect(least_temperature=0.01),
}


@pytest.mark.parametrize(("refusal", "dialect"), REFUSALS.items())
def test_a_refusal_that_names_a_parameter_is_learnt(refusal: str, dialect: Dialect) -> None:
    wire = OpenAIWire("m", chat=True)
    sent = wire.payload(REQUEST)
    assert wire.dialect.learn(refusal, sent)
    assert wire.dialect == dialect
    assert not wire.dialect.is_how(sent)
    again = wire.payload(REQUEST)
    assert wire.dialect.is_how(again)
    assert wire.dialect.learn(refusal, again) is None or "strictly" in refusal  # then it is left out
    other = Dialect()
    other.take(json.loads(json.dumps(wire.dialect.as_dict())))
    assert other == wire.dialect


@pytest.mark.parametrize(
    "refusal", ["Bad request", "logprobs is not supported", "the prompt is too long", "x" * 700 + " seed"]
)
def test_what_names_nothing_that_can_be_left_out_teaches_nothing(refusal: str) -> None:
    wire = OpenAIWire("m", chat=True)
    assert wire.dialect.learn(refusal, wire.payload(REQUEST)) is None
    assert wire.dialect == Dialect()


def test_the_instruction_goes_before_the_first_turn() -> None:
    payload = OpenAIWire("m", True, Dialect(system_role=False)).payload(REQUEST)
    assert payload["messages"] == [{"role": "user", "content": "Be brief.\n\nWhich?\n\nA yes\nB no"}]


def ask(model: Model, times: int) -> None:
    async def run() -> None:
        requests = [
            model.request("Be brief.", f"{n}?\n\nA yes\nB no", max_tokens=1, seed=n) for n in range(times)
        ]
        for reply in await asyncio.gather(*map(model.reply, requests)):
            assert reply.text == "A"

    asyncio.run(run())


def test_many_refusals_at_once_are_one_lesson_that_is_told_once() -> None:
    lines: list[str] = []
    quirks = ("no-system-role", "no-seed", "least-length", "max-completion-tokens")
    with FakeServer(quirks=quirks) as server:
        model = connect(EngineSettings(lm="openai/m", base_url=server.url), tell=lines.append)
        ask(model, 30)
        calls = server.calls
        ask(model, 40)
        assert server.calls == calls + 10  # 30 are stored, and nothing is refused any more
    assert sorted(model.adaptations) == sorted(line.split("; ")[-1] for line in lines)
    assert len(lines) == 4
    assert model.usage.calls == server.calls


def test_what_cannot_be_left_out_ends_the_run_before_its_first_answer() -> None:
    with FakeServer(quirks=["no-logprobs"]) as server:
        model = connect(EngineSettings(lm="openai/m", base_url=server.url))
        with pytest.raises(EngineError, match="logprobs"):
            asyncio.run(model.reply(model.request("", "x", logprobs=5)))
        assert server.calls == 1


def test_an_engine_by_itself_raises_what_it_learnt() -> None:
    from value_personas.programs.engines import OpenAIHTTP

    async def run(url: str) -> None:
        engine = OpenAIHTTP("m", [url])
        with pytest.raises(InvalidRequestError, match="seed"):
            await engine.reply(REQUEST)
        assert (await engine.reply(REQUEST)).text == "A"
        await engine.aclose()

    with FakeServer(quirks=["no-seed"]) as server:
        asyncio.run(run(server.url))


def test_what_is_set_for_a_server_stands_in_every_body_and_in_the_identity_where_it_is_set() -> None:
    plain = connect(EngineSettings(lm="openai/m", base_url="http://h/v1"))
    assert plain.identity == "openai_http chat http://h/v1"
    settings = EngineSettings(
        lm="openai/m", base_url="http://h/v1", reasoning_effort="low", extra_body={"min_p": 0.1}
    )
    assert connect(settings).identity == plain.identity + ' {"min_p":0.1,"reasoning_effort":"low"}'
    assert OpenAIWire("m", True, extra=settings.extra).payload(REQUEST)["reasoning_effort"] == "low"


@pytest.mark.parametrize(
    "body", [{"api_key": "x"}, {"a": [{"auth_token": "x"}]}, {"stream": True}, {"seed": 1}]
)
def test_credentials_and_what_requests_decide_are_refused_beside_them(body: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="extra_body"):
        EngineSettings(lm="openai/m", base_url="http://h/v1", extra_body=body)


def test_a_model_without_a_server_takes_no_body() -> None:
    with pytest.raises(ValueError, match="reasoning_effort is for models behind a server"):
        EngineSettings(reasoning_effort="low")
