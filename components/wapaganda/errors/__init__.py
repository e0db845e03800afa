"""The errors that users meet. Every brick raises these or subclasses of them.

    Exception
    └── WapagandaError          one sentence in ``str(error)``, what to do about it in ``hint``
        ├── DiskFullError       a file cannot be written
        └── InputError          also a ValueError: an input of the user is wrong

Bricks add their own: each subclass is exported by the brick that raises it and named in its docstring.
An error whose fault passes says so by its ``retry``; `retry_of` decides for every error.
`tell` makes a sentence of every error, also of those of libraries.
A plain ``ValueError`` or ``TypeError`` means a defect in our own code and is not shown as a user's mistake.
"""

from wapaganda.errors.disk import is_disk_full
from wapaganda.errors.errors import DiskFullError, InputError, WapagandaError
from wapaganda.errors.retry import Retry, retry_after, retry_of
from wapaganda.errors.telling import Explained, tell

__all__ = [
    "DiskFullError",
    "Explained",
    "InputError",
    "Retry",
    "WapagandaError",
    "is_disk_full",
    "retry_after",
    "retry_of",
    "tell",
]
