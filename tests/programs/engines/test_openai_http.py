import asyncio
import contextlib
import json
import math
import re

import aiohttp
import orjson
import pytest
from dspy.lm15 import (
    AuthError,
    Config,
    InvalidRequestError,
    LM15Error,
    Message,
    RateLimitError,
    Request,
    ServerError,
    TransportError,
    UnsupportedModelError,
)

from tests.fake_server import LETTERS, FakeServer
from value_personas.programs.engines.faults import MalformedReplyError, UnreachableError
from value_personas.programs.engines.openai_http import OpenAIHTTP
from value_personas.programs.engines.openai_wire import OpenAIWire
from value_personas.programs.engines.replies import Reply

REQUEST = Request(
    model="openai/m",
    system="Be brief.",
    messages=(Message.user("Which?\n\nA yes\nB no"),),
    config=Config(temperature=1.0, max_tokens=1, logprobs=4, seed=7),
)


def ask(server: FakeServer, request: Request = REQUEST, sample: int = 0, **options: object) -> Reply:
    async def run() -> Reply:
        engine = OpenAIHTTP("m", [server.url], **options)  # type: ignore[arg-type]
        return await engine.reply(request, sample)

    return asyncio.run(run())


@pytest.mark.parametrize("endpoint", ["chat", "completions"])
def test_a_reply_carries_text_tokens_and_ranked_alternatives(endpoint: str) -> None:
    with FakeServer() as server:
        reply = ask(server, endpoint=endpoint)
    assert reply.text == "A"
    assert reply.first_token == tuple(sorted(LETTERS, key=lambda pair: -pair[1]))
    assert (reply.input_tokens, reply.output_tokens, reply.finish_reason) == (40, 1, "stop")
    assert reply.latency_s > 0


def test_without_logprobs_none_are_invented() -> None:
    with FakeServer({"no-logprobs": 1.0}) as server:
        assert ask(server).first_token is None


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("429", RateLimitError),
        ("500", ServerError),
        ("502", ServerError),
        ("503", ServerError),
        ("reset", TransportError),
        ("invalid-json", MalformedReplyError),
        ("empty-choices", MalformedReplyError),
        ("wrong-content-type", MalformedReplyError),
        ("huge-body", MalformedReplyError),
        ("huge-chunked-body", MalformedReplyError),
        ("redirect", MalformedReplyError),
        ("401", AuthError),
        ("404", UnsupportedModelError),
    ],
)
def test_each_fault_is_its_own_error(fault: str, error: type[Exception]) -> None:
    with FakeServer({fault: 1.0}) as server, pytest.raises(error):
        ask(server)


def test_slow_bytes_are_waited_for() -> None:
    with FakeServer({"slow": 1.0}) as server:
        assert ask(server).text == "A"


def test_retry_after_is_read() -> None:
    with FakeServer({"429-retry-after": 1.0}) as server, pytest.raises(RateLimitError) as caught:
        ask(server)
    assert caught.value.retry_after == 1.0


def test_the_key_follows_no_redirect_and_is_not_shown() -> None:
    with (
        FakeServer() as elsewhere,
        FakeServer({"redirect": 1.0}, elsewhere=f"{elsewhere.url}/chat/completions") as server,
    ):
        with pytest.raises(MalformedReplyError, match="redirects to 127"):
            ask(server, key="planted-key-93")
        assert elsewhere.calls == 0
        assert server.server.headers["Authorization"] == "Bearer planted-key-93"
    assert "planted-key-93" not in repr(OpenAIHTTP("m", ["http://h/v1"], "planted-key-93"))


def test_a_refused_connection_names_the_place() -> None:
    with FakeServer() as server:
        port = server.port
    with pytest.raises(UnreachableError, match=f"127.0.0.1:{port}: connection refused"):
        ask(server)


def test_draws_of_a_seeded_request_have_other_seeds_and_the_wire_is_as_documented() -> None:
    seen = []

    async def run() -> None:
        async def answer(request: aiohttp.web.Request) -> aiohttp.web.Response:
            seen.append(orjson.loads(await request.read()))
            return aiohttp.web.json_response({"choices": [{"message": {"content": "A"}}]})

        app = aiohttp.web.Application()
        app.router.add_post("/v1/chat/completions", answer)
        runner = aiohttp.web.AppRunner(app)
        await runner.setup()
        site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        engine = OpenAIHTTP("m", [f"http://127.0.0.1:{port}/v1"])
        for sample in (0, 3):
            await engine.reply(REQUEST, sample)
        await engine.aclose()
        await runner.cleanup()

    asyncio.run(run())
    assert seen[0] == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Which?\n\nA yes\nB no"},
        ],
        "temperature": 1.0,
        "max_tokens": 1,
        "seed": 7,
        "logprobs": True,
        "top_logprobs": 4,
    }
    assert seen[1]["seed"] == 10


def read(data: object, chat: bool = True, count: int = 1) -> Reply:
    return OpenAIWire("m", chat).replies(json.dumps(data).encode(), count, 0.0)[0]


@pytest.mark.parametrize("bad", [float("nan"), 0.5, None, "x", -math.inf, []])
def test_what_cannot_be_a_log_probability_is_left_out(bad: object) -> None:
    content = [{"token": "A", "logprob": bad, "top_logprobs": [None, {"token": "B", "logprob": bad}, {}]}]
    choice = {"message": {"content": "A"}, "logprobs": {"content": content}}
    reply = read({"choices": [choice]})
    assert (reply.text, reply.first_token) == ("A", None)
    content[0]["top_logprobs"].append({"token": "B", "logprob": -1.0})  # type: ignore[attr-defined]
    assert read({"choices": [choice]}).first_token == (("B", -1.0),)


def test_a_token_that_is_listed_again_counts_once_and_its_namesake_counts_too() -> None:
    tops = [{"token": "A", "logprob": lp} for lp in (-1.5, -1.5, -1.5, -4.0)]
    content = [{"token": "A", "logprob": -1.5, "top_logprobs": tops}]
    first = read({"choices": [{"message": {"content": "A"}, "logprobs": {"content": content}}]}).first_token
    assert first == (("A", -1.5), ("A", -4.0))


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": "B"}, "B"),
        ({"content": [{"type": "text", "text": "B"}, {"type": "text", "text": "."}]}, "B."),
        (
            {"content": [{"type": "thinking", "thinking": [{"text": "x"}]}, {"type": "text", "text": "B"}]},
            "B",
        ),
        ({"content": ["B"]}, "B"),
        ({"content": None, "refusal": "No."}, "No."),
        ({"content": "B", "reasoning_content": "Let me think."}, "B"),
        ({"content": None}, ""),
        ({"content": "", "reasoning_content": "Let me think."}, "<think>"),
        ({"content": None, "reasoning": "Let me think."}, "<think>"),
        ({"content": [{"type": "thinking", "thinking": "x"}]}, "<think>"),
    ],
)
def test_a_message_is_read_in_whichever_shape_it_comes(message: dict[str, object], text: str) -> None:
    assert read({"choices": [{"message": message}]}).text == text


@pytest.mark.parametrize(
    "raw",
    [
        b'\xef\xbb\xbf{"choices": [{"message": {"content": "B"}}]}',
        b'{"choices": [{"message": {"content": "B"}}], "usage": {"prompt_tokens": NaN}}',
        b'{"choices": [{"message": {"content": "B"}}], "usage": null}',
        b'{"choices": [{"message": {"content": "B"}}], "usage": {"prompt_tokens": -3}}',
        b'{"choices": [{"message": {"content": "B"}, "index": null}, {"message": {"content": "C"}}]}',
    ],
)
def test_a_body_is_read_as_far_as_it_can_be(raw: bytes) -> None:
    reply = OpenAIWire("m", chat=True).replies(raw, 1, 0.0)[0]
    assert (reply.text, reply.input_tokens) == ("B", None)


def test_the_first_token_after_the_thinking_is_the_answers() -> None:
    tokens = ["<think>", "hm", "</think>", "\n", "B"]
    content = [{"token": t, "logprob": -0.5, "top_logprobs": []} for t in tokens]
    reply = read({"choices": [{"message": {"content": "B"}, "logprobs": {"content": content}}]})
    assert reply.first_token == (("B", -0.5),)
    logprobs = {"tokens": tokens, "token_logprobs": [-0.5] * 5, "top_logprobs": [{}] * 4 + [{"C": -2.0}]}
    reply = read({"choices": [{"text": "B", "logprobs": logprobs}]}, chat=False)
    assert reply.first_token == (("B", -0.5), ("C", -2.0))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": {"message": "slow down", "code": 429}}, RateLimitError),
        ({"error": {"message": "slow down", "code": "429"}, "choices": []}, RateLimitError),
        ({"error": "overloaded"}, ServerError),
        ({"choices": [{"error": {"code": 400, "message": "no"}}]}, InvalidRequestError),
        ({"choices": [{"finish_reason": "error", "message": {"content": "half"}}]}, ServerError),
    ],
)
def test_an_error_in_place_of_a_reply_is_that_error(body: object, error: type[Exception]) -> None:
    async def answer(request: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.json_response(body)

    with pytest.raises(error):
        asyncio.run(answered_by(answer))


async def answered_by(answer: object) -> Reply:
    """What an engine reads from a server of one handler."""
    app = aiohttp.web.Application()
    app.router.add_post("/v1/chat/completions", answer)  # type: ignore[arg-type]
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
    engine = OpenAIHTTP("m", [f"http://127.0.0.1:{runner.addresses[0][1]}/v1?api-version=1"])
    try:
        await engine.reply(REQUEST)
        return await engine.reply(REQUEST)
    finally:
        await engine.aclose()
        await runner.cleanup()


def test_a_reply_as_plain_text_is_read_the_query_goes_along_and_no_cookie_comes_back() -> None:
    seen = []

    async def answer(request: aiohttp.web.Request) -> aiohttp.web.Response:
        seen.append((dict(request.cookies), request.query_string))
        body = json.dumps({"choices": [{"message": {"content": "B"}}]})
        response = aiohttp.web.Response(text=body, content_type="text/plain")
        response.set_cookie("who", "you")
        return response

    assert asyncio.run(answered_by(answer)).text == "B"
    assert seen == [({}, "api-version=1")] * 2


@pytest.mark.parametrize(
    ("status", "headers", "body", "error"),
    [
        (307, {"Location": "http://[::bad"}, "", "redirects to what is no address"),
        (429, {"Retry-After": "Fri, 31 Dec 999999 23:59:59 GMT"}, "{}", "HTTP 429"),
        (429, {"Retry-After": "nan"}, "{}", "HTTP 429"),
        (400, {}, '{"error":' * 1000 + "1" + "}" * 1000, "HTTP 400"),
        (400, {}, '{"error": {"message": ' + "[" * 900 + "]" * 900 + "}}", "HTTP 400"),
        (200, {}, "[" * 5000 + "]" * 5000, "not a completion"),
    ],
)
def test_strange_refusals_are_one_error(status: int, headers: dict[str, str], body: str, error: str) -> None:
    async def answer(request: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response(
            status=status, headers=headers, text=body, content_type="application/json"
        )

    with pytest.raises(LM15Error, match=error):
        asyncio.run(answered_by(answer))


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (400, "API key not valid. Please pass a valid API key.", AuthError),
        (400, "Incorrect API key provided: x", AuthError),
        (400, "model 'm' not found, try pulling it first", UnsupportedModelError),
        (405, "Method Not Allowed", UnsupportedModelError),
        (409, "conflict", ServerError),
        (425, "too early", ServerError),
        (498, "capacity exceeded", ServerError),
        (451, "not here", InvalidRequestError),
    ],
)
def test_what_a_refusal_says_counts_where_its_status_says_less(status: int, said: str, kind: type) -> None:
    async def answer(request: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.json_response([{"error": {"message": said}}], status=status)

    with pytest.raises(LM15Error, match=re.escape(said)) as raised:
        asyncio.run(answered_by(answer))
    assert type(raised.value) is kind


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html>log in", "it is no JSON, and begins: <html>log in"),
        ("", "it is empty"),
        ('{"type": "message", "content": []}', "there are no choices in it, but type, content"),
        ('{"detail": "Not authenticated"}', "an error in place of a reply: Not authenticated"),
        ('[{"generated_text": "A"}]', "the body is list, not an object"),
    ],
)
def test_a_body_that_is_no_completion_is_told_by_what_it_holds(body: str, said: str) -> None:
    async def answer(request: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response(text=body, content_type="application/json")

    with pytest.raises(ServerError, match=re.escape(said)):
        asyncio.run(answered_by(answer))


def test_a_log_probability_beyond_all_numbers_is_none() -> None:
    top = [{"token": "A", "logprob": -0.5}, {"token": "B", "logprob": -(10**400)}]
    content = [{"token": "A", "logprob": -0.5, "top_logprobs": top}]
    data = {"choices": [{"message": {"content": "A"}, "logprobs": {"content": content}}]}
    (reply,) = OpenAIWire("m", chat=True).replies(json.dumps(data).encode(), 1, 0.0)
    assert reply.first_token == (("A", -0.5),)


def test_minus_infinity_is_a_log_probability() -> None:
    top = [{"token": "A", "logprob": -0.0}, {"token": "B", "logprob": -9999.0}]
    content = [{"token": "A", "logprob": -0.0, "top_logprobs": top}]
    data = {"choices": [{"message": {"content": "A"}, "logprobs": {"content": content}}]}
    (reply,) = OpenAIWire("m", chat=True).replies(json.dumps(data).encode(), 1, 0.0)
    first = reply.first_token
    assert first is not None
    assert [math.exp(lp) for _, lp in first] == [1.0, 0.0]


def test_several_answers_are_put_in_order_and_share_what_was_billed() -> None:
    choices = [{"index": i, "message": {"content": "ABCD"[i]}} for i in (2, 0, 1, 3)]
    usage = {"prompt_tokens": 40, "completion_tokens": 5}
    replies = OpenAIWire("m", chat=True).replies(
        json.dumps({"choices": choices, "usage": usage}).encode(), 3, 0.5
    )
    assert [reply.text for reply in replies] == ["A", "B", "C"]
    assert [reply.input_tokens for reply in replies] == [14, 13, 13]
    assert [reply.output_tokens for reply in replies] == [2, 2, 1]
    assert OpenAIWire("m", chat=True).payload(REQUEST, 3)["n"] == 3


@pytest.mark.parametrize("choices", [[], [{"words": "A"}] * 2, "AB", [None, None], {"a": 1}, 7, None])
def test_choices_that_are_none_are_refused(choices: object) -> None:
    with pytest.raises((LookupError, TypeError, ValueError, AttributeError)):
        OpenAIWire("m", chat=True).replies(json.dumps({"choices": choices}).encode(), 2, 0.0)


def test_calls_go_to_the_server_with_the_fewest_outstanding() -> None:
    async def run(first: FakeServer, second: FakeServer) -> None:
        engine = OpenAIHTTP("m", [first.url, second.url])
        for _ in range(10):  # the slow server keeps its first call the whole time
            slow = asyncio.create_task(engine.reply(REQUEST))
            await asyncio.sleep(0.01)
            break
        for _ in range(10):
            await engine.reply(REQUEST)
        slow.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await slow
        await engine.aclose()

    with FakeServer(latency_s=5.0) as first, FakeServer() as second:
        asyncio.run(run(first, second))
        assert (first.calls, second.calls) == (1, 10)


def test_one_engine_serves_several_event_loops_and_leaves_nothing_open() -> None:
    with FakeServer() as server:
        engine = OpenAIHTTP("m", [server.url])
        for _ in range(3):  # an unclosed session would warn, and warnings are errors
            assert asyncio.run(engine.reply(REQUEST)).text == "A"


def test_a_bad_request_is_the_requests_fault() -> None:
    request = Request(model="openai/m", messages=(Message.user("x"),), config=Config(extensions={"foo": 1}))
    with FakeServer() as server, pytest.raises(InvalidRequestError):
        ask(server, request)
