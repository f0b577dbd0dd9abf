"""The export: read a run, draw, write whole files or none."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyreadstat

from value_personas.experiments.export.files import TIDY, WRITERS, write_tidy
from value_personas.experiments.export.stored import read_answers
from value_personas.experiments.export.tidy import estimates_of, tidy_frames
from value_personas.experiments.export.wide import wide_sheet
from value_personas.experiments.run.stored import read_run
from value_personas.experiments.workspace.folders import whole
from value_personas.signatures import StoreError


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What is exported.

    Attributes:
        kinds: persona kinds; all when empty.
        calibrated: only answers as given (False) or only calibrated ones (True); both when None.
        draws: rows a persona.
        seed: of the draws; the recipe's when None.
        profiles: whether the personas' value profiles are among the columns.
        overwrite: whether a file that is there may be replaced.
    """

    kinds: tuple[str, ...] = ()
    calibrated: bool | None = None
    draws: int = 1
    seed: int | None = None
    profiles: bool = True
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        files: file → its rows.
        methods: the methods in them.
        notes: plain sentences that a user must know.
        synthetic: which parts were synthetic.
    """

    files: dict[Path, int]
    methods: tuple[str, ...]
    notes: tuple[str, ...]
    synthetic: tuple[str, ...]


def export_run(folder: Path, to: Path, options: ExportOptions | None = None) -> Exported:
    """Write a run's simulated answers.

    Args:
        folder: of the run.
        to: .sav, .dta, .parquet or .csv; beside the last two, ``NAME-tidy`` holds the probabilities and
            ``NAME-estimates`` what is predicted of each country, with intervals.
        options: what is exported.

    Raises:
        StoreError: when the run or the file is not usable.
        RecipeError: when the run has nothing of what is wanted.
    """
    options = options or ExportOptions()
    suffix = to.suffix.lower()
    tidy_path, estimates_path = (
        to.with_name(f"{to.stem}-{part}{to.suffix}") for part in ("tidy", "estimates")
    )
    _check(to, suffix, [to, tidy_path, estimates_path] if suffix in TIDY else [to], options.overwrite)
    result = read_run(folder)
    run = read_answers(result, options.kinds, calibrated=options.calibrated, profiles=options.profiles)
    seed = result.recipe.seed if options.seed is None else options.seed
    sheet = wide_sheet(run, options.draws, seed)
    files = {to: _whole(to, lambda path: WRITERS[suffix](sheet, path))}
    if suffix in TIDY:
        files[tidy_path] = _whole(tidy_path, lambda path: write_tidy(tidy_frames(run), path, suffix))
        estimates = estimates_of(run)
        files[estimates_path] = _whole(
            estimates_path, lambda path: write_tidy(iter([estimates]), path, suffix)
        )
    return Exported(files, tuple(one.method for one in run.answers), sheet.notes, result.synthetic)


def _check(to: Path, suffix: str, files: list[Path], overwrite: bool) -> None:
    if suffix not in WRITERS:
        raise StoreError(f"{to}: the file's suffix says what is written; give one of {', '.join(WRITERS)}")
    if not to.parent.is_dir():
        raise StoreError(f"{to}: the folder does not exist; make it first")
    if there := [file for file in files if file.exists() and not overwrite]:
        raise StoreError(f"{there[0]}: is there already; say --overwrite to replace it")


def _whole(path: Path, write: Callable[[Path], int]) -> int:
    """Write a file whole or not at all."""
    try:
        with whole(path) as partial:
            return write(partial)
    except (OSError, pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as error:
        raise StoreError(f"{path}: cannot be written: {error}") from None
