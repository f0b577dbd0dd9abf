"""How a model is asked: descriptors, personas, panels of answers and what becomes of them.

Names are imported on first use: DSPy takes half a second, and calibration needs none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from programs.descriptor_writer import Descriptor, DescriptorTable, DescriptorWriter
    from programs.elicitation import FirstTokenLogprobs, SampledAnswers
    from programs.engines import EngineSettings, connect
    from programs.model import Model
    from programs.panel import Panel, PanelResult
    from programs.personas import (
        Arrangement,
        CountryRoleplay,
        NoPersona,
        Person,
        PersonaSources,
        PopulationSample,
        ValuePersonas,
        persona_builder,
    )
    from programs.population import PopulationEstimate, estimate_populations
    from programs.replies import AnswerStore, MemoryStore, Reply
    from programs.respondent import Respondent

_HOMES = {
    "programs.descriptor_writer": ("Descriptor", "DescriptorTable", "DescriptorWriter"),
    "programs.elicitation": ("FirstTokenLogprobs", "SampledAnswers"),
    "programs.engines": ("EngineSettings", "connect"),
    "programs.model": ("Model",),
    "programs.panel": ("Panel", "PanelResult"),
    "programs.personas": (
        "Arrangement",
        "CountryRoleplay",
        "NoPersona",
        "Person",
        "PersonaSources",
        "PopulationSample",
        "ValuePersonas",
        "persona_builder",
    ),
    "programs.population": ("PopulationEstimate", "estimate_populations"),
    "programs.replies": ("AnswerStore", "MemoryStore", "Reply"),
    "programs.respondent": ("Respondent",),
}

__all__ = [
    "AnswerStore",
    "Arrangement",
    "CountryRoleplay",
    "Descriptor",
    "DescriptorTable",
    "DescriptorWriter",
    "EngineSettings",
    "FirstTokenLogprobs",
    "MemoryStore",
    "Model",
    "NoPersona",
    "Panel",
    "PanelResult",
    "Person",
    "PersonaSources",
    "PopulationEstimate",
    "PopulationSample",
    "Reply",
    "Respondent",
    "SampledAnswers",
    "ValuePersonas",
    "connect",
    "estimate_populations",
    "persona_builder",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562)."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'programs' has no attribute {name!r}")
