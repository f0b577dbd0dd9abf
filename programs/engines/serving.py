"""A synchronous engine behind real HTTP, as an OpenAI-compatible server that can be told to misbehave.

For rehearsals and tests on loopback: no authentication beyond an expected key, no encryption.
"""

import asyncio
import hashlib
import itertools
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from dspy.lm15 import Config, LM15Error, Message, Request, Response, request_from_openai_chat

from programs.engines.base import SyncEngine

__all__ = ["FAULTS", "FaultPlan", "SyntheticServer"]

_HUGE_BODY = 50 * 1024 * 1024
_NEVER_S = 3600.0


@dataclass(frozen=True)
class FaultPlan:
    """Which calls go wrong, and how.

    Attributes:
        shares: share of the calls that meet each fault of ``FAULTS``; the sum is at most 1.
        seed: of the draw. It depends on the number of the call, not on what is asked: a call that is tried
            again may succeed.
        slow_s: seconds over which the fault ``slow`` drips its reply.
        elsewhere: where the fault ``redirect`` points.
    """

    shares: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    slow_s: float = 2.0
    elsewhere: str = "http://127.0.0.1:9/v1/chat/completions"

    def __post_init__(self) -> None:
        unknown = sorted(set(self.shares) - set(FAULTS))
        if unknown:
            raise ValueError(f"no such fault: {', '.join(unknown)}; there are {', '.join(FAULTS)}")
        if any(share < 0 for share in self.shares.values()) or sum(self.shares.values()) > 1 + 1e-9:
            raise ValueError(f"shares must be at least 0 and sum to at most 1, got {dict(self.shares)}")

    def draw(self, call: int) -> str | None:
        """The fault of the call of this number, if any."""
        digest = hashlib.sha256(f"{self.seed} {call}".encode()).digest()
        at = int.from_bytes(digest[:8], "big") / 2**64
        for name, share in self.shares.items():
            at -= share
            if at < 0:
                return name
        return None


class SyntheticServer:
    """Serves ``/v1/chat/completions``, ``/v1/completions`` and ``/v1/models``.

    Args:
        engine: what answers.
        model: the one name it answers to; any when None.
        plan: what goes wrong.
        latency_s: seconds before every reply.
        key: the key that is expected as a bearer token; any when None.

    Attributes:
        calls: attempts received.
        faults: how often each fault was served.
        headers: of the last attempt.
    """

    def __init__(
        self,
        engine: SyncEngine,
        model: str | None = None,
        plan: FaultPlan | None = None,
        latency_s: float = 0.0,
        key: str | None = None,
    ) -> None:
        self.plan = plan or FaultPlan()
        self.latency_s = latency_s
        self.faults: Counter[str] = Counter()
        self.headers: Mapping[str, str] = {}
        self.calls = 0
        self._engine = engine
        self._model = model
        self._key = key
        self._numbers = itertools.count()

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/completions", self._completions)
        app.router.add_get("/v1/models", self._models)
        return app

    async def serve(self, host: str, port: int, ready: Callable[[int], None]) -> None:
        """Serve until cancelled; ``ready`` is told the port, which is a free one when ``port`` is 0."""
        runner = web.AppRunner(self.application(), access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port)
            await site.start()
            server: Any = site._server  # aiohttp tells the port of TCPSite nowhere else
            ready(server.sockets[0].getsockname()[1])
            await asyncio.sleep(_NEVER_S * 24 * 365)
        finally:
            await runner.cleanup()

    async def _models(self, request: web.Request) -> web.StreamResponse:
        return _json({"object": "list", "data": [{"id": self._model or "synthetic", "object": "model"}]})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, _chat_request, _chat_body)

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, _completions_request, _completions_body)

    async def _answer(
        self,
        request: web.Request,
        read: Callable[[dict[str, Any]], Request],
        write: Callable[[Response], dict[str, Any]],
    ) -> web.StreamResponse:
        self.calls += 1
        self.headers = request.headers
        payload = orjson.loads(await request.read())
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        if self._key is not None and request.headers.get("Authorization") != f"Bearer {self._key}":
            return _error(401, "Incorrect API key provided: " + request.headers.get("Authorization", "none"))
        if self._model is not None and payload.get("model") != self._model:
            return _error(404, f"The model `{payload.get('model')}` does not exist.")
        fault = self.plan.draw(next(self._numbers))
        try:
            body = write(self._engine.complete(read(payload)))
        except LM15Error as error:
            return _error(400, str(error))
        if fault is None:
            return _json(body)
        self.faults[fault] += 1
        return await FAULTS[fault](request, body, self.plan)


def _json(body: Mapping[str, Any], status: int = 200, **headers: str) -> web.Response:
    return web.Response(
        body=orjson.dumps(body), status=status, content_type="application/json", headers=headers
    )


def _error(status: int, message: str, **headers: str) -> web.Response:
    return _json({"error": {"message": message, "type": "synthetic"}}, status, **headers)


def _chat_request(payload: dict[str, Any]) -> Request:
    payload = {name: value for name, value in payload.items() if value is not None}
    request: Request = request_from_openai_chat(payload)
    return request


def _completions_request(payload: dict[str, Any]) -> Request:
    """The first paragraph is taken for the instruction, as the client puts it there."""
    system, _, rest = payload["prompt"].partition("\n\n")
    names = ("temperature", "max_tokens", "seed", "logprobs")
    config = Config(**{name: payload[name] for name in names if payload.get(name) is not None})
    return Request(
        model=payload["model"], system=system, messages=(Message.user(rest or system),), config=config
    )


def _base(response: Response) -> dict[str, Any]:
    usage = response.usage
    return {
        "id": "synthetic",
        "created": int(time.time()),
        "model": response.model,
        "usage": {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.total_tokens,
        },
    }


def _chat_body(response: Response) -> dict[str, Any]:
    content = [
        {
            "token": token.token,
            "logprob": token.logprob,
            "top_logprobs": [{"token": top.token, "logprob": top.logprob} for top in token.top],
        }
        for token in response.logprobs or ()
    ]
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": response.text},
        "finish_reason": response.finish_reason,
        "logprobs": {"content": content} if content else None,
    }
    return _base(response) | {"object": "chat.completion", "choices": [choice]}


def _completions_body(response: Response) -> dict[str, Any]:
    tokens = response.logprobs or ()
    logprobs = {
        "tokens": [token.token for token in tokens],
        "token_logprobs": [token.logprob for token in tokens],
        "top_logprobs": [{top.token: top.logprob for top in token.top} for token in tokens],
    }
    choice = {
        "index": 0,
        "text": response.text,
        "finish_reason": response.finish_reason,
        "logprobs": logprobs if tokens else None,
    }
    return _base(response) | {"object": "text_completion", "choices": [choice]}


Fault = Callable[[web.Request, dict[str, Any], FaultPlan], Awaitable[web.StreamResponse]]


def _status(status: int, **headers: str) -> Fault:
    async def fault(request: web.Request, body: dict[str, Any], plan: FaultPlan) -> web.StreamResponse:
        return _error(status, "a fault was asked for", **headers)

    return fault


async def _reset(request: web.Request, body: dict[str, Any], plan: FaultPlan) -> web.StreamResponse:
    """Half of the body, then the connection is cut."""
    whole = orjson.dumps(body)
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = len(whole)
    await response.prepare(request)
    await response.write(whole[: len(whole) // 2])
    if request.transport is not None:
        request.transport.abort()
    return response


async def _slow(request: web.Request, body: dict[str, Any], plan: FaultPlan) -> web.StreamResponse:
    """The right body, in twenty drops."""
    whole = orjson.dumps(body)
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    step = -(-len(whole) // 20)
    with suppress(ConnectionError):
        for start in range(0, len(whole), step):
            await response.write(whole[start : start + step])
            await asyncio.sleep(plan.slow_s / 20)
    return response


async def _timeout(request: web.Request, body: dict[str, Any], plan: FaultPlan) -> web.StreamResponse:
    """No answer at all; the client hangs up."""
    await asyncio.sleep(_NEVER_S)
    return _error(504, "nobody waited")


async def _huge(request: web.Request, body: dict[str, Any], plan: FaultPlan) -> web.StreamResponse:
    """A body of 50 MB, its length announced."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = _HUGE_BODY
    return await _pour(request, response)


async def _huge_chunked(request: web.Request, body: dict[str, Any], plan: FaultPlan) -> web.StreamResponse:
    """A body of 50 MB in chunks: its length shows only as it comes."""
    return await _pour(request, web.StreamResponse(headers={"Content-Type": "application/json"}))


async def _pour(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    await response.prepare(request)
    drop = b" " * 65536
    with suppress(ConnectionError):  # a client that has had enough hangs up, as it should
        for _ in range(_HUGE_BODY // len(drop)):
            await response.write(drop)
    return response


def _instead(change: Callable[[dict[str, Any]], Any]) -> Fault:
    """A reply that is well-formed HTTP but not what was promised."""

    async def fault(request: web.Request, body: dict[str, Any], plan: FaultPlan) -> web.StreamResponse:
        changed = change(body)
        return changed if isinstance(changed, web.StreamResponse) else _json(changed)

    return fault


async def _redirect(request: web.Request, body: dict[str, Any], plan: FaultPlan) -> web.StreamResponse:
    return web.Response(status=307, headers={"Location": plan.elsewhere})


def _first_choice(body: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return body | {"choices": [body["choices"][0] | changed]}


def _said(text: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Words in place of a letter; with the log-probabilities of those words, if any were asked for."""

    def change(body: dict[str, Any]) -> dict[str, Any]:
        token = text.split()[0]
        told = {"content": [{"token": token, "logprob": -0.01, "top_logprobs": []}]}
        logprobs = told if body["choices"][0]["logprobs"] else None
        message = {"role": "assistant", "content": text}
        return _first_choice(body, message=message, text=text, logprobs=logprobs)

    return change


def _truncated(body: dict[str, Any]) -> dict[str, Any]:
    """Only the first alternative is reported."""
    content = (body["choices"][0]["logprobs"] or {}).get("content")
    if not content:
        return body
    first = content[0] | {"top_logprobs": content[0]["top_logprobs"][:1]}
    return _first_choice(body, logprobs={"content": [first]})


FAULTS: Mapping[str, Fault] = {
    "429": _status(429),
    "429-retry-after": _status(429, **{"Retry-After": "1"}),
    "500": _status(500),
    "502": _status(502),
    "503": _status(503),
    "reset": _reset,
    "slow": _slow,
    "timeout": _timeout,
    "invalid-json": _instead(
        lambda body: web.Response(body=b'{"choices": [{', content_type="application/json")
    ),
    "empty-choices": _instead(lambda body: body | {"choices": []}),
    "no-logprobs": _instead(lambda body: _first_choice(body, logprobs=None)),
    "truncated-logprobs": _instead(_truncated),
    "wrong-content-type": _instead(
        lambda body: web.Response(text="<html>busy</html>", content_type="text/html")
    ),
    "huge-body": _huge,
    "huge-chunked-body": _huge_chunked,
    "redirect": _redirect,
    "refusal": _instead(_said("I'm sorry, but I can't answer that.")),
    "other-language": _instead(_said("Lo siento, prefiero no responder a esa pregunta.")),
    "401": _status(401),
    "404": _status(404),
}
"""Every fault by name. All but the last two may pass; those end a run."""
