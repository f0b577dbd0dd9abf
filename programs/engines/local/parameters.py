"""The engine's own settings, as they stand under ``respondent.parameters`` in a recipe."""

from typing import Any, Literal

from pydantic import Field

from value_personas.signatures import Frozen

Scoring = Literal["first-token", "option-text"]


class LocalParameters(Frozen):
    """How a model in this process is run and read.

    Attributes:
        scoring: ``first-token`` reports the exact log-probability of every letter on the page beside the
            likeliest tokens; ``option-text`` reports, for every letter, the log-likelihood of its option's
            own wording divided by the wording's number of tokens, renormalised over the options (Holtzman
            et al. 2021 discuss why raw likelihoods compare badly). The latter has no label mass: it is 1.
        device: as torch names it; a GPU where there is one when absent.
        dtype: ``bfloat16``, ``float16`` or ``float32``; bfloat16 on a GPU and float32 on a CPU when absent.
        template: what the chat template takes beside the messages, such as ``{enable_thinking = false}``.
    """

    scoring: Scoring = "first-token"
    device: str | None = None
    dtype: Literal["bfloat16", "float16", "float32"] | None = None
    template: dict[str, Any] = Field(default_factory=dict)
