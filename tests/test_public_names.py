"""The public surface that outside scripts rely on."""

from importlib import import_module

import pytest


@pytest.mark.parametrize("package", ["", ".signatures", ".data", ".programs"])
def test_every_promised_name_is_there(package: str) -> None:
    module = import_module(f"value_personas{package}")
    assert len(module.__all__) == len(set(module.__all__)) > 5
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = module.nothing_of_the_kind


def test_the_names_that_outside_scripts_rely_on() -> None:
    for module, name in {
        "data": "read_survey value_profiles sample_profiles cultural_map",
        "programs": "Panel",
        "programs.calibration": "tilt",
        "experiments.scoring": "score",
    }.items():
        for each in name.split():
            assert callable(getattr(import_module(f"value_personas.{module}"), each))
    assert callable(import_module("value_personas").run)
