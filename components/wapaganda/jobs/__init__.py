"""Background jobs: a job table on disk, and a supervised process for each job."""

from wapaganda.jobs.child import run_child
from wapaganda.jobs.job import Job, JobError, State, UnknownJobError
from wapaganda.jobs.queue import JobQueue
from wapaganda.jobs.supervisor import Supervisor

__all__ = ["Job", "JobError", "JobQueue", "State", "Supervisor", "UnknownJobError", "run_child"]
