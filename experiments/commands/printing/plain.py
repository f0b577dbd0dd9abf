"""A terminal whose encoding lacks a sign shows a plain one in its place, never a traceback after the work."""

import codecs
import io
import sys
import unicodedata

_NAME = "value-personas-plain"

_PLAIN = {
    "−": "-", "–": "-", "—": "-", "×": "x", "·": "|", "…": "...", "≤": "<=", "≥": ">=", "≈": "~", "→": "->",
    "“": '"', "”": '"', "‘": "'", "’": "'", "•": "*", "½": "1/2", "∝": "~", "Δ": "d", "±": "+/-", "β": "b",
    "χ": "chi", "ρ": "rho", "σ": "sigma", "φ": "phi", "√": "sqrt", "✓": "+", "✗": "x", "█": "#",
    "\u00a0": " ", "\u202f": " ", "²": "^2", "³": "^3",
}  # fmt: skip


def show_all_signs() -> None:
    """Let stdout and stderr take any text, whatever their encoding (cp1252, cp437, ASCII, …)."""
    codecs.register_error(_NAME, _plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_NAME)


def _plainly(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_sign, error.object[error.start : error.end])), error.end


def _sign(sign: str) -> str:
    if sign in _PLAIN:
        return _PLAIN[sign]
    if unicodedata.name(sign, "").startswith("BOX DRAWINGS"):
        return "|" if "VERTICAL" in unicodedata.name(sign) else "-"
    bare = "".join(part for part in unicodedata.normalize("NFKD", sign) if part.isascii())
    return bare or "?"
