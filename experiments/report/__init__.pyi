from .material import Material, read_material
from .writing import ReportFiles, report, write_report

__all__ = ["Material", "ReportFiles", "read_material", "report", "write_report"]
