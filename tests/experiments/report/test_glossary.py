"""Every word that a table uses is explained, each score with formula and direction."""

import json

import pytest

from tests.experiments.commands.typed import command
from tests.experiments.report.conftest import Reported
from value_personas.experiments.report.glossary import glossary
from value_personas.experiments.scoring import SCORES


def test_every_score_has_formula_direction_and_its_name_in_recipes() -> None:
    terms = glossary()
    for name, one in SCORES.items():
        told = terms[one.heading]
        assert one.meaning in told
        assert "better" in told
        assert f"{name} in recipes" in told


def test_the_directions_are_those_of_the_scores() -> None:
    terms = glossary()
    assert "Lower is better" in terms["Wasserstein"]
    assert "Nearer to 1 is better" in terms["variance ratio"]
    assert "Higher is better" in terms["SimBench"]


def test_every_method_and_house_word_of_a_page_is_there(reported: Reported) -> None:
    terms = glossary()
    for method in reported.material.methods:
        kind = method.removesuffix(" + calibrated").removesuffix("-unhedged").removesuffix("-hedged")
        assert kind in terms
    assert {"noise floor", "label mass", "spill-over", "recovery error", "calibrated"} < set(terms)
    assert 'id="glossary"' in reported.page


@pytest.mark.parametrize(("word", "found"), [("floor", {"noise floor"}), ("WASSER", {"Wasserstein"})])
def test_a_word_is_looked_up(word: str, found: set[str]) -> None:
    assert set(json.loads(command("glossary", word, "--json").stdout)) == found
    assert next(iter(found)) in command("glossary", word).stdout


def test_an_unknown_word_is_one_line() -> None:
    done = command("glossary", "xyzzy")
    assert done.returncode == 2
    assert done.stderr.startswith("value-personas: glossary: no term in which 'xyzzy' stands")
