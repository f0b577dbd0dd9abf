"""``/v1/files`` and ``/v1/batches`` of a served engine: a queue that may misbehave as real ones do."""

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from value_personas.programs.engines.serving_faults import error_response, json_response


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """What goes wrong with batches.

    Attributes:
        errors: the share of requests that end in an error of status 500.
        expires: numbers of the batches, from 0, that expire when half of their requests are done.
        fails: numbers of the batches that are refused as a whole.
        seconds: that a batch takes.
        most_requests: of one file; more are refused.
    """

    errors: float = 0.0
    expires: frozenset[int] = frozenset()
    fails: frozenset[int] = frozenset()
    seconds: float = 0.0
    most_requests: int = 50_000


Ask = Callable[[str, dict[str, Any]], Awaitable[tuple[int, dict[str, Any]]]]


@dataclass(slots=True)
class BatchQueue:
    """Takes files of requests and answers them, out of order.

    Attributes:
        ask: a path and a body → status and body of the answer.
        plan: what goes wrong.
        files: those that it has, by id: name, purpose and content.
        batches: by id, as they are told of.
        sent: how often a file was sent, by its name.
    """

    ask: Ask
    plan: BatchPlan = field(default_factory=BatchPlan)
    files: dict[str, tuple[str, str, bytes]] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    _numbers: Any = field(default_factory=itertools.count)
    _random: random.Random = field(default_factory=lambda: random.Random(0))
    _going_on: set[asyncio.Task[None]] = field(default_factory=set)

    def add_to(self, app: web.Application) -> None:
        """Serve the endpoints."""
        app.router.add_post("/v1/files", self._take)
        app.router.add_get("/v1/files", self._list_files)
        app.router.add_get("/v1/files/{id}/content", self._content)
        app.router.add_post("/v1/batches", self._begin)
        app.router.add_get("/v1/batches", self._list_batches)
        app.router.add_get("/v1/batches/{id}", self._state)

    async def _take(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        sent: Any = form["file"]
        number = f"file-{next(self._numbers)}"
        self.files[number] = (sent.filename, str(form.get("purpose")), sent.file.read())
        self.sent.append(sent.filename)
        return json_response(self._file(number))

    async def _list_files(self, request: web.Request) -> web.StreamResponse:
        return json_response(
            {"object": "list", "data": [self._file(n) for n in self.files], "has_more": False}
        )

    async def _content(self, request: web.Request) -> web.StreamResponse:
        found = self.files.get(request.match_info["id"])
        return web.Response(body=found[2]) if found else error_response(404, "No such file")

    async def _begin(self, request: web.Request) -> web.StreamResponse:
        wanted = orjson.loads(await request.read())
        if wanted.get("input_file_id") not in self.files:
            return error_response(400, "No such input_file_id")
        name = f"batch_{len(self.batches)}"
        self.batches[name] = {
            "id": name, "object": "batch", "endpoint": wanted["endpoint"], "status": "validating",
            "input_file_id": wanted["input_file_id"], "completion_window": wanted.get("completion_window"),
            "created_at": int(time.time()), "request_counts": {"total": 0, "completed": 0, "failed": 0},
        }  # fmt: skip
        task = asyncio.get_running_loop().create_task(self._work(name, len(self.batches) - 1))
        self._going_on.add(task)
        task.add_done_callback(self._going_on.discard)
        return json_response(self.batches[name])

    async def _list_batches(self, request: web.Request) -> web.StreamResponse:
        return json_response({"object": "list", "data": list(self.batches.values()), "has_more": False})

    async def _state(self, request: web.Request) -> web.StreamResponse:
        found = self.batches.get(request.match_info["id"])
        return json_response(found) if found else error_response(404, "No such batch")

    async def _work(self, name: str, number: int) -> None:
        batch = self.batches[name]
        lines = self.files[batch["input_file_id"]][2].splitlines()
        problem = self._problem(lines, batch["endpoint"])
        if number in self.plan.fails:
            problem = "the batch was refused"
        if problem:
            batch["errors"] = {
                "object": "list",
                "data": [{"code": "invalid", "message": problem, "line": None}],
            }
            batch["status"] = "failed"
            return
        batch["status"], batch["request_counts"]["total"] = "in_progress", len(lines)
        await asyncio.sleep(self.plan.seconds)
        expires = number in self.plan.expires
        answered: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        for place, line in enumerate(lines):
            result = await self._result(orjson.loads(line), late=expires and place >= len(lines) // 2)
            (failed if result["error"] or result["response"]["status_code"] != 200 else answered).append(
                result
            )
            if place % 100 == 0:
                await asyncio.sleep(0)
        batch["request_counts"] |= {"completed": len(answered), "failed": len(failed)}
        for kind, results in (("output_file_id", answered), ("error_file_id", failed)):
            if results:
                self._random.shuffle(results)
                batch[kind] = f"file-{next(self._numbers)}"
                content = b"".join(orjson.dumps(result) + b"\n" for result in results)
                self.files[batch[kind]] = (f"{name}_{kind}.jsonl", "batch_output", content)
        batch["status"] = "expired" if expires else "completed"

    def _problem(self, lines: list[bytes], endpoint: str) -> str | None:
        if len(lines) > self.plan.most_requests:
            return f"the file has more than {self.plan.most_requests} requests"
        asked = [orjson.loads(line) for line in lines]
        if len({one["custom_id"] for one in asked}) < len(asked):
            return "a custom_id stands twice"
        if any(one["url"] != endpoint or one["method"] != "POST" for one in asked):
            return "a request is for another endpoint"
        return None

    async def _result(self, asked: Mapping[str, Any], *, late: bool) -> dict[str, Any]:
        result: dict[str, Any] = {
            "id": f"batch_req_{next(self._numbers)}", "custom_id": asked["custom_id"], "response": None,
            "error": None,
        }  # fmt: skip
        if late:
            message = "This request could not be executed before the completion window expired."
            return result | {"error": {"code": "batch_expired", "message": message}}
        status, body = await self.ask(asked["url"], dict(asked["body"]))
        if self._random.random() < self.plan.errors:
            status, body = 500, {"error": {"message": "a fault was asked for", "type": "synthetic"}}
        return result | {"response": {"status_code": status, "request_id": result["id"], "body": body}}

    def _file(self, number: str) -> dict[str, Any]:
        name, purpose, content = self.files[number]
        return {"id": number, "object": "file", "bytes": len(content), "filename": name, "purpose": purpose}
