import subprocess
import sys

import numpy as np
import pytest

from tests.builders import TEN
from value_personas import signatures
from value_personas.signatures import Answer, Profile, Scale


@pytest.mark.parametrize(
    ("labels", "scores"),
    [
        (("a",), (1.0,)),
        (("a", "b"), (1.0,)),
        (("a", "a"), (1.0, 2.0)),
        (("a", "b", "c"), (1.0, 3.0, 2.0)),
        (("a", "b"), (1.0, 1.0)),
        (("a", "b"), (1.0, float("nan"))),
        (("a", "b"), (1.0, float("inf"))),
    ],
)
def test_a_scale_that_is_none_is_refused(labels: tuple[str, ...], scores: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="scale"):
        Scale(labels, scores)


def test_descending_and_uneven_scores_are_scales() -> None:
    assert Scale(("a", "b", "c"), (10.0, 5.0, 1.0)).span == 9.0
    assert TEN.index_of(10.0) == 9


def test_a_profile_needs_an_answer_an_item() -> None:
    with pytest.raises(ValueError, match="one answer an item"):
        Profile(("F063",), (1.0, 2.0))


def test_probabilities_of_an_answer() -> None:
    answer = Answer((np.log(0.25), np.log(0.75), -np.inf), 1.0, "logprobs")
    np.testing.assert_allclose(answer.probabilities, [0.25, 0.75, 0.0])


def test_every_public_name_is_there_and_nothing_else_is_promised() -> None:
    assert sorted(signatures.__all__) == signatures.__all__
    for name in signatures.__all__:
        assert getattr(signatures, name) is not None
    with pytest.raises(AttributeError):
        _ = signatures.nothing  # type: ignore[attr-defined]


@pytest.mark.parametrize("module", ["signatures", "data"])
def test_the_vocabulary_and_the_data_layer_never_load_dspy(module: str) -> None:
    code = f"import {module}, sys; sys.exit('dspy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
