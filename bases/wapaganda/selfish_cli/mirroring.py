"""MLflow, told about finished runs beside the work and never in its way."""

from wapaganda.selfish_cli.project_context import ProjectContext
from wapaganda.selfish_cli.screen import Screen
from wapaganda.selfish_cli.steps import Steps

PATIENCE = 10.0
"""Seconds that a command waits for MLflow when its own work is done."""


def mirror_runs(context: ProjectContext, screen: Screen, steps: Steps) -> str:
    """Copy the finished runs to MLflow; what it cannot take now is copied next time. One sentence back."""
    steps("mlflow", 0, 0)
    report = context.mirror(PATIENCE)
    if report.ok:
        return f"MLflow has the runs at {context.settings.mlflow_tracking_uri}."
    message = f"{report.message.rstrip('.')}. The runs are kept; what MLflow lacks then is written next time."
    screen.warn(message)
    return message
