"""GET /metrics: numbers for Prometheus."""

from fastapi import Response

from wapaganda.ml_backend.route import ServicesOf, guarded_router

router = guarded_router()


@router.get("/metrics", response_class=Response)
def metrics(services: ServicesOf) -> Response:
    """Prometheus' text format."""
    states = [job.state for job in services.effects.trainings.jobs()]
    body = services.telemetry.render(services.models.states(), states)
    return Response(body, media_type="text/plain; version=0.0.4; charset=utf-8")
