import asyncio
import traceback

import pytest
from dspy.lm15 import AuthError, Message, Request, ServerError

from tests.fake_server import FakeServer
from value_personas.programs.engines import EngineSettings, connect
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.openai_http import OpenAIHTTP
from value_personas.programs.engines.replies import REASONING_ONLY, MemoryStore, Reply
from value_personas.programs.engines.thinking import after_thinking
from value_personas.programs.engines.vetting import Secrets, Vetted
from value_personas.signatures import AuthenticationError

KEY = "planted-key-93/+x"
REQUEST = Request(model="m", messages=(Message.user("u"),))


class Says:
    """An engine that returns or raises what it is told."""

    identity = "says"
    at_once = 4

    def __init__(self, *said: Reply | Exception) -> None:
        self.said = said

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        (reply, *_) = await self.replies(request, 1)
        return reply

    async def replies(self, request: Request, count: int) -> list[Reply]:
        for said in self.said:
            if isinstance(said, Exception):
                raise said
        return [said for said in self.said if isinstance(said, Reply)]

    async def aclose(self) -> None:
        pass


def vetted(*said: Reply | Exception) -> Reply:
    return asyncio.run(Vetted(Says(*said), Secrets([KEY])).reply(REQUEST))


def test_a_sound_reply_is_handed_on_as_it_is() -> None:
    reply = Reply("A", (("A", -0.5), ("B", -1.0)), "stop", 40, 1)
    assert vetted(reply) is reply


def test_a_key_is_taken_out_of_a_reply_in_either_writing() -> None:
    reply = vetted(Reply(f"Your key {KEY}, planted-key-93%2F%2Bx", ((f"{KEY}", -0.5),), KEY))
    assert reply.text == "Your key [key], [key]"
    assert reply.first_token == (("[key]", -0.5),)
    assert reply.finish_reason == "[key]"


def test_the_beginning_of_a_key_is_taken_out_too() -> None:
    """Servers show it with the rest masked."""
    assert vetted(Reply(f"Your key {KEY[:12]}****", None, "stop")).text == "Your key [key]****"
    assert vetted(Reply("a planted tree", None, "stop")).text == "a planted tree"


@pytest.mark.parametrize("error", [AuthError(f"bad {KEY}"), ValueError(f"bad {KEY}"), TimeoutError(KEY)])
def test_a_key_is_taken_out_of_an_error(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        vetted(error)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "planted" not in shown.replace(__file__, "")
    assert "[key]" in shown


def test_what_no_store_could_hold_is_put_right() -> None:
    reply = vetted(Reply("A\ud800", (("\udfff", -0.5),), "stop", 2**63, -1))
    assert reply == Reply("A\ufffd", (("\ufffd", -0.5),), "stop", None, None)


def test_a_reply_that_is_an_error_is_one_and_none_after_it_counts() -> None:
    wrong = Reply("half", None, "error")
    with pytest.raises(ServerError, match="half"):
        vetted(wrong)
    good = Reply("A", None, "stop")
    many = Vetted(Says(good, wrong, good), Secrets([]))
    assert asyncio.run(many.replies(REQUEST, 3)) == [good]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("B", "B"),
        ("a < b", "a < b"),
        ("<think>Is it A? No.</think> **C**", "**C**"),
        ("Is it option A? No.</think> **C**", "**C**"),
        ("[THINK]hm[/THINK]C", "C"),
        ("<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>C", "C"),
        ("<thinking>one</thinking><thinking>two</thinking>C", "C"),
        ("C <think>or rather", "C"),
        ("C\n<reflection>That was right.</reflection>", "C"),
        ("A <think>or rather C</think> C", "C"),
    ],
)
def test_thinking_is_read_past(said: str, answer: str) -> None:
    assert after_thinking(said) == answer
    assert vetted(Reply(said, None, "stop")).text == answer


@pytest.mark.parametrize("said", ["<think>It may be A", "<think>hm</think>", "[THINK] hm", " <think>"])
def test_a_model_that_only_thinks_says_nothing(said: str) -> None:
    assert after_thinking(said) == ""
    reply = vetted(Reply(said, None, "length"))
    assert (reply.text, reply.finish_reason) == ("", REASONING_ONLY)


def test_variables_that_are_named_like_credentials_hold_secrets_and_so_does_a_proxy() -> None:
    secrets = Secrets.of_environment(
        {
            "ANTHROPIC_API_KEY": "first-secret",
            "HF_TOKEN": "second-secret",
            "SHORT_KEY": "EMPTY",
            "HOME": "/home/somebody",
            "HTTPS_PROXY": "http://me:third-secret@proxy:8080",
        }
    )
    assert secrets.redacted("first-secret second-secret EMPTY /home/somebody third-secret") == (
        "[key] [key] EMPTY /home/somebody [key]"
    )


def test_a_server_that_repeats_the_key_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_VARIABLE", KEY)
    with FakeServer(key="another") as server:
        by_settings = connect(EngineSettings(lm="openai/m", base_url=server.url, api_key_env="SOME_VARIABLE"))
        by_hand = Model("openai/m", OpenAIHTTP("m", [server.url], "another-planted"))
        for model in (by_settings, by_hand):
            with pytest.raises(AuthenticationError, match=r"\[key\]") as caught:
                asyncio.run(model.reply(model.request("", "x")))
            assert "planted" not in str(caught.value)


@pytest.mark.parametrize("key", ["two\nlines", "schl\u00fcssel"])
def test_a_key_that_cannot_be_sent_is_refused_and_not_shown(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_VARIABLE", key)
    settings = EngineSettings(lm="openai/m", base_url="http://127.0.0.1:9/v1", api_key_env="SOME_VARIABLE")
    with pytest.raises(AuthenticationError) as caught:
        connect(settings)
    assert key not in str(caught.value)


def test_an_error_within_a_reply_is_never_stored() -> None:
    store = MemoryStore()
    model = Model("m", Says(Reply("half", None, "error")), store, EngineSettings(max_retries=0))
    with pytest.raises(Exception, match="half"):
        asyncio.run(model.reply(REQUEST))
    assert store.replies == {}
