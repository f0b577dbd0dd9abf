"""What people said: survey files read into distributions and value profiles."""

from value_personas.data.calibrated_weights import standardised_items
from value_personas.data.card import card
from value_personas.data.codebooks.codebook import Codebook, StoredItem, codebook_names, load_codebook
from value_personas.data.codebooks.file import AimsRule
from value_personas.data.codebooks.instruments import Instrument, instrument_names, load_instrument
from value_personas.data.countries import country_name, country_number, cultural_zone, published_map
from value_personas.data.cultural_map import MAP_AXES, cultural_map, drawable, map_point
from value_personas.data.formats import Header
from value_personas.data.formats.base import first_line
from value_personas.data.formats.plain_text import one_line, visible
from value_personas.data.formats.readers import file_hash
from value_personas.data.formats.toml_file import read_toml, require_plain
from value_personas.data.margins import Margins, read_margins
from value_personas.data.predictions import GivenAnswers, read_predictions
from value_personas.data.profiles import ProfileTable, value_profiles
from value_personas.data.reference_descriptors import reference_descriptors
from value_personas.data.resampling import (
    bootstrap_distributions,
    effective_answers,
    split_half_distributions,
)
from value_personas.data.sampling import DESIGNS, ProfileSample, sample_profiles
from value_personas.data.splits import (
    Split,
    TrainingView,
    split_countries,
    split_questions,
    training_view,
)
from value_personas.data.survey.direction import DirectionCheck, check_directions
from value_personas.data.survey.draft import Draft, draft_codebook, draft_survey
from value_personas.data.survey.draft_instrument import draft_instrument
from value_personas.data.survey.layout import lay_out
from value_personas.data.survey.published import PublishedDistributions
from value_personas.data.survey.reading import read_survey
from value_personas.data.survey.survey import Source, Survey
from value_personas.data.survey.unasked import with_unasked

__all__ = [
    "DESIGNS",
    "MAP_AXES",
    "AimsRule",
    "Codebook",
    "DirectionCheck",
    "Draft",
    "GivenAnswers",
    "Header",
    "Instrument",
    "Margins",
    "ProfileSample",
    "ProfileTable",
    "PublishedDistributions",
    "Source",
    "Split",
    "StoredItem",
    "Survey",
    "TrainingView",
    "bootstrap_distributions",
    "card",
    "check_directions",
    "codebook_names",
    "country_name",
    "country_number",
    "cultural_map",
    "cultural_zone",
    "draft_codebook",
    "draft_instrument",
    "draft_survey",
    "drawable",
    "effective_answers",
    "file_hash",
    "first_line",
    "instrument_names",
    "lay_out",
    "load_codebook",
    "load_instrument",
    "map_point",
    "one_line",
    "published_map",
    "read_margins",
    "read_predictions",
    "read_survey",
    "read_toml",
    "reference_descriptors",
    "require_plain",
    "sample_profiles",
    "split_countries",
    "split_half_distributions",
    "split_questions",
    "standardised_items",
    "training_view",
    "value_profiles",
    "visible",
    "with_unasked",
]
