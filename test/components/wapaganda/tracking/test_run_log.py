import math
import subprocess
import sys

import pytest

from wapaganda.tracking import CurvePoint, ModelEvent, RunLog, learning_curve_png, mirroring
from wapaganda.tracking.cursor import Cursor, write_cursor
from wapaganda.tracking.mlflow_run import _name


@pytest.fixture
def log(tmp_path):
    return RunLog(tmp_path / "runs")


def test_a_run_is_read_as_it_was_written(log, tmp_path):
    (tmp_path / "curve.png").write_bytes(b"png")
    run = log.start("round 1", {"lr": 3e-5, "path": tmp_path}, {"project": "7"})
    run.metrics(10, {"loss": 1.5})
    run.metrics(20, {"loss": math.nan, "f1": 0.5})
    run.artifact(tmp_path / "curve.png", "figures")
    run.model(tmp_path, "demo", "v0001-01234567", "champion")
    assert log.read(run.id).status == "RUNNING"
    run.end()

    record = RunLog(log.directory).read(run.id)
    assert (record.id, record.name, record.status) == (run.id, "round 1", "FINISHED")
    assert record.params == {"lr": 3e-5, "path": str(tmp_path)}
    assert record.tags == {"project": "7"}
    assert (record.metrics[0].step, record.metrics[0].values) == (10, {"loss": 1.5})
    assert math.isnan(record.last_metrics()["loss"])
    assert record.artifacts[0].read_bytes() == b"png"
    assert record.models == [ModelEvent("demo", "v0001-01234567", "champion", tmp_path)]


def test_a_file_of_a_run_outlives_its_original(log, tmp_path):
    (tmp_path / "curve.png").write_bytes(b"first")
    run = log.start("round 1")
    run.artifact(tmp_path / "curve.png")
    (tmp_path / "curve.png").unlink()

    assert log.read(run.id).artifacts[0].read_bytes() == b"first"


def test_a_run_can_be_gone_on_with(log):
    run_id = log.start("round 1").id
    log.resume(run_id).metrics(1, {"f1": 0.5})
    log.start("round 2")

    assert [run.name for run in log.runs()] == ["round 1", "round 2"]
    assert log.runs()[0].last_metrics() == {"f1": 0.5}
    for unknown in ("nothing", "../runs/" + run_id):
        with pytest.raises(KeyError, match="Expected the id of a run"):
            log.resume(unknown)


@pytest.mark.parametrize("cut", range(1, 40, 7))
def test_a_torn_line_costs_only_itself(log, cut):
    run = log.start("round 1", {"lr": 1})
    run.metrics(1, {"f1": 0.5})
    whole = run.path.read_bytes()
    run.path.write_bytes(whole[:-cut])
    run.metrics(2, {"f1": 0.6})
    run.end()

    record = log.read(run.id)
    assert (record.name, record.params, record.status) == ("round 1", {"lr": 1}, "FINISHED")
    assert record.last_metrics() == {"f1": 0.6}


def test_many_writers_of_one_run_do_not_mix_their_lines(log):
    run = log.start("round 1")
    code = (
        "import sys\nfrom pathlib import Path\nfrom wapaganda.tracking import RunLog\n"
        "run = RunLog(Path(sys.argv[1])).resume(sys.argv[2])\n"
        "for step in range(200): run.metrics(step, {'f1': step, 'x' * 200: 1})\n"
    )
    path = str(mirroring.__file__).rsplit("/wapaganda/", 1)[0]
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {path!r})\n{code}"]
    writers = [subprocess.Popen([*command, str(log.directory), run.id]) for _ in range(2)]
    assert [writer.wait(60) for writer in writers] == [0, 0]

    assert len(log.read(run.id).metrics) == 400


def test_the_learning_curve_is_a_picture(tmp_path):
    path = tmp_path / "figures" / "curve.png"
    for points in (
        [],
        [CurvePoint(1, 200, 0.5)],
        [CurvePoint(n, 200 + 50 * n, 0.5 + n / 50) for n in range(5)],
    ):
        learning_curve_png(points, path)
        data = path.read_bytes()
        assert data.startswith(b"\x89PNG")
    assert len(data) > 10_000


def test_importing_the_brick_imports_neither_mlflow_nor_matplotlib():
    path = str(mirroring.__file__).rsplit("/wapaganda/", 1)[0]
    code = (
        f"import sys; sys.path.insert(0, {path!r}); import wapaganda.tracking; "
        "sys.exit(bool({'mlflow', 'matplotlib', 'numpy'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_names_are_made_fit_for_mlflow():
    assert [_name(each) for each in ("f1/PER", "f1/Per (X)", "../a", "", "größe", "a//b")] == [
        "f1/PER",
        "f1/Per _X_",
        "a",
        "_",
        "größe",
        "a/b",
    ]


def test_the_names_of_runs_stand_in_the_order_of_their_starts(tmp_path):
    log = RunLog(tmp_path)
    ids = [log.start(f"round {number}").id for number in range(20)]
    assert sorted(ids) == ids


def test_old_runs_are_pruned_when_mlflow_has_them(log, tmp_path):
    (tmp_path / "a.txt").touch()
    runs = [log.start(f"round {number}") for number in range(23)]
    for number, run in enumerate(runs):
        run.artifact(tmp_path / "a.txt")
        if number != 18:
            run.end()
        if number in (17, 18, 19):
            lines = len(run.path.read_bytes().splitlines()) - (number == 19)
            write_cursor(Cursor(run.path.with_suffix(".0123abcd.cursor"), "7", lines))

    assert log.prune(2) == 4

    left = [each.id for each in log.runs()]
    assert left == [each.id for number, each in enumerate(runs) if number not in (0, 1, 2, 17)]
    assert not list(log.directory.glob(f"{runs[17].id}*"))
    assert log.prune(100) == 0
