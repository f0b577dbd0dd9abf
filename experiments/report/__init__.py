"""The report: a run as one page to read, and its figures as files for a paper."""

from value_personas.experiments.report.material import Material, read_material
from value_personas.experiments.report.writing import ReportFiles, report, write_report

__all__ = ["Material", "ReportFiles", "read_material", "report", "write_report"]
