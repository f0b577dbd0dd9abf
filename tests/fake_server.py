"""A misbehaving OpenAI-compatible server on loopback, in a thread of its own."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType

from dspy.lm15 import Message, Request, Response, TokenLogprob, TopLogprob, Usage

from value_personas.programs.engines.serving import Several, SyntheticServer
from value_personas.programs.engines.serving_batches import BatchPlan
from value_personas.programs.engines.serving_faults import FaultPlan

LETTERS = (("A", -0.5), ("B", -1.2), ("C", -2.57), (" A", -4.2))
"""Together .999, so that no page of more options is missing as truncated."""


class LetterEngine:
    """Answers every request with the letter A, and says how sure it is."""

    identity = "letters"

    def complete(self, request: Request) -> Response:
        top = tuple(TopLogprob(token, lp) for token, lp in LETTERS)
        asked = request.config.logprobs is not None
        return Response(
            id=None,
            model=request.model,
            message=Message.assistant("A"),
            finish_reason="stop",
            usage=Usage(input_tokens=40, output_tokens=1),
            logprobs=(TokenLogprob("A", -0.5, top=top),) if asked else None,
        )


class FakeServer:
    """``with FakeServer({"500": 0.5}) as server: ... server.url``."""

    def __init__(
        self,
        shares: Mapping[str, float] | None = None,
        *,
        engine: object = None,
        model: str | None = None,
        key: str | None = None,
        latency_s: float = 0.0,
        slow_s: float = 0.1,
        elsewhere: str = "http://127.0.0.1:9/",
        port: int = 0,
        several: Several = "given",
        quirks: Sequence[str] = (),
        batches: BatchPlan | None = None,
    ) -> None:
        plan = FaultPlan(shares or {}, slow_s=slow_s, elsewhere=elsewhere)
        self.server = SyntheticServer(
            engine or LetterEngine(),  # type: ignore[arg-type]
            model,
            plan,
            latency_s,
            key,
            several,
            quirks,
            batches,
        )
        self._asked_port = port
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            self._task = self._loop.create_task(
                self.server.serve("127.0.0.1", self._asked_port, self._started)
            )
            try:
                runner.run(asyncio.wait({self._task}))  # type: ignore[arg-type]
            finally:
                self._ready.set()

    def _started(self, port: int) -> None:
        self.port = port
        self._ready.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def calls(self) -> int:
        return self.server.calls

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(timeout=10)

    def __enter__(self) -> "FakeServer":
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
