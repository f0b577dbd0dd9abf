"""The notebooks run from their first cell to the last, and are kept without outputs."""

import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "experiments" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_outputs(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in cells)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Jupyter's own
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path, tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient").NotebookClient
    notebook = nbformat.read(path, as_version=4)
    client(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = json.dumps(notebook.cells)
    assert "text/html" in shown or path.stem == "tuning_by_hand"
    if path.stem == "table_and_figure":
        assert "image/png" in shown
        assert "<progress" in shown, "the run showed how far it was"
        assert "scoring" in shown
    if path.stem == "tuning_by_hand":
        scores = eval_of(notebook)
        assert scores["tuned"] > scores["original"] + 2.0


def eval_of(notebook: object) -> dict[str, float]:
    """What the cell of the held-out scores shows."""
    (cell,) = [c for c in notebook.cells if c.source.endswith("\nscores")]  # type: ignore[attr-defined]
    text = cell.outputs[-1]["data"]["text/plain"].replace("'", '"')
    found: dict[str, float] = json.loads(text)
    return found
