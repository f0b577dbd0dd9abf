"""What is called synthetic, and what merely has the word in its name."""

from types import SimpleNamespace
from typing import Any

import pytest

from value_personas.experiments.fieldwork.synthetic import in_words, synthetic_parts


@pytest.mark.parametrize(
    ("lm", "invented", "words"),
    [
        ("synthetic/respondent", True, "respondent and population"),
        ("synthetic/respondent", False, "respondent"),
        ("openai/synthetic", True, "population"),
        ("local/synthetic/respondent", False, "no"),
    ],
)
def test_the_embedded_model_and_population_alone_are_synthetic(lm: str, invented: bool, words: str) -> None:
    survey: Any = SimpleNamespace(is_synthetic=invented)
    assert in_words(synthetic_parts(lm, survey)) == words
