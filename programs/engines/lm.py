"""A model as DSPy's modules and optimisers hold it: a ``dspy.LM`` over our wrapped engine."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import dspy
from dspy.lm15 import Request, Response, ServerError

from value_personas.programs.engines.base import Replier, response_of
from value_personas.programs.engines.replies import ReplyFailure
from value_personas.programs.engines.threads import run_in_background
from value_personas.signatures import EngineError, ValuePersonasError

_draws: ContextVar[Iterator[int] | None] = ContextVar("draws", default=None)


def language_model(name: str, replier: Replier, **parameters: Any) -> dspy.LM:
    """A ``dspy.LM`` whose every reply is durable, for modules and optimisers.

    DSPy's cache, retries and history of it are off: the store, the patient wrapper and the record of the
    run do that work. Saved with a program it holds no address and no secret.

    Args:
        name: the model as the recipe names it.
        replier: answers, durably.
        **parameters: decoding parameters of every request that names none of its own.
    """
    asynchronous = AsyncDSPyEngine(replier)
    engines = {"engine": DSPyEngine(asynchronous), "async_engine": asynchronous}
    return _LM(name, **engines, cache=False, num_retries=0, **parameters)


def asks(lm: Any, name: str) -> bool:
    """Whether an LM is a model's own, or a copy of it that wants another draw."""
    return isinstance(lm, _LM) and lm.model == name


class AsyncDSPyEngine:
    """The asynchronous engine that DSPy calls."""

    def __init__(self, replier: Replier | None) -> None:
        self._replier = replier

    async def complete(self, request: Request) -> Response:
        """Answer one request; which draw of it, the call's ``rollout_id`` and ``n`` say."""
        if self._replier is None:
            raise EngineError("this program was saved without its model; give it one with set_lm(model.lm)")
        draws = _draws.get()
        try:
            reply = await self._replier.reply(request, next(draws) if draws else 0)
        except ReplyFailure as failure:
            raise ServerError(str(failure)) from failure
        return response_of(reply, request.model)

    async def aclose(self) -> None:
        """The model closes its engine."""

    def dump_state(self) -> dict[str, Any]:
        """Nothing: whoever loads the program says which model it runs on."""
        return {}

    @classmethod
    def load_state(cls, state: dict[str, Any]) -> "AsyncDSPyEngine":
        """An engine that asks to be replaced."""
        return cls(None)

    def __deepcopy__(self, memo: dict[int, Any]) -> "AsyncDSPyEngine":
        """Copies of a program, of which optimisers make many, share the engine."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Of a program that is pickled, an engine that asks to be replaced: a connection is no content."""
        return AsyncDSPyEngine, (None,)


class DSPyEngine:
    """Its twin for DSPy's threads, which all share one background loop."""

    def __init__(self, asynchronous: AsyncDSPyEngine) -> None:
        self._asynchronous = asynchronous

    def complete(self, request: Request) -> Response:
        """Answer one request."""
        return run_in_background(self._asynchronous.complete(request))

    def close(self) -> None:
        """The model closes its engine."""

    def dump_state(self) -> dict[str, Any]:
        """Nothing: whoever loads the program says which model it runs on."""
        return {}

    @classmethod
    def load_state(cls, state: dict[str, Any]) -> "DSPyEngine":
        """An engine that asks to be replaced."""
        return cls(AsyncDSPyEngine(None))

    def __deepcopy__(self, memo: dict[int, Any]) -> "DSPyEngine":
        """Copies of a program share the engine."""
        return self


class _LM(dspy.LM):
    """Tells the engine which draw is wanted, and lets the project's own errors through as themselves.

    DSPy strips ``rollout_id`` before the engine and asks for ``n`` candidates by sending one request n
    times. To a store, those are one request: without a number for each, all draws would be the first.
    Adapters of DSPy 3.4 come by ``__call__`` and ``acall``, those of 3.5 by ``generate`` and ``agenerate``.
    """

    def __call__(self, *given: Any, **options: Any) -> Any:
        with self._draws(options), _own_errors():
            return super().__call__(*given, **options)

    async def acall(self, *given: Any, **options: Any) -> Any:
        with self._draws(options), _own_errors():
            return await super().acall(*given, **options)

    def generate(self, *given: Any, **options: Any) -> Any:
        with self._draws(options), _own_errors():
            return super().generate(*given, **options)  # pyright: ignore - from DSPy 3.5 on

    async def agenerate(self, *given: Any, **options: Any) -> Any:
        with self._draws(options), _own_errors():
            return await super().agenerate(*given, **options)  # pyright: ignore - likewise

    @contextmanager
    def _draws(self, options: dict[str, Any]) -> Iterator[None]:
        if _draws.get() is not None:  # one of these has called another: the draws are counted already
            yield
            return
        first = options.get("rollout_id", self.kwargs.get("rollout_id")) or 0
        token = _draws.set(itertools.count(first))
        try:
            yield
        finally:
            _draws.reset(token)


@contextmanager
def _own_errors() -> Iterator[None]:
    """DSPy wraps what it does not know; a budget that is reached must end the run as what it is."""
    try:
        yield
    except dspy.LMError as error:
        if isinstance(error.__cause__, ValuePersonasError):
            raise error.__cause__ from None
        raise
