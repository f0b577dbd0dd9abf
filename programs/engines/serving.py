"""A synchronous engine behind real HTTP, as an OpenAI-compatible server that can be told to misbehave.

For rehearsals and tests on loopback: no authentication beyond an expected key, no encryption.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import orjson
from aiohttp import web
from dspy.lm15 import LM15Error, Request, Response

from value_personas.programs.engines.base import SyncEngine, reseeded
from value_personas.programs.engines.serving_batches import BatchPlan, BatchQueue
from value_personas.programs.engines.serving_faults import (
    FAULTS,
    NEVER_S,
    FaultPlan,
    error_response,
    json_response,
)
from value_personas.programs.engines.serving_prefixes import PrefixCache
from value_personas.programs.engines.serving_quirks import QUIRKS
from value_personas.programs.engines.serving_wire import CHAT, COMPLETIONS, Endpoint

_LARGEST_FILE = 256 * 1024 * 1024

Several = Literal["given", "ignored", "refused"]
"""What becomes of a request for several answers (``n``); all three are found among real servers."""


class SyntheticServer:
    """Serves ``/v1/chat/completions`` and ``completions``, ``models``, ``files`` and ``batches``.

    Args:
        engine: what answers.
        model: the one name it answers to; any when None.
        plan: what goes wrong.
        latency_s: seconds before every reply.
        key: the key that is expected as a bearer token; any when None.
        quirks: how it differs from what the protocol describes, by the names of ``QUIRKS``.
        several: what becomes of ``n``. Given, an answer's number is added to the seed, as vLLM does.
        batches: what goes wrong with batches.

    Attributes:
        calls: attempts received.
        faults: how often each fault was served.
        headers: of the last attempt.
        queue: its files and batches.
        prefixes: what it has read before; every reply tells how much of its prompt that was.
    """

    def __init__(
        self,
        engine: SyncEngine,
        model: str | None = None,
        plan: FaultPlan | None = None,
        latency_s: float = 0.0,
        key: str | None = None,
        several: Several = "given",
        quirks: Sequence[str] = (),
        batches: BatchPlan | None = None,
    ) -> None:
        unknown = sorted(set(quirks) - set(QUIRKS))
        if unknown:
            raise ValueError(f"no such quirk: {', '.join(unknown)}; there are {', '.join(QUIRKS)}")
        self.plan = plan or FaultPlan()
        self.latency_s = latency_s
        self.faults: Counter[str] = Counter()
        self.headers: Mapping[str, str] = {}
        self.calls = 0
        self.prefixes = PrefixCache()
        self.queue = BatchQueue(self._in_batch, batches or BatchPlan())
        self._engine = engine
        self._model = model
        self._key = key
        self._several = several
        self._quirks = [QUIRKS[name] for name in quirks]
        self._numbers = itertools.count()

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=_LARGEST_FILE, middlewares=[self._guarded])
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/completions", self._completions)
        app.router.add_get("/v1/models", self._models)
        self.queue.add_to(app)
        return app

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Files and batches are for those who have the key; completions say so themselves."""
        guarded = request.path.startswith(("/v1/files", "/v1/batches"))
        sent = request.headers.get("Authorization", "none")
        if guarded and self._key is not None and sent != f"Bearer {self._key}":
            return error_response(401, "Incorrect API key provided: " + sent)
        response: web.StreamResponse = await handler(request)
        return response

    async def _in_batch(self, path: str, payload: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """What one request of a batch is answered."""
        self.calls += 1
        refusal = self._refusal(f"Bearer {self._key}", payload)
        body = refusal.body if refusal else None
        if refusal and isinstance(body, bytes):
            return refusal.status, orjson.loads(body)
        payload.setdefault("max_tokens", payload.pop("max_completion_tokens", None))
        try:
            endpoint = CHAT if path == "/v1/chat/completions" else COMPLETIONS
            return 200, self._answered(payload, endpoint, payload.get("n") or 1)
        except LM15Error as error:
            return 400, {"error": {"message": str(error), "type": "synthetic"}}

    async def serve(self, host: str, port: int, ready: Callable[[int], None]) -> None:
        """Serve until cancelled; ``ready`` is told the port, which is a free one when ``port`` is 0."""
        runner = web.AppRunner(self.application(), access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port)
            await site.start()
            server: Any = site._server  # aiohttp tells the port of TCPSite nowhere else
            ready(server.sockets[0].getsockname()[1])
            await asyncio.sleep(NEVER_S * 24 * 365)
        finally:
            await runner.cleanup()

    async def _models(self, request: web.Request) -> web.StreamResponse:
        return json_response(
            {"object": "list", "data": [{"id": self._model or "synthetic", "object": "model"}]}
        )

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, CHAT)

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, COMPLETIONS)

    async def _answer(self, request: web.Request, endpoint: Endpoint) -> web.StreamResponse:
        self.calls += 1
        self.headers = request.headers
        payload = orjson.loads(await request.read())
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        if refusal := self._refusal(request.headers.get("Authorization", "none"), payload):
            return refusal
        fault = self.plan.draw(next(self._numbers))
        count = payload.get("n") or 1 if self._several == "given" else 1
        payload.setdefault("max_tokens", payload.pop("max_completion_tokens", None))
        try:
            body: Any = self._answered(payload, endpoint, count)
        except LM15Error as error:
            return error_response(400, str(error))
        if fault is None:
            for quirk in self._quirks:
                body = quirk.change(body) if isinstance(body, dict) else body
            return body if isinstance(body, web.StreamResponse) else json_response(body)
        self.faults[fault] += 1
        return await FAULTS[fault](request, body, self.plan)

    def _refusal(self, sent: str, payload: dict[str, Any]) -> web.Response | None:
        """What is wrong with a request, if anything is; ``sent`` is its authorisation."""
        if self._key is not None and sent != f"Bearer {self._key}":
            return error_response(401, "Incorrect API key provided: " + sent)
        if self._model is not None and payload.get("model") != self._model:
            return error_response(404, f"The model `{payload.get('model')}` does not exist.")
        for refusal in (quirk.refuse(payload) for quirk in self._quirks):
            if refusal is not None:
                status, message = refusal
                return error_response(status, message.replace("{key}", sent.removeprefix("Bearer ")))
        if self._several == "refused" and payload.get("n", 1) > 1:
            return error_response(400, "'n' : number must be at most 1")
        return None

    def _answered(self, payload: dict[str, Any], endpoint: Endpoint, count: int) -> dict[str, Any]:
        """The body of a reply."""
        request = endpoint.read(payload)
        body = endpoint.write(self._draws(request, count))
        cached = int(self.prefixes.read(request) * body["usage"]["prompt_tokens"])
        body["usage"]["prompt_tokens_details"] = {"cached_tokens": cached}
        return body

    def _draws(self, request: Request, count: int) -> list[Response]:
        return [self._engine.complete(reseeded(request, number)) for number in range(count)]
