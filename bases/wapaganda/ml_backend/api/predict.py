"""POST /predict: pre-annotations for tasks."""

from typing import Any

from fastapi import Response
from pydantic import BaseModel, ConfigDict

from wapaganda.ml_backend.responses import streamed_results
from wapaganda.ml_backend.route import BODY_REFUSALS, ServicesOf, guarded_router
from wapaganda.ml_backend.schemas import PredictRequest

router = guarded_router()


class Prediction(BaseModel):
    """The answer for one task; ``score`` is the confidence in the whole text, in [0, 1]; ``reason`` says why
    it is empty.
    """

    model_config = ConfigDict(protected_namespaces=())
    result: list[dict[str, Any]]
    score: float
    model_version: str
    reason: str | None = None


class PredictResponse(BaseModel):
    """One prediction for each task, in the order of the tasks."""

    results: list[Prediction]


@router.post("/predict", responses={**BODY_REFUSALS, 200: {"model": PredictResponse}})
def predict(request: PredictRequest, services: ServicesOf) -> Response:
    """Pre-annotate tasks: always one result for each, empty with a reason where there can be none."""
    answers = services.predictor.predict(request)
    services.telemetry.answers(answers)
    return streamed_results(each.to_json() for each in answers)
