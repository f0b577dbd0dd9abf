"""What makes the many small runs of these tests cheaper by a third, and changes nothing that they look at."""

import os
import shutil
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from tests.experiments.small_runs import small_run
from value_personas import RunResult
from value_personas.data import sampling
from value_personas.experiments.fieldwork import shown_calls, survey
from value_personas.experiments.figures import style
from value_personas.experiments.workspace import code_state

_OF_SHOWN_CALLS = ("test_shown_calls", "test_recording")
_FEW = 5

_OF_FIGURES = ("tests.experiments.figures.", "tests.experiments.report.")
_BLANK = '<?xml version="1.0"?>\n<svg viewBox="0 0 1 1" xmlns="http://www.w3.org/2000/svg"></svg>\n'


@pytest.fixture(scope="module", autouse=True)
def _few_calls_shown(request: pytest.FixtureRequest) -> Iterator[None]:
    """To write fifty traces to MLflow is a fifth of a small run; where they are looked at, all are."""
    with pytest.MonkeyPatch.context() as patched:
        if request.module.__name__.rpartition(".")[2] not in _OF_SHOWN_CALLS:
            patched.setattr(shown_calls, "CALLS_SHOWN", _FEW)
        yield


@pytest.fixture(scope="module", autouse=True)
def _figures_drawn_once(request: pytest.FixtureRequest) -> Iterator[None]:
    """As PNG; as PDF and as SVG too where they are looked at, which takes twice as long again."""
    save = Figure.savefig

    def saved(figure: Figure, path: Path, **how: Any) -> None:
        if path.suffix == ".pdf":
            path.write_bytes(b"%PDF-1.4\n")
        else:
            save(figure, path, **how)

    with pytest.MonkeyPatch.context() as patched:
        if not request.module.__name__.startswith(_OF_FIGURES):
            patched.setattr(Figure, "savefig", saved)
            patched.setattr(style, "drawn_twice", lambda *_: (_BLANK, _BLANK))
        yield


@pytest.fixture(scope="session", autouse=True)
def _git_asked_once() -> Iterator[None]:
    """The code does not change while it is tested; each run would start git six times."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(code_state, "_git", cache(code_state._git))
        yield


@pytest.fixture(scope="session", autouse=True)
def _each_population_ordered_once() -> Iterator[None]:
    """A population's order for systematic draws hangs on its profiles alone, and most runs have the same."""
    order, known = sampling.spread_order, dict[bytes, Any]()

    def remembered(values: Any, share: Any) -> Any:
        key = sha256(repr(values.shape).encode() + values.tobytes() + share.tobytes()).digest()
        if key not in known:
            known[key] = order(values, share)
            known[key].setflags(write=False)
        return known[key]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sampling, "spread_order", remembered)
        yield


@pytest.fixture(scope="session", autouse=True)
def _each_population_written_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A workspace gets a copy of the embedded population; all workers of a session share what is copied."""
    base = tmp_path_factory.getbasetemp()
    kept = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "populations"
    kept.mkdir(exist_ok=True)
    write = survey.write_synthetic_survey

    def copied(path: Path, **how: Any) -> None:
        whole = kept / f"{sha256(repr(sorted(how.items())).encode()).hexdigest()}.sav"
        if not whole.is_file():
            partial = whole.with_suffix(f".{os.getpid()}.sav")
            write(partial, **how)
            partial.replace(whole)
        shutil.copyfile(whole, path)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(survey, "write_synthetic_survey", copied)
        yield


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """One small run in a workspace of its own, to be read: what changes a file of it changes a copy."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(shown_calls, "CALLS_SHOWN", _FEW)
        return small_run(tmp_path_factory.mktemp("plain"))
