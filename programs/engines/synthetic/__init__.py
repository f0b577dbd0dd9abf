"""``synthetic/respondent``, the embedded default engine: a model of a language model with known faults."""

from value_personas.programs.engines.synthetic.known_faults import KnownFaults
from value_personas.programs.engines.synthetic.proposer import SyntheticProposer
from value_personas.programs.engines.synthetic.respondent import AsyncSyntheticRespondent, SyntheticRespondent

__all__ = ["AsyncSyntheticRespondent", "KnownFaults", "SyntheticProposer", "SyntheticRespondent"]
