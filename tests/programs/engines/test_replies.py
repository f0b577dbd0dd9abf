import itertools

import pytest
from dspy.lm15 import CacheConfig, Config, Message, Request

from value_personas.programs.engines.replies import keys_of_texts, reply_key, request_content

BASE = {"model": "m", "system": "s", "messages": (Message.user("u"),), "config": Config(temperature=1.0)}


def request(**changed: object) -> Request:
    return Request(**(BASE | changed))  # type: ignore[arg-type]


def test_everything_that_determines_a_reply_is_in_its_key() -> None:
    keys = [
        reply_key("e", request()),
        reply_key("other", request()),
        reply_key("e", request(), 1),
        reply_key("e", request(model="n")),
        reply_key("e", request(system="t")),
        reply_key("e", request(system=None)),
        reply_key("e", request(messages=(Message.user("v"),))),
        reply_key("e", request(messages=(Message.assistant("u"),))),
        reply_key("e", request(messages=(Message.user("u"), Message.user("u")))),
        reply_key("e", request(config=Config(temperature=0.5))),
        reply_key("e", request(config=Config())),
        reply_key("e", request(config=Config(temperature=1.0, logprobs=0))),
        reply_key("e", request(config=Config(temperature=1.0, stop=("x",)))),
        reply_key("e", request(config=Config(temperature=1.0, extensions={"min_p": 0.1}))),
    ]
    assert all(len(key) == 32 for key in keys)
    assert all(a != b for a, b in itertools.combinations(keys, 2))


def test_what_does_not_determine_it_is_not() -> None:
    bookkeeping = Config(temperature=1.0, user_id="u", store=False, service_tier="flex", cache=CacheConfig())
    assert reply_key("e", request()) == reply_key("e", request(config=bookkeeping))


def test_only_fields_that_are_set_are_named() -> None:
    assert request_content(request()) == {
        "model": "m",
        "system": "s",
        "messages": [["user", "u"]],
        "config": {"temperature": 1.0},
    }


def test_keys_stay_what_they_were() -> None:
    """A changed key is everything paid for lost: this one may only change with a migration."""
    assert reply_key("e", request()).hex() == (
        "ac4eb883e722f9f1a814131d08a47449faf259345d024b128f68897f51af9cdd"
    )


@pytest.mark.parametrize(
    "text", ["u", "", 'a "quoted"\n\nparagraph\\', "Größe Ж 学\u2028", "\x00\x1f", "x" * 5000]
)
@pytest.mark.parametrize("config", [Config(temperature=1.0, logprobs=20), Config(seed=3, stop=("x",))])
def test_a_key_by_its_text_is_the_key_of_the_whole_request(text: str, config: Config) -> None:
    def request_of(said: str) -> Request:
        turns = (Message.user("before"), Message.assistant("B"), Message.user(said))
        return request(messages=turns, config=config)

    assert keys_of_texts("an engine", request_of)(text) == reply_key("an engine", request_of(text))


def test_a_request_that_does_not_hold_its_text_has_no_key_by_it() -> None:
    with pytest.raises(ValueError, match="does not hold its text"):
        keys_of_texts("e", lambda text: request(messages=(Message.user(f"{text}!"),)))


def test_contents_are_told_apart_though_the_last_is_remembered() -> None:
    first, second = (Request(model="m", messages=(Message.user(text),)) for text in ("a", "b"))
    assert request_content(first) is request_content(first)
    assert request_content(second)["messages"] == [["user", "b"]]
    assert request_content(first) == request_content(Request(model="m", messages=(Message.user("a"),)))
