"""One callback for the progress of every long piece of work."""

from wapaganda.progress.progress import Progress, silent

__all__ = ["Progress", "silent"]
