"""What goes on, in a notebook's cell: one display that is drawn anew, at most twice a second."""

import html
import sys
import threading
import time
from contextvars import copy_context
from types import TracebackType
from typing import Any

_EVERY_S = 0.5
"""Seconds between two drawings."""

_LINES = 8
"""Stages and notes that are shown, the latest."""


def in_notebook() -> bool:
    """Whether this is a notebook's kernel, whose cells show HTML."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


def in_one_line(interrupt: KeyboardInterrupt) -> None:
    """Let a cell tell what an interrupt left, and not in which of our functions it came."""
    line = "KeyboardInterrupt: stopped; what was answered is stored, the same cell goes on"
    interrupt._render_traceback_ = lambda: [line]  # type: ignore[attr-defined] # IPython asks for it


class NotebookReporter:
    """Stages, notes and a bar for each thing that is counted. Safe to call from several threads."""

    def __init__(self) -> None:
        from IPython.display import display  # there where there is a notebook

        self._lines: list[str] = []
        self._bars: dict[str, tuple[int, int]] = {}
        self._lock = threading.RLock()
        self._timer: threading.Timer | None = None
        self._drawn = time.monotonic()
        self._context = copy_context()  # a kernel knows by it which cell is meant
        self._handle: Any = display(self, display_id=True)  # type: ignore[no-untyped-call] # IPython has none

    def __enter__(self) -> "NotebookReporter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
        self._draw()

    def stage(self, text: str) -> None:
        """Show the stage."""
        self._say(text)

    def note(self, text: str) -> None:
        """Show the note."""
        self._say(f"note: {text}")

    def answered(self, kind: str, n: int, total: int) -> None:
        """Advance the kind's bar."""
        with self._lock:
            self._bars[kind] = (self._bars.get(kind, (0, 0))[0] + n, total)
        self._draw_soon()

    def _say(self, text: str) -> None:
        with self._lock:
            self._lines.append(text)
        self._draw_soon()

    def _draw_soon(self) -> None:
        with self._lock:
            if self._timer is not None:
                return
            wait = max(self._drawn + _EVERY_S - time.monotonic(), 0.0)
            self._timer = threading.Timer(wait, self._context.copy().run, [self._draw])
            self._timer.daemon = True
            self._timer.start()

    def _draw(self) -> None:
        with self._lock:
            self._timer = None
            self._drawn = time.monotonic()
        self._handle.update(self)

    def _repr_html_(self) -> str:
        with self._lock:
            lines, bars = self._lines[-_LINES:], dict(self._bars)
        told = "".join(f"<div>{html.escape(line)}</div>" for line in lines)
        rows = "".join(
            f"<tr><td>{html.escape(kind)}</td><td><progress value='{done}' max='{max(total, 1)}'></progress>"
            f"</td><td>{done:,}/{total:,}</td></tr>"
            for kind, (done, total) in bars.items()
        )
        return f"<div>{told}<table>{rows}</table></div>"

    def __repr__(self) -> str:
        with self._lock:
            lines, bars = self._lines[-1:], dict(self._bars)
        return " · ".join([*lines, *(f"{kind} {done:,}/{total:,}" for kind, (done, total) in bars.items())])
