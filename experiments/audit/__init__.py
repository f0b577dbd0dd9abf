"""``value-personas audit``: what descriptors tell a reader, and what they should not."""

from value_personas.experiments.audit.audit import run_audit
from value_personas.experiments.audit.result import AuditResult

__all__ = ["AuditResult", "run_audit"]
