"""Every experiment in MLflow: settings, inputs, numbers and files, to be found and repeated."""

from experiments.tracking.client import quiet_mlflow, store_errors, tracking_client
from experiments.tracking.fetching import recorded_run
from experiments.tracking.inputs import InputFile, input_files
from experiments.tracking.names import metric_name, run_title
from experiments.tracking.passwords import without_passwords
from experiments.tracking.recording import FOLDER_TAG, Record, close_run, is_known, open_run, record_run

__all__ = [
    "FOLDER_TAG",
    "InputFile",
    "Record",
    "close_run",
    "input_files",
    "is_known",
    "metric_name",
    "open_run",
    "quiet_mlflow",
    "record_run",
    "recorded_run",
    "run_title",
    "store_errors",
    "tracking_client",
    "without_passwords",
]
