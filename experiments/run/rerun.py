"""A recorded run done again from its record alone, and whether its numbers come out the same."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from value_personas.experiments.evaluation.comparing import compare
from value_personas.experiments.evaluation.map_positions import map_positions
from value_personas.experiments.evaluation.remoteness import Gap, find_gap, gap_tables
from value_personas.experiments.fieldwork.descriptors import descriptor_frame
from value_personas.experiments.fieldwork.rehearsal import Estimate
from value_personas.experiments.fieldwork.reporter import Reporter, Silent
from value_personas.experiments.recipe.loading import changed, varied
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.run.agreement import Agreement, compare_tables
from value_personas.experiments.run.outcome import Outcome
from value_personas.experiments.run.pipeline import carry_out
from value_personas.experiments.run.result import RunResult
from value_personas.experiments.run.stored import read_run, recorded_run
from value_personas.experiments.run.writing import PROGRAM_FILE, asking_frame
from value_personas.experiments.tracking import InputFile, input_files
from value_personas.experiments.workspace.code_state import code_state
from value_personas.experiments.workspace.folders import CALIBRATION_FILE, Workspace
from value_personas.experiments.workspace.tables import read_table
from value_personas.signatures import StoreError, SurveyError

__all__ = ["Circumstance", "Rerun", "rerun", "workspace_of"]

_KEYS = {
    "estimates": ("method", "country", "question", "score"),
    "scores": ("method", "country", "question"),
    "summary": ("method", "score"),
    "floor": ("score",),
    "comparisons": ("score", "group", "value", "method"),
    "missing": ("personas", "reason"),
    "descriptors": ("variant", "item", "score", "wording"),
    "asking": ("personas", "question"),
    "held_out": ("method", "score"),
    "gap": ("quantity",),
    "gap_countries": ("country",),
    "map": ("method", "country"),
}
"""The tables that are compared, and the columns that name a row of each."""

_UNKNOWN = "not recorded"

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
        return None if self.then == _UNKNOWN else self.then == self.now


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
    reporter: Reporter | None = None,
    approval: Callable[[Recipe], Approve | None] = lambda recipe: None,
) -> Rerun:
    """Do a run again. Nothing is written but answers that the store lacks.

    Args:
        wanted: an MLflow run id, a run's folder or its name, or a recipe's name (its newest run); the newest
            run of all when absent.
        workspace: whose answers are used and where the run is looked for.
        settings: ``dotted.key=value``, for example the place of a survey file that moved.
        tracking_uri: the MLflow store of a run whose folder is gone; the workspace's own when absent.
        reporter: receives the progress.
        approval: gives what is called with an estimate before the first call, if anything is.

    Raises:
        ValuePersonasError: when the run or something it needs is not there.
    """
    settings = tuple(settings)
    place = Workspace.open(workspace_of(wanted, workspace))
    with recorded_run(place, wanted, tracking_uri) as folder:
        then = read_run(folder)
        recipe = _repeatable(then.recipe, folder, place, settings)
        now = carry_out(recipe, place, reporter or Silent(), approval(recipe))
        return Rerun(
            folder.name,
            then.title,
            tuple(_circumstances(_sources(folder), recipe, now)),
            tuple(_compared(then, folder, recipe, now)),
            int(now.asked.usage["calls"]),
            settings,
        )


def workspace_of(wanted: str | None, workspace: Path | None) -> Path:
    """The workspace that was named, else the one in which a named folder lies, else the usual one."""
    if workspace is not None:
        return workspace
    runs = Path(wanted).expanduser().resolve().parent if wanted else None
    if runs is not None and runs.name == "runs" and (Path(str(wanted)) / "result.json").is_file():
        return runs.parent
    return Recipe().workspace


def _repeatable(recipe: Recipe, folder: Path, place: Workspace, settings: Iterable[str]) -> Recipe:
    """The recipe with its files as the record holds them, where the originals may be gone."""
    kept: dict[str, object] = {"workspace": place.folder}
    if (folder / PROGRAM_FILE).is_file():
        kept["program"] = str(folder / PROGRAM_FILE)
    if recipe.calibration.fitted is not None and (folder / CALIBRATION_FILE).is_file():
        kept["calibration.fitted"] = str(folder / CALIBRATION_FILE)
    written = recipe.descriptors
    if any(path is not None and not path.is_file() for path in (written.frozen, written.overrides)):
        kept |= {"descriptors.overrides": None, "descriptors.frozen": folder / "descriptors.csv"}
    recipe = changed(varied(recipe, kept), settings)
    _require_survey(recipe)
    return recipe


def _require_survey(recipe: Recipe) -> None:
    section = recipe.survey
    for path in () if section.is_synthetic else _each(section.path):
        if not Path(path).expanduser().is_file():
            raise SurveyError(
                f"{path}: the survey file of this run is not there; say where with --set survey.path=FILE"
            )


def _each(paths: str | tuple[str, ...]) -> tuple[str, ...]:
    return (paths,) if isinstance(paths, str) else paths


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True)

    key: str = "survey.path"
    sha256: str


class _Code(BaseModel):
    model_config = ConfigDict(frozen=True)

    version: str = _UNKNOWN
    commit: str = _UNKNOWN
    changes: str = _UNKNOWN


class _Sources(BaseModel):
    """As much of ``sources.json`` as is compared; a run of an earlier version has less."""

    model_config = ConfigDict(frozen=True)

    survey: tuple[_Read, ...]
    inputs: tuple[_Read, ...] = ()
    respondent: str = _UNKNOWN
    code: _Code = _Code()


def _sources(folder: Path) -> _Sources:
    try:
        return _Sources.model_validate_json((folder / "sources.json").read_bytes())
    except (OSError, ValidationError):
        raise StoreError(f"{folder}: sources.json is absent or damaged") from None


def _circumstances(then: _Sources, recipe: Recipe, now: Outcome) -> Iterator[Circumstance]:
    """The data by their hashes, then the code, then what answered."""
    old, new = _digests(then.inputs or then.survey), _digests(input_files(recipe, now.survey))
    for key in old:
        if key in new:  # else the record's own copy stands in for it
            yield Circumstance(f"data, {key}", old[key], new[key])
    code, state = then.code, code_state()
    yield Circumstance("code version", code.version, state.version)
    yield Circumstance("code commit", code.commit, state.commit)
    yield Circumstance("uncommitted changes", code.changes, state.changes)
    yield Circumstance("respondent", then.respondent, now.asked.identity)


def _digests(files: Iterable[_Read | InputFile]) -> dict[str, str]:
    """Key → the hashes of its files."""
    found: dict[str, list[str]] = {}
    for file in files:
        found.setdefault(file.key, []).append(file.sha256)
    return {key: " ".join(sorted(hashes)) for key, hashes in found.items()}


def _compared(then: RunResult, folder: Path, recipe: Recipe, now: Outcome) -> Iterator[Agreement]:
    """Every table of numbers that was recorded."""
    tables = {
        "estimates": (then.estimates, now.judgement.estimates),
        "scores": (then.scores, now.judgement.cells),
        "summary": (then.summary, now.judgement.summary),
        "floor": (_as_table(then.floor), _as_table(now.judgement.floor)),
        "comparisons": (_recorded(folder, "comparisons"), compare(recipe, now.judgement)),
        "missing": (_missing(then.missing), _missing(now.missing)),
        "descriptors": (_recorded(folder, "descriptors"), _descriptors(now)),
    }
    for name, (old, new) in tables.items():
        if len(old) or len(new):
            yield compare_tables(name, old, new, _KEYS[name])
    for name, new in _further(recipe, now).items():
        if len(old := _recorded(folder, name)):  # not every run has them, and earlier versions kept fewer
            yield compare_tables(name, old, new, _KEYS[name])


def _further(recipe: Recipe, now: Outcome) -> dict[str, pd.DataFrame]:
    """Tables that not every run has; empty where this one has none."""
    held_out, gap = now.judgement.held_out, find_gap(recipe, now.remoteness, now.judgement)
    slopes, by_country = gap_tables(gap) if isinstance(gap, Gap) else (pd.DataFrame(), pd.DataFrame())
    return {
        "asking": asking_frame(now.asked),
        "held_out": held_out.summary if held_out else pd.DataFrame(),
        "gap": slopes,
        "gap_countries": by_country,
        "map": map_positions(recipe, now.profiles, now.asked),
    }


def _as_table(floor: "pd.Series[float]") -> pd.DataFrame:
    return pd.DataFrame({"score": floor.index, "value": floor.to_numpy()})


def _missing(by_kind: Mapping[str, Mapping[str, int]]) -> pd.DataFrame:
    rows = [(kind, reason, n) for kind, reasons in by_kind.items() for reason, n in reasons.items()]
    return pd.DataFrame(rows, columns=["personas", "reason", "answers"])


def _recorded(folder: Path, name: str) -> pd.DataFrame:
    """A table of the run; empty where it has none."""
    files = (folder / f"{name}.{suffix}" for suffix in ("parquet", "csv"))
    if not any(file.is_file() and file.stat().st_size > 1 for file in files):
        return pd.DataFrame()
    table = read_table(folder / name)
    return table.filter([*_KEYS[name], "text"]) if name == "descriptors" else table


def _descriptors(now: Outcome) -> pd.DataFrame:
    if not now.asked.descriptors:
        return pd.DataFrame()
    table = descriptor_frame(now.asked.descriptors.values(), now.populations.items)
    return table[[*_KEYS["descriptors"], "text"]]
