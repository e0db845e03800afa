"""Metrics for Prometheus; each application has its own registry."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wapaganda.ml_backend.prediction.model_repository import ModelState
from wapaganda.ml_backend.prediction.tasks import Answer

logger = logging.getLogger(__name__)


class Telemetry:
    """The counters of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "wapaganda_requests_total", "Requests answered.", ["path", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "wapaganda_request_seconds", "Time to answer a request.", ["path"], registry=self.registry
        )
        self._tasks = Counter(
            "wapaganda_predicted_tasks_total",
            "Tasks answered by /predict.",
            ["outcome"],
            registry=self.registry,
        )
        self._dropped = Counter(
            "wapaganda_dropped_spans_total",
            "Predicted spans left out because the project's config lacks their label.",
            registry=self.registry,
        )
        self._hidden = Counter(
            "wapaganda_hidden_spans_total",
            "Predicted spans left out because their confidence is below PROPOSAL_FLOOR.",
            registry=self.registry,
        )
        self._events = Counter(
            "wapaganda_webhook_events_total", "Webhook events.", ["outcome"], registry=self.registry
        )
        self._models = Gauge(
            "wapaganda_model_live",
            "1 when the project's model is in memory.",
            ["project"],
            registry=self.registry,
        )
        self._jobs = Gauge("wapaganda_jobs", "Trainings by state.", ["state"], registry=self.registry)
        self.refused_webhooks = 0

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def refusal(self, path: str) -> None:
        """Count a request without the right user and password."""
        self.refused_webhooks += path == "/webhook"

    def answers(self, given: Iterable[Answer]) -> None:
        """Count the answers of one /predict."""
        for each in given:
            self._tasks.labels("answered" if each.reason is None else "empty").inc()
            self._dropped.inc(each.dropped)
            self._hidden.inc(each.hidden)

    def event(self, outcome: str) -> None:
        """Count one webhook event."""
        self._events.labels(outcome).inc()

    def render(self, models: Mapping[str, ModelState], job_states: Iterable[str]) -> bytes:
        """Prometheus' text format."""
        for project, state in models.items():
            self._models.labels(project).set(state.version is not None)
        self._jobs.clear()
        for job_state in job_states:
            self._jobs.labels(job_state).inc()
        return generate_latest(self.registry)


class MetricsMiddleware:
    """ASGI middleware that times every request; paths other than ``paths`` count as ``other``.

    ``request.state.arrived`` is the time of arrival by the monotonic clock.
    """

    def __init__(
        self,
        app: ASGIApp,
        telemetry: Telemetry,
        paths: frozenset[str],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._app = app
        self._telemetry = telemetry
        self._paths = paths
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and measure its time."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["arrived"] = time.monotonic()
        began, status = self._clock(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", scope["path"])  # `/texts/{id}`, not one for each id
            path = route if route in self._paths else "other"
            seconds = self._clock() - began
            self._telemetry.request(path, status, seconds)
            if status >= 400:
                logger.info("%s %s: %d after %.3f s", scope["method"], path, status, seconds)
