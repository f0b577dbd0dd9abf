"""Distributions from outside, as pip would leave them: a module, and entry points in a .dist-info folder."""

import itertools
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from value_personas.signatures import Registry

__all__ = ["Plugins"]

_count = itertools.count()


class Plugins:
    """Puts distributions on the path until the test ends."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._monkeypatch = folder, monkeypatch

    def install(self, registry: Registry[Any], name: str, source: str, *, thing: str = "THING") -> str:
        """Add a distribution whose entry point of the registry's group is that thing of that source.

        Returns:
            The distribution's name, which is its module's too.
        """
        module = f"outside_{next(_count)}"
        folder = self._folder / module
        info = folder / f"{module}-1.0.dist-info"
        info.mkdir(parents=True)
        (folder / f"{module}.py").write_text(dedent(source), encoding="utf-8")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{registry._group}]\n{name} = {module}:{thing}\n")
        len(registry)  # what is known now is what monkeypatch brings back in the end
        self._monkeypatch.syspath_prepend(folder)
        self._monkeypatch.delitem(registry.__dict__, "_points")
        self._monkeypatch.setattr(registry, "_loaded", dict(registry.own))
        return module
