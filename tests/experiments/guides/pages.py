"""Pages of Markdown as a person follows them: files are written, commands are typed, one after the other."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.forked import Forked

__all__ = ["FOLDER", "Follower", "commands_of"]

FOLDER = Path(__file__).parents[3] / "experiments" / "guides"

_BLOCK = re.compile(
    r"(?:^`(?P<file>[\w./-]+)`:\n\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


_COMMAND = """
import os, sys
_, folder, *words = sys.argv
os.chdir(folder)
sys.path.insert(0, folder)
sys.argv = ["value-personas", *words]
from value_personas.experiments.cli import main
main()
"""


def commands_of(page: Path) -> list[str]:
    """The lines of its plain blocks."""
    return [line for block in _BLOCK.finditer(page.read_text(encoding="utf-8")) for line in _typed(block)]


def _typed(block: re.Match[str]) -> Iterator[str]:
    if not block["kind"] and not block["file"]:
        yield from (line for line in block["text"].splitlines() if line.strip())


class Follower:
    """Somebody in a folder of their own, who has installed the package."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._typed = 0

    def follow(self, page: Path) -> list[str]:
        """Write every file and type every command of a page; what each printed."""
        for block in _BLOCK.finditer(page.read_text(encoding="utf-8")):
            if block["file"]:
                (self.folder / block["file"]).write_text(block["text"], encoding="utf-8")
        return [self.type(line) for line in commands_of(page)]

    def type(self, line: str) -> str:
        """One command; it must end well."""
        if line == "pip install .":
            self._install()
            return ""
        line, _, into = line.partition(" > ")
        program, *words = shlex.split(line)
        assert program == "value-personas", line
        self._typed += 1
        told, complained = (self.folder / f".{stream}-{self._typed}" for stream in ("stdout", "stderr"))
        code = Forked(_COMMAND, [str(self.folder), *words], told, complained).wait()
        error = complained.read_text(encoding="utf-8")
        assert code == 0, f"{line}\n{error}"
        assert "Traceback" not in error
        if into:
            told.rename(self.folder / into)
            return f"wrote {into}"
        return told.read_text(encoding="utf-8") + error

    def _install(self) -> None:
        """What pip would leave of the folder's pyproject.toml, without a build."""
        project = tomllib.loads((self.folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        info = self.folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir(exist_ok=True)
        head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        (info / "METADATA").write_text(head, encoding="utf-8")
        points = [
            f"[{group}]\n" + "".join(f"{name} = {what}\n" for name, what in entries.items())
            for group, entries in project["entry-points"].items()
        ]
        (info / "entry_points.txt").write_text("\n".join(points), encoding="utf-8")
