"""A folder of the top level is used through the names that it, or a package in it, lists in ``__all__``."""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("signatures", "data", "programs", "experiments")


def imports(folder: str) -> Iterator[tuple[Path, str, str]]:
    """Every name that a folder's files import from another one: file, module, name."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                whole = [name.name for name in node.names if name.name.startswith("value_personas.")]
                yield from (
                    (path, *name.rpartition(".")[::2]) for name in whole if name.split(".")[1] != folder
                )
            if not (isinstance(node, ast.ImportFrom) and node.module):
                continue
            root, _, inner = node.module.partition(".")
            if root == "value_personas" and inner and inner.split(".")[0] != folder:
                yield from ((path, node.module, alias.name) for alias in node.names)


@pytest.mark.parametrize("folder", FOLDERS)
def test_other_folders_are_imported_through_their_faces(folder: str) -> None:
    found = list(imports(folder))
    assert folder == "signatures" or found, "nothing was looked at"
    for path, module, name in found:
        where = f"{path.relative_to(ROOT)}: from {module} import {name}"
        face = ROOT / Path(*module.split(".")[1:]) / "__init__.py"
        assert face.is_file(), f"{where}: an inner module"
        listed = face.with_suffix(".pyi") if face.with_suffix(".pyi").is_file() else face
        assert name in names_of(listed), f"{where}: not in its __all__"


def names_of(face: Path) -> list[str]:
    for node in ast.parse(face.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    return []


STUBS = [path for folder in (*FOLDERS, "value_personas") for path in (ROOT / folder).rglob("*.pyi")]
"""That of the engine in this process is looked at beside its tests: it imports torch, once."""


@pytest.mark.parametrize("stub", [stub for stub in STUBS if stub.parent.name != "local"])
def test_a_stub_gives_what_it_lists(stub: Path) -> None:
    gives_what_it_lists(stub)


def gives_what_it_lists(stub: Path) -> None:
    inner = stub.relative_to(ROOT).parent.as_posix().replace("/", ".").removeprefix("value_personas")
    face = import_module(f"value_personas.{inner}".rstrip("."))
    assert sorted(names_of(stub)) == sorted(face.__all__)
    for name in face.__all__:
        assert getattr(face, name) is not None


def test_the_chain_in_the_readme_is_the_one_that_is_held() -> None:
    text = (ROOT / "experiments" / "README.md").read_text(encoding="utf-8")
    drawn = re.search(r"commands → .*? → \(programs", text, re.DOTALL)
    assert drawn
    told = [re.findall(r"\w+", rooms) for rooms in drawn[0].removesuffix("(programs").split("→")[:-1]]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (rooms,) = [one for one in contracts["contracts"] if one.get("exhaustive")]
    held = [re.findall(r"\w+", layer) for layer in rooms["layers"]]
    assert [set(layer) for layer in told] == [set(layer) for layer in held[1:]]  # cli is a file, no room
