"""A recorded run done again from its record alone, and whether its numbers come out the same."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from value_personas.experiments.fieldwork.rehearsal import Estimate
from value_personas.experiments.progress.shown import Progress, shown
from value_personas.experiments.recipe.loading import changed, varied
from value_personas.experiments.recipe.paths import NamesFile, files_of
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.recipe.section import settings_marked
from value_personas.experiments.run.agreement import Agreement, compare_tables
from value_personas.experiments.run.outcome import Outcome
from value_personas.experiments.run.pipeline import carry_out
from value_personas.experiments.run.record import RESULT_FILE, SOURCES_FILE, Sources
from value_personas.experiments.run.result import RunResult
from value_personas.experiments.run.stored import read_run, recorded_run
from value_personas.experiments.run.tables import KEYS, has_table, read_run_table
from value_personas.experiments.tracking import InputFile, input_files
from value_personas.experiments.workspace.code_state import NOT_RECORDED, code_state
from value_personas.experiments.workspace.folders import Workspace
from value_personas.experiments.workspace.json_file import read_json
from value_personas.signatures import RecipeError

_OVER_CELLS = ("summary", "held_out", "comparisons", "gap", "gap_countries")
"""What is made of cells: 0.1.0 made it otherwise."""

_ALWAYS = ("estimates", "scores", "summary", "comparisons", "missing", "descriptors")
"""Tables that every run has where there is anything to say; the others came later or hang on the recipe."""

_FLOOR = "floor_"
"""What the columns of cells' floors begin with: how they are drawn may change where no answer does."""

Approve = Callable[[Estimate], None]


@dataclass(frozen=True, slots=True)
class Circumstance:
    """Something that numbers may hang on, then and now.

    Attributes:
        name: what it is.
        then: as it was recorded.
        now: as it is.
    """

    name: str
    then: str
    now: str

    @property
    def is_same(self) -> bool | None:
        """None where it was not recorded."""
        return None if self.then == NOT_RECORDED else self.then == self.now


@dataclass(frozen=True, slots=True)
class Rerun:
    """What came of doing a run again.

    Attributes:
        run: the name of the run's folder.
        title: the heading of its result.
        circumstances: data, code and model, then and now.
        tables: every table compared.
        calls: calls made anew; all other answers came from the store.
        changed: settings that were given another value.
    """

    run: str
    title: str
    circumstances: tuple[Circumstance, ...]
    tables: tuple[Agreement, ...]
    calls: int
    changed: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether every text and number is the same to the last digit."""
        return all(table.is_exact for table in self.tables)

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON values; an infinite difference is None."""
        tables = [
            asdict(t) | {"largest": t.largest if t.largest < float("inf") else None} for t in self.tables
        ]
        return {
            "run": self.run,
            "title": self.title,
            "agrees": self.agrees,
            "calls": self.calls,
            "changed": list(self.changed),
            "circumstances": [asdict(c) | {"same": c.is_same} for c in self.circumstances],
            "tables": tables,
        }


def rerun(
    wanted: str | None = None,
    *,
    workspace: Path | None = None,
    settings: Iterable[str] = (),
    tracking_uri: str | None = None,
    progress: Progress = True,
    approval: Callable[[Recipe], Approve | None] = lambda recipe: None,
) -> Rerun:
    """Do a run again. Nothing is written but answers that the store lacks.

    Args:
        wanted: an MLflow run id, a run's folder or its name, or a recipe's name (its newest run); the newest
            run of all when absent.
        workspace: whose answers are used and where the run is looked for.
        settings: ``dotted.key=value``, for example the place of a survey file that moved.
        tracking_uri: the MLflow store of a run whose folder is gone; the workspace's own when absent.
        progress: True shows it, in the notebook's cell or on stderr; False does not; a reporter is told.
        approval: gives what is called with an estimate before the first call, if anything is.

    Raises:
        ValuePersonasError: when the run or something it needs is not there.
    """
    settings = tuple(settings)
    place = Workspace.open(workspace_of(wanted, workspace))
    with recorded_run(place, wanted, tracking_uri) as folder:
        then = read_run(folder)
        recipe = _repeatable(then.recipe, folder, place, settings)
        with shown(progress) as reporter:
            now = carry_out(recipe, place, reporter, approval(recipe))
        return Rerun(
            folder.name,
            then.title,
            tuple(_circumstances(read_json(folder / SOURCES_FILE, Sources), now, _of_0_1_0(then))),
            tuple(_compared(then, folder, now)),
            int(now.asked.usage["calls"]),
            settings,
        )


def workspace_of(wanted: str | None, workspace: Path | None) -> Path:
    """The workspace that was named, else the one in which a named folder lies, else the usual one."""
    if workspace is not None:
        return workspace
    runs = Path(wanted).expanduser().resolve().parent if wanted else None
    if runs is not None and runs.name == "runs" and (Path(str(wanted)) / RESULT_FILE).is_file():
        return runs.parent
    return Recipe().workspace


def _repeatable(recipe: Recipe, folder: Path, place: Workspace, settings: Iterable[str]) -> Recipe:
    """The recipe with its files as the record holds them, where the originals may be gone."""
    named = recipe.flat()
    kept: dict[str, object] = {"workspace": place.folder}
    for key, mark in settings_marked(Recipe, NamesFile).items():
        if mark.copy and named.get(key) is not None and (folder / mark.copy).is_file():
            kept[key] = str(folder / mark.copy)
    written = recipe.descriptors
    if any(path is not None and not path.is_file() for path in (written.frozen, written.overrides)):
        kept |= {"descriptors.overrides": None, "descriptors.frozen": folder / "descriptors.csv"}
    recipe = changed(varied(recipe, kept), settings)
    require_files(files_of(recipe))
    return recipe


def require_files(named: Iterable[tuple[str, Path]]) -> None:
    """Refuse to repeat a run of which a file is gone.

    Raises:
        RecipeError: naming the file, and how to say where it is now.
    """
    for key, path in named:
        if not path.is_file():
            what = "the survey file" if key == "survey.path" else f"the file of {key}"
            raise RecipeError(f"{path}: {what} of this run is not there; say where with --set {key}=FILE")


def _circumstances(then: Sources, now: Outcome, earlier: bool) -> Iterator[Circumstance]:
    """The data by their hashes, then the code, then what answered."""
    old, new = _digests(then.inputs), _digests(input_files(now.recipe.named_files(), now.survey))
    for key in old:
        if key in new:  # else the record's own copy stands in for it
            yield Circumstance(f"data, {key}", old[key], new[key])
    code, state = then.code, code_state()
    yield Circumstance("code version", code.version, state.version)
    yield Circumstance("code commit", code.commit, state.commit)
    yield Circumstance("uncommitted changes", code.changes, state.changes)
    yield Circumstance("respondent", then.respondent, now.asked.identity)
    if earlier:
        yield Circumstance("means over cells and their intervals", "not compared", "over common cells")


def _digests(files: Iterable[InputFile]) -> dict[str, str]:
    """Key → the hashes of its files."""
    found: dict[str, list[str]] = {}
    for file in files:
        found.setdefault(file.key, []).append(file.sha256)
    return {key: " ".join(sorted(hashes)) for key, hashes in found.items()}


def _compared(then: RunResult, folder: Path, now: Outcome) -> Iterator[Agreement]:
    """Every table of numbers that was recorded; of a run of 0.1.0 those of cells alone, floors apart."""
    tables, earlier = now.tables(), _of_0_1_0(then)
    for name in dict.fromkeys((*_ALWAYS, *tables)):
        if earlier and name in _OVER_CELLS:
            continue
        old = _comparable(name, read_run_table(folder, name) if has_table(folder, name) else pd.DataFrame())
        new = _comparable(name, tables.get(name, pd.DataFrame()))
        if len(old) or (name in _ALWAYS and len(new)):
            yield compare_tables(name, old, new, KEYS[name])
        if name == "scores" and len(old) and not earlier:  # they were drawn in another way then
            was, found = (_floors(scores) for scores in (read_run_table(folder, name), tables[name]))
            yield compare_tables("floors", was, found, KEYS[name])
    if not earlier:
        yield compare_tables("floor", _as_table(then.floor), _as_table(now.judgement.floor), ("score",))


def _of_0_1_0(then: RunResult) -> bool:
    """Whether means were over each method's own cells: tables did not count cells then."""
    return "cells" not in then.summary


def _comparable(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Of descriptors the text alone: what wrote it stands among the circumstances. Of scores no floors."""
    if name == "scores":
        return table.drop(columns=[c for c in table.columns if c.startswith(_FLOOR)])
    return table.filter([*KEYS[name], "text"]) if name == "descriptors" else table


def _floors(scores: pd.DataFrame) -> pd.DataFrame:
    return scores[[c for c in scores.columns if c in KEYS["scores"] or c.startswith(_FLOOR)]]


def _as_table(floor: "pd.Series[float]") -> pd.DataFrame:
    return pd.DataFrame({"score": floor.index, "value": floor.to_numpy()})
