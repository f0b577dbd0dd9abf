"""Predict how a country's people would answer a survey question, and say how far to trust it.

``__init__.pyi`` beside this file lists the names; each is imported on first use.
"""

import sys
from pathlib import Path

import lazy_loader

if sys.flags.optimize > 1:
    _WHY = "value_personas: python -OO (PYTHONOPTIMIZE=2) removes docstrings, which are the prompts; unset it"
    if Path(sys.argv[0]).stem in ("value-personas", "-m"):  # -m while Python looks for a module of ours
        sys.stderr.write(f"{_WHY}\n")
        raise SystemExit(2)
    raise ImportError(_WHY)

if not (Path(__file__).parent / "signatures").is_dir():
    raise ImportError(
        "value_personas: the four folders are symbolic links that this checkout lacks; clone with symbolic "
        "links (on Windows: developer mode, then git config core.symlinks true), or install the wheel"
    )

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
