"""The prompts that a run asked by, as versions in MLflow's registry of prompts: one for each text."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from value_personas.experiments.tracking.client import again_if_taken

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

TUNED = "tuned"
"""The alias of a prompt that tuning found last."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """An instruction and what is shown with it.

    Attributes:
        text: the instruction.
        demonstrations: field → value.
    """

    text: str
    demonstrations: tuple[Mapping[str, Any], ...] = ()

    @property
    def sha256(self) -> str:
        """Of all that a model is shown of it."""
        shown = [self.text, [dict(one) for one in self.demonstrations]]
        return hashlib.sha256(json.dumps(shown, sort_keys=True, default=str).encode()).hexdigest()


def link_prompts(
    client: "MlflowClient", run: "Run", prompts: Mapping[str, Prompt], alias: str | None = None
) -> None:
    """Let a run say by which versions of which prompts it asked; a text that is known keeps its version.

    Args:
        client: of the store with the registry.
        run: asked by them.
        prompts: what a prompt is for → the prompt.
        alias: is set to these versions, if any.

    Raises:
        MlflowException: when the registry cannot be read or written.
    """
    from mlflow.entities import RunTag

    links = []
    for name, prompt in prompts.items():
        version = _version(client, name, prompt, run.info.experiment_id)
        links.append({"name": name, "version": str(version)})
        if alias is not None:
            client.set_prompt_alias(name, alias, int(version))
    client.log_batch(run.info.run_id, tags=[RunTag("mlflow.linkedPrompts", json.dumps(links))])


def _version(client: "MlflowClient", name: str, prompt: Prompt, experiment: str) -> str:
    """The version with this very text, made if need be; it is found again by its hash, which is an alias."""
    from mlflow.exceptions import MlflowException
    from mlflow.prompt.constants import IS_PROMPT_TAG_KEY, PROMPT_TEXT_TAG_KEY, PROMPT_TYPE_TAG_KEY

    # MlflowClient.register_prompt also writes where the environment says; what it calls does not.
    registry: Any = client._get_registry_client()  # type: ignore[no-untyped-call]
    alias = f"sha256-{prompt.sha256[:16]}"
    with suppress(MlflowException):
        known: ModelVersion = registry.get_model_version_by_alias(name, alias)
        return str(known.version)
    with suppress(MlflowException):  # it is there, or another process is first
        registry.create_registered_model(
            name,
            description="Asked by value-personas.",
            tags={IS_PROMPT_TAG_KEY: "true", "_mlflow_experiment_ids": f",{experiment},"},
        )
    tags = {
        IS_PROMPT_TAG_KEY: "true",
        PROMPT_TYPE_TAG_KEY: "text",
        PROMPT_TEXT_TAG_KEY: prompt.text,
        "sha256": prompt.sha256,
        "demonstrations": str(len(prompt.demonstrations)),
    }
    made: list[str] = []
    again_if_taken(
        lambda: made.append(str(registry.create_model_version(name, "dummy-source", tags=tags).version))
    )
    registry.set_registered_model_alias(name, alias, made[0])
    return made[0]
