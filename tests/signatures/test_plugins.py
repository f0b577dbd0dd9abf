"""What other distributions add under a group of entry points."""

import sys

import pytest

from tests.plugins import Plugins
from value_personas.signatures import RecipeError, Registry


@pytest.fixture
def registry() -> Registry[int]:
    return Registry("value_personas.tests", int, {"one": 1})


def test_the_packages_own_come_first_and_nothing_is_executed_for_a_name(
    registry: Registry[int], plugins: Plugins
) -> None:
    assert dict(registry) == {"one": 1}
    module = plugins.install(registry, "two", "THING = 2")
    assert list(registry) == ["one", "two"]
    assert len(registry) == 2
    assert module not in sys.modules
    assert registry["two"] == 2
    assert module in sys.modules
    assert "three" not in registry
    assert registry.nearest("on") == "did you mean one? There are one, two"
    assert registry.nearest("seventeen") == "there are one, two"


def test_a_thing_is_loaded_once(registry: Registry[int], plugins: Plugins) -> None:
    module = plugins.install(registry, "two", "THING = 1000 + 1000")
    first = registry["two"]
    sys.modules[module].THING = 3  # type: ignore[attr-defined]
    assert registry["two"] is first


@pytest.mark.parametrize(
    ("name", "source", "problem"),
    [
        ("one", "THING = 2", "the name is taken already"),
        ("two", "raise OSError('no\\nluck')", "cannot be loaded: OSError: no luck"),
        ("two", "", "cannot be loaded: AttributeError"),
        ("two", "THING = 'two'", "expected an instance of int, got str"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_distribution(
    registry: Registry[int], plugins: Plugins, name: str, source: str, problem: str
) -> None:
    module = plugins.install(registry, name, source)
    with pytest.raises(RecipeError, match=problem) as error:
        dict(registry)
    assert f"{name} = {module}:THING of distribution {module}" in str(error.value)
    assert "\n" not in str(error.value)


def test_two_distributions_cannot_have_one_name(registry: Registry[int], plugins: Plugins) -> None:
    plugins.install(registry, "two", "THING = 2")
    plugins.install(registry, "two", "THING = 3")
    with pytest.raises(RecipeError, match="the name is taken already"):
        list(registry)
