"""Work in the background: a job table on disk, and supervised processes that work it off."""

from wapaganda.jobs.child import run_child
from wapaganda.jobs.job import Job, JobError, Progress, State
from wapaganda.jobs.queue import JobQueue
from wapaganda.jobs.supervisor import Supervisor

__all__ = ["Job", "JobError", "JobQueue", "Progress", "State", "Supervisor", "run_child"]
