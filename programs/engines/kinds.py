"""The engines there are."""

from value_personas.programs.engines.base import EngineKind
from value_personas.programs.engines.local.opening import Local
from value_personas.programs.engines.openai_http import OpenAIHTTP
from value_personas.programs.engines.synthetic import SyntheticProposer, SyntheticRespondent
from value_personas.programs.engines.through_dspy import ThroughDSPy
from value_personas.signatures import Registry

ENGINES: Registry[type[EngineKind]] = Registry(
    "value_personas.engines",
    type,
    {
        "local": Local,
        **dict.fromkeys(("openai", "openai_http", "hosted_vllm", "vllm"), OpenAIHTTP),
        "synthetic/respondent": SyntheticRespondent,
        "synthetic/proposer": SyntheticProposer,
    },
    EngineKind,
)
"""What ``lm`` begins with, or the whole of it → the engine."""


def engine_kind(lm: str) -> type[EngineKind]:
    """The engine behind a model's name; DSPy's own where there is none here."""
    return ENGINES.get(lm) or ENGINES.get(lm.partition("/")[0]) or ThroughDSPy
