"""Descriptors that come with the product, for a model that cannot write its own."""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

_FILE = Path(__file__).parent / "reference_descriptors.csv"


@cache
def reference_descriptors() -> Mapping[tuple[str, str, str, float], str]:
    """(address, variant, item, stored code) → text, as the file's first lines say who wrote it and how."""
    with _FILE.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(line for line in stream if not line.startswith("#"))
        texts = {(r["address"], r["variant"], r["item"], float(r["score"])): r["text"] for r in rows}
    return MappingProxyType(texts)
