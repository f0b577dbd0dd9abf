"""What people said: survey files read into distributions and value profiles."""

from value_personas.data.codebooks.codebook import Codebook, codebook_names, load_codebook
from value_personas.data.codebooks.instruments import Instrument, instrument_names, load_instrument
from value_personas.data.countries import country_name, cultural_zone
from value_personas.data.cultural_map import cultural_map, draw_cultural_map, map_point
from value_personas.data.profiles import ProfileTable, value_profiles
from value_personas.data.published import PublishedDistributions, read_distributions
from value_personas.data.resampling import (
    NoiseFloor,
    bootstrap_distributions,
    noise_floor,
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
from value_personas.data.survey.draft import draft_codebook
from value_personas.data.survey.reading import read_survey
from value_personas.data.survey.survey import Source, Survey

__all__ = [
    "DESIGNS",
    "Codebook",
    "DirectionCheck",
    "Instrument",
    "NoiseFloor",
    "ProfileSample",
    "ProfileTable",
    "PublishedDistributions",
    "Source",
    "Split",
    "Survey",
    "TrainingView",
    "bootstrap_distributions",
    "check_directions",
    "codebook_names",
    "country_name",
    "cultural_map",
    "cultural_zone",
    "draft_codebook",
    "draw_cultural_map",
    "instrument_names",
    "load_codebook",
    "load_instrument",
    "map_point",
    "noise_floor",
    "read_distributions",
    "read_survey",
    "sample_profiles",
    "split_countries",
    "split_half_distributions",
    "split_questions",
    "training_view",
    "value_profiles",
]
