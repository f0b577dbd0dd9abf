"""The audit matrix: how far one stated answer moves the others."""

from value_personas.experiments.figures.spill_over import spill_over_figure
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.plate import Plate

__all__ = ["audit_plate"]


def audit_plate(material: Material) -> Plate | None:
    """The matrices of people and of each kind of statement; None without an audit."""
    audit = material.audit
    if audit is None:
        return None
    figure = spill_over_figure(audit.matrices, audit.items, material.stamp, columns=2)
    figure.set_facecolor("none")
    spilt = audit.summary.set_index("statement")["spill_over"]
    return Plate(
        "audit",
        figure,
        "How far a stated answer to one item (row) moves a reader’s guess at another (column). What a kind "
        "of statement moves beyond people, on the left, is spill-over: more than the answer itself tells.",
        "Spill-over matrices; mean movement: "
        + "; ".join(f"{kind} {100 * v:.1f} %" for kind, v in spilt.items()),
        wide=True,
    )
