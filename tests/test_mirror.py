"""tests/ mirrors the tree: what a module promises is found where the module would be."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent
MODULES = sorted(path.relative_to(TESTS) for path in TESTS.rglob("test_*.py"))

OF_SEVERAL_MODULES = {
    "": {"faces", "mirror", "packaging", "public_names", "readme", "running_loop"},
    "data": {"independent", "surface"},
    "data/codebooks": {"end_labels"},
    "experiments": {"one_place"},
    "experiments/commands": {"sweep_and_ablate"},
    "experiments/evaluation": {"plugins"},
    "experiments/export": {"programs"},
    "experiments/run": {"claims", "earlier_version", "kill", "placebo_runs", "real_model"},
    "experiments/scoring": {"scores"},
    "experiments/shapley": {"additive_truth"},
    "experiments/tuning": {"hostile", "no_leak"},
    "experiments/workspace": {"of_0_1_0"},
    "programs/elicitation": {"replies_read"},
    "programs/engines": {"reliability_table"},
}
"""Folder → claims about it as a whole, which no one module answers for."""


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_test_module_has_its_counterpart(module: Path) -> None:
    folder, name = module.parent, module.stem.removeprefix("test_")
    assert (ROOT / folder).is_dir(), f"tests/{module}: there is no {folder}/"
    if name in OF_SEVERAL_MODULES.get("" if folder == Path() else folder.as_posix(), ()):
        return
    beside = ROOT / folder
    assert name == folder.name or (beside / f"{name}.py").is_file() or (beside / name).is_dir(), (
        f"tests/{module}: there is no {folder}/{name}.py; move the test to what it tests, or name the "
        "claim in OF_SEVERAL_MODULES"
    )


def test_no_folder_is_left_without_tests_and_no_exception_without_its_test() -> None:
    for package in TESTS.rglob("__init__.py"):
        assert list(package.parent.rglob("test_*.py")), f"{package.parent.relative_to(ROOT)} holds no test"
    for folder, claims in OF_SEVERAL_MODULES.items():
        missing = [name for name in claims if not (TESTS / folder / f"test_{name}.py").is_file()]
        assert not missing, f"tests/{folder}: {missing} is gone"
