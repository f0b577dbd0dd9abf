from .audit import run_audit
from .result import AuditResult

__all__ = ["AuditResult", "run_audit"]
