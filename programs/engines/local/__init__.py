"""A Hugging Face causal language model in this process.

``programs.engines.local.engine`` needs the extra ``local`` (torch, transformers); the rest does not.
"""

from value_personas.programs.engines.local.parameters import LocalParameters, Scoring

__all__ = ["LocalParameters", "Scoring"]
