"""Which code made a result: version, git commit and uncommitted changes."""

import hashlib
import subprocess
from importlib.metadata import version
from pathlib import Path

from pydantic import Field

from value_personas.experiments.workspace.json_file import FileModel

NOT_RECORDED = "not recorded"
"""What a run made before something was recorded says of it."""


class CodeState(FileModel):
    """The state of the code at the start of a run.

    Attributes:
        version: the package's version.
        commit: the git commit, or ``not a git checkout``.
        changes: uncommitted changes to tracked files, by twelve digits of their hash, or ``none``.
        diff: the same as a patch, which lies in a file of its own; empty where there are none.
    """

    version: str = NOT_RECORDED
    commit: str = NOT_RECORDED
    changes: str = NOT_RECORDED
    diff: str = Field(default="", exclude=True, repr=False)

    @classmethod
    def of(cls, version: str, commit: str, diff: str) -> "CodeState":
        """The state of a checkout whose uncommitted changes are a patch."""
        changes = hashlib.sha256(diff.encode()).hexdigest()[:12] if diff else "none"
        return cls(version=version, commit=commit, changes=changes, diff=diff)

    def __str__(self) -> str:
        """The commit, and whether the code differed from it; of an installed copy, that it has none."""
        if len(self.commit.split()) > 1:
            return "an installed copy, commit not recorded"
        differs = self.changes not in ("none", NOT_RECORDED)
        return f"commit {self.commit}{' with uncommitted changes' if differs else ''}"


def code_state() -> CodeState:
    """Ask git about the folder that this package is imported from; an installed copy has no commit."""
    folder = Path(__file__).resolve().parent
    own = _git(folder, "ls-files", "--error-unmatch", Path(__file__).name)
    if own is None:  # a site-packages folder may itself lie inside some other project's checkout
        return CodeState.of(version("value-personas"), "not a git checkout", "")
    return CodeState.of(
        version("value-personas"),
        (_git(folder, "rev-parse", "HEAD") or "no commit yet").strip(),
        _git(folder, "diff", "HEAD") or "",
    )


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
