"""What the actors of the test do."""

import os
import time

import psutil

from wapaganda.errors import InputError


class Work:
    """What an actor does: 3 is wrong input, and 4 kills the actor."""

    def __call__(self, item: int) -> dict[str, object]:
        if item == 3:
            raise InputError("Expected another number, was: 3.", "Take 5.")
        if item == 4:
            os._exit(1)
        time.sleep(0.5)
        mine = psutil.Process()
        (raylet,) = (each for each in mine.parents() if each.name() == "raylet")
        family = [raylet.parent(), *raylet.parent().children(recursive=True)]
        places = [place for each in family for place in listened_on(each)]
        return {"item": item, "pid": mine.pid, "threads": os.environ["OMP_NUM_THREADS"], "places": places}


def listened_on(process: psutil.Process) -> list[str]:
    try:
        return [each.laddr.ip for each in process.net_connections("tcp") if each.status == "LISTEN"]
    except psutil.NoSuchProcess:
        return []
