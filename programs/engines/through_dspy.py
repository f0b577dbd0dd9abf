"""Every other provider that DSPy knows, through DSPy's own engines."""

from typing import Any

import dspy
from dspy.clients.engines import LM15Engine
from dspy.lm15 import LM15Error, Request, Response, RouterConfig, UnknownModelError

from value_personas.programs.engines.base import EngineKind
from value_personas.programs.engines.settings import EngineSettings

__all__ = ["ThroughDSPy", "is_known"]


def is_known(name: str) -> bool:
    """Whether DSPy has a way to the provider that a model's name begins with."""
    try:
        LM15Engine(RouterConfig(env={})).resolve(name)
    except UnknownModelError:
        import litellm  # seconds, but only for names that DSPy itself does not know

        return name.partition("/")[0] in {str(provider) for provider in litellm.provider_list}
    return True


class ThroughDSPy(EngineKind):
    """One of DSPy's providers as an engine of ours: no cache and no retries of DSPy's own.

    Args:
        name: the model as DSPy names it, for example ``anthropic/MODEL``.
        options: what ``dspy.LM`` takes to find and open the provider (``api_base``, ``api_key``).
    """

    def __init__(self, name: str, **options: Any) -> None:
        where = options.get("api_base", "")
        self.identity = f"dspy {where}".strip()
        self._lm = dspy.LM(name, cache=False, num_retries=0, **options)

    @classmethod
    def opened(cls, settings: EngineSettings, model: str) -> "ThroughDSPy":
        """By the whole name, which DSPy reads itself."""
        options = {"api_base": settings.addresses[0]} if settings.addresses else {}
        if key := settings.key():
            options["api_key"] = key
        return cls(settings.lm, **options)

    async def complete(self, request: Request) -> Response:
        """Answer one request.

        Raises:
            LM15Error: as the provider's engine raised it, beneath DSPy's own error.
        """
        try:
            with dspy.context(disable_history=True, trace=None):
                response: Response = await self._lm.acall(request)
        except dspy.LMError as error:
            cause = error.__cause__
            raise cause if isinstance(cause, LM15Error) else error from None
        return response

    async def aclose(self) -> None:
        """DSPy closes its own connections with their loop."""
