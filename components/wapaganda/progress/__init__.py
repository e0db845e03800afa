"""One callback for the progress of every long piece of work."""

from wapaganda.progress.names import STEP_NAMES
from wapaganda.progress.progress import Progress, silent

__all__ = ["STEP_NAMES", "Progress", "silent"]
