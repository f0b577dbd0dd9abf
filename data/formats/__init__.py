"""File formats, one module for each family; ``data.formats.readers`` chooses among them."""

from value_personas.data.formats.base import Format, Header, MissingRange
from value_personas.data.formats.delimited import DELIMITED
from value_personas.data.formats.r_data import R_DATA
from value_personas.data.formats.statistical import (
    SAS,
    SAS_TRANSPORT,
    SPSS,
    SPSS_PORTABLE,
    STATA,
)
from value_personas.data.formats.tables import EXCEL, PARQUET

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
