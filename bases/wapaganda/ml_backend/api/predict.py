"""POST /predict: pre-annotations for tasks."""

from typing import Any, Final

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict

from wapaganda.ml_backend.prediction.admission import BusyError
from wapaganda.ml_backend.responses import AsciiJson, streamed_results
from wapaganda.ml_backend.route import BODY_REFUSALS, ServicesOf, guarded_router
from wapaganda.ml_backend.schemas import ErrorResponse, PredictRequest

_RETRY_SECONDS: Final = 10

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


@router.post(
    "/predict",
    responses={
        **BODY_REFUSALS,
        200: {"model": PredictResponse},
        503: {"model": ErrorResponse, "description": "Too many predictions are waiting."},
    },
)
async def predict(request: PredictRequest, services: ServicesOf, http: Request) -> Response:
    """Pre-annotate tasks: always one result for each, empty with a reason where there can be none."""
    limits, arrived = services.options.limits, http.state.arrived
    if len(request.tasks) > limits.tasks:
        return AsciiJson(
            {"error": f"Expected at most {limits.tasks} tasks in a call, was: {len(request.tasks)}."}, 413
        )

    def answered() -> Response:
        answers = services.predictor.predict(request, arrived)
        services.telemetry.answers(answers)
        return streamed_results(each.to_json() for each in answers)

    try:
        return await services.admission.run(answered)
    except BusyError:
        reason = f"{limits.places} predictions are waiting; ask again in {_RETRY_SECONDS} s."
        return AsciiJson({"error": reason}, 503, headers={"Retry-After": str(_RETRY_SECONDS)})
