import asyncio
import os
from collections.abc import Sequence
from typing import Any

import dspy
import pytest
from dspy.lm15 import Request, Response
from dspy.utils.exceptions import AdapterParseError
from pydantic import ValidationError

from tests.fake_server import FakeServer, LetterEngine
from value_personas.programs.engines import EngineSettings, InProcess, connect
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.replies import MemoryStore, Reply, ReplyFailure, reply_key
from value_personas.signatures import AuthenticationError, BudgetError, EngineError, RecipeError


class Counting:
    """Says which draw it was."""

    identity = "counting"

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        self.asked.append(sample)
        return Reply(f"draw {sample}", (("A", -0.1), ("B", -2.4)), "stop", 3, 2)

    async def aclose(self) -> None:
        pass


def settings(server: FakeServer, **more: object) -> EngineSettings:
    return EngineSettings(lm="openai/m", base_url=server.url, **more)  # type: ignore[arg-type]


def ask(model: Model, text: str = "hello") -> Reply:
    async def run() -> Reply:
        try:
            return await model.reply(model.request("", text, max_tokens=1))
        finally:
            await model.aclose()

    return asyncio.run(run())


def test_a_connected_model_answers_once_and_then_from_the_store() -> None:
    store = MemoryStore()
    with FakeServer() as server:
        first = connect(settings(server), store)
        reply = ask(first)
        again = connect(settings(server), store)
        assert ask(again) == reply
        assert server.calls == 1
    assert first.usage.as_dict() == {
        "calls": 1, "retries": 0, "failures": 0, "stored": 0, "input_tokens": 40, "output_tokens": 1,
    }  # fmt: skip
    assert (again.usage.calls, again.usage.stored) == (0, 1)


def test_stored_keeps_order_and_holes() -> None:
    model = Model("m", Counting())
    request = model.request("", "x")
    asyncio.run(model.reply(request, 1))
    pairs = [(request, 0), (request, 1), (model.request("", "y"), 1)]
    keys = [reply_key(model.identity, asked, sample) for asked, sample in pairs]
    found: Sequence[Reply | None] = model.stored(keys, lambda place: pairs[place][0])
    assert [reply and reply.text for reply in found] == [None, "draw 1", None]


def test_dspy_draws_are_different_replies_and_each_is_stored() -> None:
    engine = Counting()
    model = Model("m", engine)
    predict = dspy.Predict("question -> answer")
    adapter = dspy.ChatAdapter(use_json_adapter_fallback=False)
    with dspy.context(lm=model.lm, adapter=adapter, disable_history=True):
        for rollout in (0, 1, 1):
            with pytest.raises(AdapterParseError):
                predict(question="q", config={"rollout_id": rollout, "temperature": 1.0})
    assert engine.asked == [0, 1]
    assert model.lm("q", n=3, temperature=1.0) == ["draw 0", "draw 1", "draw 2"]
    assert model.usage.stored == 1


class LikeThreeFive:
    """DSPy 3.5's way of calling, which its adapters take: a request, and one engine call for each of n."""

    def __call__(self, prompt: Request, *, rollout_id: int | None = None, **options: Any) -> Any:
        return self.generate(prompt, rollout_id=rollout_id, **options)[0]

    async def acall(self, prompt: Request, *, rollout_id: int | None = None, **options: Any) -> Any:
        return (await self.agenerate(prompt, rollout_id=rollout_id, **options))[0]

    def generate(self, request: Request, *, n: int = 1, rollout_id: int | None = None) -> list[Response]:
        assert isinstance(self, dspy.LM)
        return [self.engine.complete(request) for _ in range(n)]

    async def agenerate(
        self, request: Request, *, n: int = 1, rollout_id: int | None = None
    ) -> list[Response]:
        assert isinstance(self, dspy.LM)
        return await asyncio.gather(*(self._async_engine_spec.complete(request) for _ in range(n)))


@pytest.mark.parametrize("way", ["generate", "agenerate"])
def test_n_draws_are_n_replies_by_dspy_3_5_s_way_of_calling_too(
    monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    for name, method in vars(LikeThreeFive).items():
        if callable(method):
            monkeypatch.setattr(dspy.LM, name, method, raising=False)
    engine = Counting()
    model = Model("m", engine)
    request = model.request("", "q", temperature=1.0)

    def texts(**options: Any) -> list[str]:
        said = getattr(model.lm, way)(request, **options)
        return [one.text for one in (asyncio.run(said) if way == "agenerate" else said)]

    assert texts(n=3) == ["draw 0", "draw 1", "draw 2"]
    assert texts(n=2, rollout_id=5) == ["draw 5", "draw 6"]
    assert model.lm(request, rollout_id=2).text == "draw 2"  # through generate: counted once
    assert asyncio.run(model.lm.acall(request)).text == "draw 0"
    assert engine.asked == [0, 1, 2, 5, 6]
    assert model.usage.stored == 2

    spent = Model("m", Counting(), settings=EngineSettings(max_calls=0))
    with pytest.raises(BudgetError):
        spent.lm(request)


def test_the_lm_and_the_model_share_one_store() -> None:
    engine = Counting()
    model = Model("m", engine)
    request = model.request("", "q", logprobs=2)
    asyncio.run(model.reply(request))
    response = model.lm(request)
    assert response.text == "draw 0"
    assert [(top.token, top.logprob) for top in response.logprobs[0].top] == [("A", -0.1), ("B", -2.4)]
    assert asyncio.run(model.lm.acall(request)).text == "draw 0"
    assert engine.asked == [0]


def test_the_projects_own_errors_pass_through_dspy_unchanged() -> None:
    model = Model("m", Counting(), settings=EngineSettings(max_calls=0))
    with pytest.raises(BudgetError):
        model.lm("q")
    with pytest.raises(BudgetError):
        asyncio.run(model.lm.acall("q"))


def test_a_saved_lm_holds_no_secret_and_asks_for_a_model_when_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "planted-key-93")
    model = connect(EngineSettings(lm="openai/m", base_url="http://127.0.0.1:9/v1", api_key_env="A_KEY"))
    state = model.lm.dump_state()
    assert "planted-key-93" not in repr(state)
    loaded = dspy.BaseLM.load_state(state, allow_custom_lm_class=True)
    with pytest.raises(EngineError, match="set_lm"):
        loaded("q")


def test_copies_of_a_program_share_the_engine() -> None:
    model = Model("m", Counting())
    program = dspy.Predict("question -> answer")
    program.lm = model.lm
    assert program.deepcopy().lm.engine is model.lm.engine


def test_an_address_that_refuses_is_one_clear_error() -> None:
    with FakeServer() as server:
        closed = settings(server)
    with pytest.raises(EngineError, match=r"127\.0\.0\.1:\d+: connection refused; is the server running"):
        ask(connect(closed))


def test_a_wrong_key_is_one_clear_error_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "planted-key-93")
    with FakeServer(key="right") as server, pytest.raises(AuthenticationError, match="api_key_env") as caught:
        ask(connect(settings(server, api_key_env="A_KEY")))
    assert "planted-key-93" not in str(caught.value)


def test_a_model_the_server_does_not_know() -> None:
    with FakeServer(model="other") as server, pytest.raises(EngineError, match="check the model's name"):
        ask(connect(settings(server)))


def test_one_call_that_fails_is_one_missing_answer() -> None:
    with FakeServer({"500": 1.0}) as server, pytest.raises(ReplyFailure):
        ask(connect(settings(server, max_retries=0)))


def test_the_synthetic_respondent_is_connected_with_its_faults() -> None:
    model = connect(EngineSettings(parameters={"seed": 3}))
    assert '"seed": 3' in model.identity
    with pytest.raises(RecipeError):
        connect(EngineSettings(parameters={"sharpness": 0.5}))


@pytest.mark.parametrize(
    ("lm", "said"), [("openai/m", "takes no parameters"), ("synthetic/respondent", "not known")]
)
def test_parameters_that_no_engine_reads_are_refused_and_not_repeated(lm: str, said: str) -> None:
    """They would be recorded with the recipe; a key among them, too."""
    with pytest.raises(ValidationError, match=f"api_key.*{said}|{said}.*api_key") as caught:
        EngineSettings(lm=lm, parameters={"api_key": "sk-planted"})
    assert "sk-planted" not in str(caught.value)


@pytest.mark.parametrize(
    ("lm", "said"),
    [
        ("nothing", "PROVIDER/MODEL"),
        ("nonsense/model", "no such provider"),
        ("synthetic/other", "synthetic/respondent"),
        ("vllm/model", "needs base_url"),
    ],
)
def test_a_wrong_name_is_one_clear_error(lm: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        connect(EngineSettings(lm=lm))


def test_a_key_that_is_not_set_is_named() -> None:
    os.environ.pop("NO_SUCH_KEY", None)
    with pytest.raises(AuthenticationError, match="NO_SUCH_KEY is not set"):
        connect(EngineSettings(lm="openai/m", base_url="http://h/v1", api_key_env="NO_SUCH_KEY"))


@pytest.mark.parametrize(
    "bad",
    [
        {"base_url": "http://user:secret@h/v1"},
        {"base_url": "ftp://h/v1"},
        {"max_cost": 3.0},
        {"concurrency": 0},
        {"unknown": 1},
    ],
)
def test_settings_that_cannot_be(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"base_url|max_cost|concurrency|unknown") as caught:
        EngineSettings(**bad)  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


def test_other_names_reach_dspys_own_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "k")
    with FakeServer() as server:
        model = connect(EngineSettings(lm="groq/m", base_url=server.url, api_key_env="A_KEY"))
        assert ask(model).text == "A"
        assert model.identity == f"dspy {server.url}"


def test_an_engine_of_responses_alone_will_do() -> None:
    class Plain:
        identity = "plain"

        async def complete(self, request: Request) -> object:
            return LetterEngine().complete(request)

        async def aclose(self) -> None:
            pass

    assert ask(Model("m", Plain())).text == "A"  # type: ignore[arg-type]
    assert ask(Model("m", InProcess(LetterEngine()))).text == "A"
