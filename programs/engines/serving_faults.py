"""What a served engine can be told to do wrong."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

_HUGE_BODY = 50 * 1024 * 1024

NEVER_S = 3600.0
"""Longer than anybody waits."""


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


def json_response(body: Mapping[str, Any], status: int = 200, **headers: str) -> web.Response:
    """A JSON body."""
    return web.Response(
        body=orjson.dumps(body), status=status, content_type="application/json", headers=headers
    )


def error_response(status: int, message: str, **headers: str) -> web.Response:
    """An error as OpenAI's servers word it."""
    return json_response({"error": {"message": message, "type": "synthetic"}}, status, **headers)


Fault = Callable[[web.Request, dict[str, Any], FaultPlan], Awaitable[web.StreamResponse]]


def _status(status: int, **headers: str) -> Fault:
    async def fault(request: web.Request, body: dict[str, Any], plan: FaultPlan) -> web.StreamResponse:
        return error_response(status, "a fault was asked for", **headers)

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
    await asyncio.sleep(NEVER_S)
    return error_response(504, "nobody waited")


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
        return changed if isinstance(changed, web.StreamResponse) else json_response(changed)

    return fault


async def _redirect(request: web.Request, body: dict[str, Any], plan: FaultPlan) -> web.StreamResponse:
    return web.Response(status=307, headers={"Location": plan.elsewhere})


def _each_choice(body: dict[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    return body | {"choices": [choice | change(choice) for choice in body["choices"]]}


def _said(text: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Words in place of a letter; with the log-probabilities of those words, if any were asked for."""
    told = {"content": [{"token": text.split()[0], "logprob": -0.01, "top_logprobs": []}]}

    def change(choice: dict[str, Any]) -> dict[str, Any]:
        message = {"role": "assistant", "content": text}
        return {"message": message, "text": text, "logprobs": told if choice["logprobs"] else None}

    return lambda body: _each_choice(body, change)


def _truncated(choice: dict[str, Any]) -> dict[str, Any]:
    """Only the first alternative is reported."""
    content = (choice["logprobs"] or {}).get("content")
    if not content:
        return {}
    return {"logprobs": {"content": [content[0] | {"top_logprobs": content[0]["top_logprobs"][:1]}]}}


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
    "no-logprobs": _instead(lambda body: _each_choice(body, lambda choice: {"logprobs": None})),
    "truncated-logprobs": _instead(lambda body: _each_choice(body, _truncated)),
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
