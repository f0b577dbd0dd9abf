"""Which code made a result: version, git commit and uncommitted changes."""

import hashlib
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

__all__ = ["CodeState", "code_state"]


@dataclass(frozen=True, slots=True)
class CodeState:
    """The state of the code at the start of a run.

    Attributes:
        version: the package's version.
        commit: the git commit, or ``not a git checkout``.
        diff: uncommitted changes to tracked files, as a patch; empty when there are none.
    """

    version: str
    commit: str
    diff: str

    @property
    def changes(self) -> str:
        """The uncommitted changes by twelve digits of their hash, or ``none``."""
        return hashlib.sha256(self.diff.encode()).hexdigest()[:12] if self.diff else "none"


def code_state() -> CodeState:
    """Ask git about the folder that this package is imported from; an installed copy has no commit."""
    folder = Path(__file__).resolve().parent
    own = _git(folder, "ls-files", "--error-unmatch", Path(__file__).name)
    if own is None:  # a site-packages folder may itself lie inside some other project's checkout
        return CodeState(version("value-personas"), "not a git checkout", "")
    return CodeState(
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
