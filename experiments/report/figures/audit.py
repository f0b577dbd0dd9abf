"""The audit matrix: how far one stated answer moves the others."""

from value_personas.experiments.figures.spill_over import spill_over_figure
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.plate import Plate


def audit_plate(material: Material) -> Plate | None:
    """The matrices of people and of each kind of statement; None without an audit."""
    audit = material.audit
    if audit is None:
        return None
    stamp = material.stamp_beside(audit.record.synthetic)
    return Plate(
        "audit",
        spill_over_figure(audit.matrices(), audit.items, stamp),
        "How far a stated answer to one item (row) moves a reader’s guess at another (column). What a kind "
        "of statement moves beyond people, on the left, is spill-over: more than the answer itself tells.",
        "Spill-over matrices; mean movement: "
        + "; ".join(f"{row.statement} {100 * row.spill_over:.1f} %" for row in audit.record.summary),
    )
