"""``value-personas audit``: what descriptors tell a reader, and what they should not."""

from experiments.audit.result import AuditResult
from experiments.audit.stage import run_audit

__all__ = ["AuditResult", "run_audit"]
