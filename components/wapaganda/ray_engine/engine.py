"""Actors on Ray Data that each make a function once and then call it with one item after the other."""

import logging
import os
import pickle
import tempfile
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, TypeVar

from wapaganda.errors import InputError, WapagandaError

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_SHORT_PATH = "/tmp"  # the path of a socket has at most 107 bytes
_OBJECT_STORE = 100 << 20
"""Bytes for objects on this machine: items and answers are small."""
_QUIET = {"RAY_DATA_LOG_LEVEL": "CRITICAL"}
_ON_ONE_MACHINE = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # On one machine every server of Ray then listens on 127.0.0.1 only, as it does on macOS.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
_RESTARTS = 3
"""Of an actor of a cluster, whose machines come and go. On one machine an actor that dies lacks memory."""
_OF_ACTORS = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


class EngineError(WapagandaError):
    """Ray could not do the work."""


@dataclass(frozen=True, slots=True)
class RayEngine:
    """Calls a function in several actors of Ray Data.

    ``workers``: the number of actors; ``None``: one for each GPU, or for each core where there is none or
    ``device`` is ``cpu``. An actor has one GPU, or one core and one thread. ``address``: of a running
    cluster; ``None``: Ray is started on this machine for the time of the work. No one else reaches it, and it
    sends nothing about its use.

    Raises:
        InputError: Ray is not installed.
    """

    workers: int | None = None
    address: str | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        if find_spec("ray") is None:
            raise InputError(
                "Expected the package ray for the engine ray, was: not installed.",
                "Install the extra: pip install 'wapaganda-selfish[ray]', or use the engine local.",
            )

    def __call__(
        self, make: Callable[[], Callable[[Item], Answer]], items: Sequence[Item]
    ) -> Generator[Answer, None, None]:
        """Yield the answer for each item, in any order; each actor calls ``make`` once.

        ``make``, items and answers are pickled. Files that they name have the same paths on all machines.

        Raises:
            WapagandaError, OSError: the function raised it.
            EngineError: Ray does not start, there is no such cluster, or an actor died.
        """
        if not items:
            return
        with self._running() as data:
            from ray.exceptions import RayError, RayTaskError
            from ray.util.annotations import RayDeprecationWarning

            rows = [{"item": pickle.dumps(item)} for item in items]
            with warnings.catch_warnings():
                # There is no other way to limit the restarts of an actor yet.
                warnings.simplefilter("ignore", RayDeprecationWarning)
                work = data.from_items(rows, override_num_blocks=len(rows)).map(
                    _Actor, fn_constructor_args=(pickle.dumps(make),), **self._actors(len(items))
                )
            try:
                for row in work.iter_rows():
                    answer = pickle.loads(row["answer"])
                    if isinstance(answer, BaseException):
                        raise answer
                    yield answer
            except RayTaskError:
                raise  # a defect of ours, with its traceback
            except RayError as error:
                raise EngineError(
                    f"Expected Ray to do the work, was: {_first_line(error)}.",
                    "Look whether memory was short; what is finished is kept when you repeat the command.",
                ) from error

    @contextmanager
    def _running(self) -> Iterator[Any]:
        """Ray, quiet, until the end of the block; yields ``ray.data``."""
        os.environ.update(_QUIET if self.address else _QUIET | _ON_ONE_MACHINE)
        import ray
        import ray.data

        with tempfile.TemporaryDirectory(prefix="ray-", dir=_SHORT_PATH, ignore_cleanup_errors=True) as own:
            here: dict[str, Any] = {
                "num_cpus": self.workers,
                "include_dashboard": False,
                "object_store_memory": _OBJECT_STORE,
                "_temp_dir": own,
            }
            try:
                self._start({} if self.address else here)
                _quieten(ray.data)
                yield ray.data
            finally:
                ray.shutdown()

    def _start(self, here: dict[str, Any]) -> None:
        import ray

        try:
            ray.init(
                address=self.address or "local",
                runtime_env={"env_vars": _OF_ACTORS},
                log_to_driver=False,
                logging_level=logging.CRITICAL,
                **here,
            )
        except Exception as error:  # Ray raises this very class when a start takes more than 30 s
            where = f"a Ray cluster at {self.address}" if self.address else "Ray to start on this machine"
            raise EngineError(
                f"Expected {where}, was: {_first_line(error)}.",
                "Look whether the cluster runs."
                if self.address
                else "Try again when the machine is less busy.",
            ) from error

    def _actors(self, n_items: int) -> dict[str, Any]:
        """How many actors there are, and what each of them occupies."""
        import ray
        from ray.data import ActorPoolStrategy

        there = ray.cluster_resources()
        kind = "num_cpus" if self.device == "cpu" or there.get("GPU", 0) < 1 else "num_gpus"
        slots = int(there.get("GPU" if kind == "num_gpus" else "CPU", 1))
        size = min(self.workers or slots, n_items)
        # One item at a time: an actor that starts late finds as much work as the others.
        pool = ActorPoolStrategy(size=size, max_tasks_in_flight_per_actor=1)
        return {"compute": pool, kind: 1, "max_restarts": _RESTARTS if self.address else 0}


class _Actor:
    """Makes the function in the actor's process. Errors that users can mend are answers."""

    def __init__(self, make: bytes) -> None:
        self._make = make
        self._function: Callable[[Any], Any] | None = None

    def __call__(self, row: dict[str, Any]) -> dict[str, bytes]:
        try:
            if self._function is None:
                self._function = pickle.loads(self._make)()
            answer = self._function(pickle.loads(row["item"]))
        except (WapagandaError, OSError, MemoryError) as error:
            answer = error
        return {"answer": pickle.dumps(answer)}


def _quieten(data: Any) -> None:  # noqa: ANN401 - the module ``ray.data``
    context = data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
