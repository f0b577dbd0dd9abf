"""What is called synthetic, and what merely has the word in its name."""

from types import SimpleNamespace
from typing import Any

import pytest

from value_personas.experiments.fieldwork.synthetic import in_words, synthetic_parts
from value_personas.programs.engines.synthetic import SyntheticRespondent


@pytest.mark.parametrize(
    ("identity", "invented", "words"),
    [
        (SyntheticRespondent().identity, True, "respondent and population"),
        (SyntheticRespondent(seed=3).identity, False, "respondent"),
        ("openai_http chat https://synthetic.example/v1", True, "population"),
        ("openai_http chat synthetic-deployment", False, "no"),
    ],
)
def test_the_embedded_model_and_population_alone_are_synthetic(
    identity: str, invented: bool, words: str
) -> None:
    survey: Any = SimpleNamespace(is_synthetic=invented)
    assert in_words(synthetic_parts(identity, survey)) == words
