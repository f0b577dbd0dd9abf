"""What the package shows, and what importing it does not load."""

import subprocess
import sys

from value_personas import data


def test_every_public_name_is_there() -> None:
    for name in data.__all__:
        assert getattr(data, name) is not None
    assert {"read_survey", "value_profiles", "sample_profiles", "cultural_map"} <= set(data.__all__)


def test_importing_data_loads_no_model_library() -> None:
    heavy = ("dspy", "mlflow", "optuna", "pyreadstat", "matplotlib")
    code = f"import sys, data; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
