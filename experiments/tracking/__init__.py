"""Every experiment in MLflow: settings, inputs, numbers and files, to be found and repeated."""

from value_personas.experiments.tracking.adding import add_files
from value_personas.experiments.tracking.client import tracking_client
from value_personas.experiments.tracking.inputs import InputFile, calibration_file, input_files
from value_personas.experiments.tracking.names import metric_name, run_title
from value_personas.experiments.tracking.prompts import TUNED, Prompt, link_prompts
from value_personas.experiments.tracking.recording import (
    Record,
    close_run,
    open_run,
    record_run,
    record_study,
    reopen_run,
    tags_of,
)
from value_personas.experiments.tracking.registry import model_name, register_version, registered_file
from value_personas.experiments.tracking.traces import Call
from value_personas.experiments.tracking.watching import ANSWERS, Live, live
from value_personas.experiments.workspace.passwords import without_passwords

__all__ = [
    "ANSWERS",
    "TUNED",
    "Call",
    "InputFile",
    "Live",
    "Prompt",
    "Record",
    "add_files",
    "calibration_file",
    "close_run",
    "input_files",
    "link_prompts",
    "live",
    "metric_name",
    "model_name",
    "open_run",
    "record_run",
    "record_study",
    "register_version",
    "registered_file",
    "reopen_run",
    "run_title",
    "tags_of",
    "tracking_client",
    "without_passwords",
]
