"""What MLflow loads: a copy of this file lies in the folder of every model."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from value_personas.experiments.fieldwork.serving import ServedModel


class PersonaModel(PythonModel):
    """Answers survey questions as persons with given values; see ``ServedModel.predict``."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read what lies beside this file; nothing is asked."""
        self._model = ServedModel(Path(context.artifacts["model"]).parent)

    def predict(  # pyright: ignore - MLflow's own says that it returns nothing
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """A row a person and question."""
        return self._model.predict(model_input)


set_model(PersonaModel())
