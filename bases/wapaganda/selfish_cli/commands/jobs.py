"""selfish jobs: list the trainings of the ML backend and cancel one."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wapaganda.errors import InputError
from wapaganda.selfish_cli.project import open_jobs, read_settings
from wapaganda.selfish_cli.ui import options
from wapaganda.selfish_cli.ui.console import session
from wapaganda.selfish_cli.ui.tables import plain_table

if TYPE_CHECKING:
    from wapaganda.jobs import Job

HEAD = ("Job", "Project", "State", "Progress", "Submitted (UTC)", "Reason")


def list_jobs(
    project: Annotated[
        int | None, typer.Option("--project", min=1, help="Only jobs of this Label Studio project.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Only jobs of this project name.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, the newest first.")] = 20,
    as_json: options.AsJson = False,
) -> None:
    """List the trainings that the ML backend runs, has run and will run, the newest first.

    A training that failed for a passing reason is queued again: the state says until when, the reason why.
    """
    with session(as_json) as console:
        if project is not None and name is not None:
            raise InputError("Expected --project or --name, was: both.", "Leave one of them out.")
        queue = open_jobs(read_settings())
        key = name if project is None else f"ls-{project}"
        found = queue.list(key, limit) if queue else []
        if found:
            console.show(plain_table("Jobs", HEAD, [_row(each) for each in found], numbers=(0,)))
        else:
            console.show("No jobs.")
        console.emit({"jobs": [_record(each) for each in found]})


def cancel(
    job: Annotated[int, typer.Argument(help="Number of the job, from selfish jobs list.")],
    as_json: options.AsJson = False,
) -> None:
    """Cancel a training of the ML backend that is queued or running.

    The live model, all labels and all finished steps are kept. A running training stops within seconds.
    """
    with session(as_json) as console:
        queue = open_jobs(read_settings())
        if queue is None:
            raise InputError(
                f"Expected the number of a job, was: {job}; there are no jobs.",
                "Name the folder of the ML backend by DATA_DIR.",
            )
        before = queue.get(job)
        if before.is_over:
            raise InputError(
                f"Expected a job that is queued or running, was: job {job}, which is {before.state}.",
                "selfish jobs list shows the jobs.",
            )
        after = queue.cancel(job)
        if after.is_over:
            console.show(f"Job {job} of {after.project} is {after.state}.")
        else:
            console.show(
                f"Job {job} of {after.project} is being cancelled; its process stops within seconds."
            )
        console.emit(_record(after))


def _row(job: "Job") -> list[str]:
    state = f"{job.state}, being cancelled" if job.cancel_requested and not job.is_over else str(job.state)
    if job.waits_to_retry:
        state = f"{job.state} until {_time(job.not_before)}"
    share = "" if job.progress_fraction is None else f" {100 * job.progress_fraction:.0f}%"
    return [
        str(job.id),
        job.project,
        state,
        f"{job.progress_text}{share}",
        _time(job.created_at),
        job.error or job.reason,
    ]


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def _record(job: "Job") -> dict[str, Any]:
    return asdict(job)
