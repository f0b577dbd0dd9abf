"""A run's simulated answers as a data file that opens beside the real survey."""

from value_personas.experiments.export.job import Exported, ExportOptions, export_run

__all__ = ["ExportOptions", "Exported", "export_run"]
