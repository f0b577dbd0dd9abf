"""How a model is asked: descriptors, personas, panels of answers and what becomes of them.

Names are imported on first use: DSPy takes half a second, and calibration needs none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from value_personas.programs.descriptor_writer import Descriptor, DescriptorTable, DescriptorWriter
    from value_personas.programs.elicitation import FirstTokenLogprobs, SampledAnswers
    from value_personas.programs.engines import EngineSettings, connect
    from value_personas.programs.engines.model import Model
    from value_personas.programs.engines.replies import AnswerStore, MemoryStore, Reply
    from value_personas.programs.panel import Panel, PanelResult
    from value_personas.programs.personas import (
        Arrangement,
        CountryRoleplay,
        NoPersona,
        Person,
        PersonaSources,
        PopulationSample,
        ValuePersonas,
        persona_builder,
    )
    from value_personas.programs.population import PopulationEstimate, estimate_populations
    from value_personas.programs.respondent import Respondent

_HOMES = {
    "value_personas.programs.descriptor_writer": ("Descriptor", "DescriptorTable", "DescriptorWriter"),
    "value_personas.programs.elicitation": ("FirstTokenLogprobs", "SampledAnswers"),
    "value_personas.programs.engines": ("EngineSettings", "connect"),
    "value_personas.programs.engines.model": ("Model",),
    "value_personas.programs.panel": ("Panel", "PanelResult"),
    "value_personas.programs.personas": (
        "Arrangement",
        "CountryRoleplay",
        "NoPersona",
        "Person",
        "PersonaSources",
        "PopulationSample",
        "ValuePersonas",
        "persona_builder",
    ),
    "value_personas.programs.population": ("PopulationEstimate", "estimate_populations"),
    "value_personas.programs.engines.replies": ("AnswerStore", "MemoryStore", "Reply"),
    "value_personas.programs.respondent": ("Respondent",),
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
    raise AttributeError(f"module 'value_personas.programs' has no attribute {name!r}")
