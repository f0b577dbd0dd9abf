"""File formats, one module for each family; ``data.readers`` chooses among them."""

from data.formats.base import Format, Header, MissingRange
from data.formats.delimited import DELIMITED
from data.formats.r_data import R_DATA
from data.formats.statistical import SAS, SAS_TRANSPORT, SPSS, SPSS_PORTABLE, STATA
from data.formats.tables import EXCEL, PARQUET

__all__ = [
    "DELIMITED",
    "EXCEL",
    "FORMATS",
    "PARQUET",
    "R_DATA",
    "SAS",
    "SAS_TRANSPORT",
    "SPSS",
    "SPSS_PORTABLE",
    "STATA",
    "Format",
    "Header",
    "MissingRange",
]

FORMATS: tuple[Format, ...] = (
    SPSS,
    SPSS_PORTABLE,
    STATA,
    SAS,
    SAS_TRANSPORT,
    DELIMITED,
    EXCEL,
    PARQUET,
    R_DATA,
)
