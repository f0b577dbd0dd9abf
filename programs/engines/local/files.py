"""The folder of a model: is it one, and which one?"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from value_personas.signatures import RecipeError

__all__ = ["fingerprint", "model_folder"]

_WHOLE = frozenset({".json", ".jinja", ".txt", ".model"})
_SAMPLES = 64
_SAMPLE_BYTES = 4096


def model_folder(name: str) -> Path:
    """The folder that ``lm = "local/FOLDER"`` names.

    Raises:
        RecipeError: when it is not there, or holds no configuration or no safetensors.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise RecipeError(
            f"lm = 'local/{name}': no such folder; download the model first and give its folder, nothing is "
            "fetched here"
        )
    if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        raise RecipeError(
            f"lm = 'local/{name}': a Hugging Face model folder with config.json and *.safetensors is "
            "expected; other formats of weights are not read"
        )
    return folder


def fingerprint(folder: Path) -> str:
    """Sixteen hexadecimal digits that change with the model.

    Configuration and tokenizer are hashed whole, weights by their size and 64 evenly spaced samples: reading
    tens of gigabytes would take longer than loading them, and two trainings of one model differ everywhere.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in _WHOLE and path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
        elif path.suffix == ".safetensors":
            digest.update(f"{path.name} {path.stat().st_size}\0".encode())
            for sample in _samples(path):
                digest.update(sample)
    return digest.hexdigest()[:16]


def _samples(path: Path) -> Iterator[bytes]:
    step = max(1, path.stat().st_size // _SAMPLES)
    with path.open("rb") as file:
        for n in range(_SAMPLES):
            file.seek(n * step)
            yield file.read(_SAMPLE_BYTES)
