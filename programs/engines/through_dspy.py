"""Every other provider that DSPy knows, through DSPy's own engines."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import dspy
from dspy.clients.engines import LM15Engine
from dspy.lm15 import (
    AuthError,
    BillingError,
    InvalidRequestError,
    LM15Error,
    RateLimitError,
    Request,
    Response,
    RouterConfig,
    ServerError,
    TimeoutError,
    TransportError,
    UnknownModelError,
    UnsupportedModelError,
)

from value_personas.programs.engines.base import EngineKind
from value_personas.programs.engines.settings import EngineSettings

_LIKE: dict[type[Exception], type[LM15Error]] = {
    dspy.LMAuthError: AuthError,
    dspy.LMBillingError: BillingError,
    dspy.LMRateLimitError: RateLimitError,
    dspy.LMTimeoutError: TimeoutError,
    dspy.LMTransportError: TransportError,
    dspy.LMUnsupportedModelError: UnsupportedModelError,
    dspy.LMServerError: ServerError,
    dspy.LMUnexpectedError: ServerError,
}


def _canonical(error: dspy.LMError) -> LM15Error:
    """DSPy's error as the one that engines raise; LiteLLM, by which it reaches some, has its own beneath."""
    kind = next((like for own, like in _LIKE.items() if isinstance(error, own)), InvalidRequestError)
    return kind(str(error), retry_after=getattr(error, "retry_after", None))


def is_known(name: str) -> bool:
    """Whether DSPy has a way to the provider that a model's name begins with."""
    try:
        LM15Engine(RouterConfig(env={})).resolve(name)
    except UnknownModelError:
        import litellm  # seconds, but only for names that DSPy itself does not know

        return name.partition("/")[0] in {getattr(p, "value", p) for p in litellm.provider_list}
    return True


class ThroughDSPy(EngineKind):
    """One of DSPy's providers as an engine of ours: no cache and no retries of DSPy's own.

    Args:
        name: the model as DSPy names it, for example ``anthropic/MODEL``.
        extra: what stands in every body beside what a request says; part of the identity.
        options: what ``dspy.LM`` takes to find and open the provider (``api_base``, ``api_key``).
    """

    def __init__(self, name: str, extra: Mapping[str, Any] | None = None, **options: Any) -> None:
        self._extra = dict(extra or {})
        shown = json.dumps(self._extra, sort_keys=True) if self._extra else ""
        self.identity = " ".join(part for part in ("dspy", options.get("api_base", ""), shown) if part)
        self._lm = dspy.LM(name, cache=False, num_retries=0, **options)

    @classmethod
    def opened(cls, settings: EngineSettings, model: str) -> "ThroughDSPy":
        """By the whole name, which DSPy reads itself."""
        options = {"api_base": settings.addresses[0]} if settings.addresses else {}
        if key := settings.key():
            options["api_key"] = key
        return cls(settings.lm, settings.extra, **options)

    async def complete(self, request: Request) -> Response:
        """Answer one request.

        Raises:
            LM15Error: as the provider's engine raised it, beneath DSPy's own error; else its like.
        """
        if self._extra:
            extensions = {**(request.config.extensions or {}), **self._extra}
            request = replace(request, config=replace(request.config, extensions=extensions))
        try:
            with dspy.context(disable_history=True, trace=None):
                response: Response = await self._lm.acall(request)
        except dspy.LMError as error:
            cause = error.__cause__
            raise cause if isinstance(cause, LM15Error) else _canonical(error) from None
        return response

    async def aclose(self) -> None:
        """DSPy closes its own connections with their loop."""
