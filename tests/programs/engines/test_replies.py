import itertools

from dspy.lm15 import CacheConfig, Config, Message, Request

from value_personas.programs.engines.replies import reply_key, request_content

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
