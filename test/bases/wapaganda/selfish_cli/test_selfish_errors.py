"""An error becomes one sentence, a hint and an exit code."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from wapaganda.errors import InputError, WapagandaError
from wapaganda.label_studio import LabelStudioError
from wapaganda.selfish_cli import COMMANDS
from wapaganda.selfish_cli.app import OneLine, app, flowing
from wapaganda.selfish_cli.ui.errors import Failure, explain


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train"], "Expected --data or --project, was: neither."),
        (["train", "--data", "a.jsonl", "--project", "1"], "was: --data and --project"),
        (["train", "--data", "nowhere.jsonl"], "nowhere.jsonl, which does not exist"),
        (["update", "--data", "nowhere.jsonl"], "Expected --pool together with --data"),
        (["update", "--data", "a.jsonl", "--take-over"], "Expected --project with --take-over, was: files."),
        (["select", "--pool", "nowhere.jsonl", "--out", "batch.xml"], "ends in .conll, .csv, .json, .jsonl"),
        (["predict"], "Expected a text or --data, was: neither."),
        (["predict", "hello"], "Expected a trained model of default, was: none."),
        (["status"], "trained or updated before, was: default"),
        (["status", "--name", "../etc"], "was: '../etc'"),
        (["status", "--name", "ls-3"], "was: 'ls-3'"),
        (["export", "--data", "nowhere.jsonl", "--out", "set"], "nowhere.jsonl"),
        (["export", "--data", "x", "--out", "set", "--split", "most"], "was: 'most'"),
        (["connect", "--labels", "PER"], "Expected an access token of Label Studio, was: none."),
        (["status", "--project", "0"], "greater than or equal to 1"),
        (["update", "--project", "1"], "Expected an access token of Label Studio, was: none."),
    ],
)
def test_wrong_input_is_one_sentence(selfish, arguments, expected):
    outcome = selfish(*arguments)
    assert outcome.code == 2
    assert expected in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert outcome.stdout == ""


def test_with_json_the_problem_is_the_object(selfish):
    outcome = selfish("status", "--json")
    assert outcome.code == 2
    assert outcome.json["exit_code"] == 2
    assert "default" in outcome.json["error"]
    assert outcome.json["hint"]


@pytest.mark.parametrize(
    "arguments", [["train", "--steps", "many"], ["export", "--data", "x"], ["status", "--colour"], ["fly"]]
)
def test_with_json_a_wrong_command_line_is_an_object_too(selfish, arguments):
    outcome = selfish(*arguments, "--json")
    assert outcome.code == 2
    assert outcome.json["exit_code"] == 2
    assert outcome.json["error"]


def test_texts_without_entities_have_a_hint_that_helps(selfish, files):
    files.data.write_text('{"text": "fine", "spans": []}\n')
    outcome = selfish("train", "--data", files.data)
    assert outcome.code == 2
    assert "Hint: Name texts in which entities are marked." in outcome.stderr


@pytest.mark.parametrize("setting", ["MODEL_DIR", "DATA_DIR"])
def test_a_folder_that_cannot_be_written_is_found_before_the_training(selfish, files, monkeypatch, setting):
    monkeypatch.setenv(setting, str(files.data / "below"))
    outcome = selfish("train", "--data", files.data, "--json")
    assert outcome.code == 2
    assert outcome.json["hint"] == f"Name another by {setting}."
    assert "Training" not in outcome.stderr


@pytest.mark.parametrize("command", [["predict", "--data"], ["select", "--pool"]])
def test_a_file_that_is_read_is_never_overwritten(selfish, files, command):
    before = files.data.read_bytes()
    outcome = selfish(*command, files.data, "--out", files.data)
    assert outcome.code == 2
    assert "which is read" in outcome.stderr
    assert files.data.read_bytes() == before


def test_what_cannot_be_written_is_found_before_the_work(selfish, files, tmp_path):
    for command in (["select", "--pool"], ["export", "--data"]):
        outcome = selfish(*command, files.data, "--out", files.test / "batch.jsonl")
        assert outcome.code == 2
        assert f"{files.test} is no folder" in outcome.stderr
        assert "Reading" not in outcome.stderr
    (tmp_path / "folder.jsonl").mkdir()
    assert "a folder" in selfish("select", "--pool", files.pool, "--out", tmp_path / "folder.jsonl").stderr


def test_an_error_of_the_disk_names_the_file():
    error = PermissionError(13, "Permission denied", "models/v0001")
    assert explain(error) == Failure("models/v0001: Permission denied.", "", 1)


def test_help_has_no_line_ends_of_the_source():
    assert flowing("One\n    line.\n\n    Two\n    lines.\n") == "One line.\n\nTwo lines."
    for name, entry in COMMANDS.items():
        functions = entry.functions(name)
        sentence = entry.summary if entry.group else flowing(functions[name].__doc__).split("\n\n")[0]
        assert flowing(entry.summary) == entry.summary == sentence  # as in the help of the command


def test_only_the_command_that_runs_is_imported():
    code = """
import sys
from wapaganda.selfish_cli import app
try:
    app(["status", "--help"])
except SystemExit:
    found = [name.rpartition(".")[2] for name in sys.modules if ".selfish_cli.commands." in name]
    print(found, "numpy" in sys.modules, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "['status'] False\n"
    assert "Show what the ML backend is doing" in done.stdout


@pytest.mark.parametrize("command", [["status"], ["train", "--data", "x"], ["select", "--pool", "x"]])
def test_a_bad_setting_is_named(selfish, monkeypatch, command):
    monkeypatch.setenv("UNCERTAINTY_THRESHOLD", "seventy")
    outcome = selfish(*command)
    assert outcome.code == 2
    assert "UNCERTAINTY_THRESHOLD" in outcome.stderr
    assert "'seventy'" in outcome.stderr


def test_a_bad_option_is_named_like_a_setting(selfish, files):
    outcome = selfish("select", "--pool", files.pool, "--strategy", "luck")
    assert outcome.code == 2
    assert "STRATEGY" in outcome.stderr


def test_a_malformed_line_is_named_with_file_and_line(selfish, files):
    files.data.write_text('{"text": "fine", "spans": []}\n{"text": \n')
    outcome = selfish("train", "--data", files.data)
    assert outcome.code == 2
    assert "Expected at most 10% of the labelled texts not read, was: 1 of 2 (50%)" in outcome.stderr
    assert "--lenient" in outcome.stderr
    assert f"{files.data.name}:2" in outcome.stderr


def test_a_skipped_line_does_not_stop_a_training_but_is_reported(selfish, files):
    with files.data.open("a") as data:
        data.write("what is this\n")
    outcome = selfish("train", "--data", files.data, "--steps", 5)
    assert outcome.code == 0
    lines = len(files.data.read_text().splitlines())
    assert f"{files.data.name}:{lines}" in outcome.stderr


def test_an_encoder_that_cannot_be_had_fails_with_its_hint(selfish, files, tmp_path):
    outcome = selfish("train", "--data", files.data, "--encoder", tmp_path / "no" / "model")
    assert outcome.code == 1
    assert "cannot be loaded" in outcome.stderr
    assert "Hint:" in outcome.stderr


def test_two_trainings_of_one_project_do_not_run_at_a_time(selfish, files, tmp_path):
    (tmp_path / "kept" / "default").mkdir(parents=True)
    with FileLock(tmp_path / "kept" / "default" / "round.lock"):
        outcome = selfish("train", "--data", files.data)
    assert outcome.code == 2
    assert "another training" in outcome.stderr
    assert "selfish status shows" not in outcome.stderr


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("data_dir_works", [True, False])
def test_an_unforeseen_error_is_one_sentence_and_its_traceback_goes_into_a_file(
    files, monkeypatch, tmp_path, as_json, data_dir_works
):
    def broken(*_: object) -> None:
        raise ValueError("shapes (2,) and (3,) not aligned")

    data = tmp_path / "elsewhere"
    monkeypatch.setenv("DATA_DIR", str(data if data_dir_works else files.data / "below"))
    monkeypatch.setattr("wapaganda.selfish_cli.commands.status.open_context", broken)
    result = CliRunner().invoke(app, ["status", *(["--json"] if as_json else [])])

    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 1
    error, hint = result.stderr.splitlines()
    assert error == "Error: An unexpected error ended the work: ValueError."
    log = Path(hint.split("The log ")[1].split(" has the details")[0])
    assert log.is_relative_to(data) == data_dir_works
    assert "shapes (2,) and (3,) not aligned" in log.read_text()
    assert "Traceback" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0
    assert "report this defect" in hint
    if as_json:
        assert json.loads(result.stdout)["hint"] == hint.removeprefix("Hint: ")
    else:
        assert result.stdout == ""


def test_a_log_line_of_the_command_has_no_traceback():
    try:
        raise KeyError("tasks")
    except KeyError:
        record = logging.LogRecord("a.b", logging.ERROR, "x.py", 1, "It failed.", (), sys.exc_info())
    assert OneLine("%(levelname)s: %(message)s").format(record) == (
        "ERROR: It failed.\n  An unexpected error ended the work: KeyError. The log has the details."
    )


def _deep(files):
    files.data.write_text("[" * 100_000)
    return ["train", "--data", files.data], 2, f"{files.data}:1: Expected JSON, was: nested too deeply"


def _deep_line(files):
    files.data.write_text('{"text": "a b", "spans": []}\n{"text": ' + "[" * 100_000 + "\n")
    return ["predict", "--data", files.data], 2, f"{files.data.name}:2"


def _pipe(files):
    files.data.unlink()
    os.mkfifo(files.data)
    return ["train", "--data", files.data], 2, f"{files.data}: Expected a file or folder, was: a pipe"


def _long_word(files):
    files.data.write_text("a" * 10_000_000 + " O\nRome B-LOC\n")
    return ["train", "--data", files.data], 2, f"{files.data}: Expected words of less than a million"


def _out_is_a_file(files):
    command = ["update", "--data", files.data, "--pool", files.pool, "--out", files.test]
    return command, 2, f"Expected a folder for the batches, was: {files.test} ({files.test} is no folder)."


def _token_of_two_lines(files):
    command = ["update", "--project", 1, "--api-key", "abc\ndef"]
    return command, 2, "Expected an access token of Label Studio in one line"


@pytest.mark.parametrize("fault", [_deep, _deep_line, _pipe, _long_word, _out_is_a_file, _token_of_two_lines])
def test_every_fault_is_a_sentence_with_what_to_do(selfish, files, fault, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: pytest.fail("It waits for something."))
    command, code, expected = fault(files)
    outcome = selfish(*command)
    assert expected in outcome.stderr
    assert outcome.code == code
    assert "unexpected" not in outcome.stderr
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize(("setting", "kilobytes"), [("DATA_DIR", 100), ("DATA_DIR", 300), ("MODEL_DIR", 100)])
def test_a_full_disk_is_named_and_nothing_is_lost(
    selfish, files, tmp_path, monkeypatch, small_disk, setting, kilobytes
):
    folder = tmp_path / "small"
    small_disk(folder, kilobytes)
    monkeypatch.setenv(setting, str(folder))
    outcome = selfish("train", "--data", files.data, "--steps", 1, "--json")
    assert outcome.code == 1
    assert "disk" in outcome.json["error"]
    assert str(folder) in outcome.json["error"]
    assert "Make room" in outcome.json["hint"]
    assert "Traceback" not in outcome.stderr
    monkeypatch.setenv(setting, str(tmp_path / "large"))
    assert selfish("train", "--data", files.data, "--steps", 1).code == 0


def test_the_hint_of_an_error_is_shown_once():
    assert explain(LabelStudioError("It is down.", "Start it.")) == Failure("It is down.", "Start it.", 1)
    assert explain(InputError("No file.", "Name one.")) == Failure("No file.", "Name one.", 2)
    assert explain(InputError("Expected a number, was: x")) == Failure("Expected a number, was: x", "", 2)


def test_the_class_of_an_error_decides_not_its_text():
    assert explain(WapagandaError("Expected a number, was: x")) == Failure("Expected a number, was: x", "", 1)
    for defect in (
        ValueError("Expected a number, was: x"),
        ValueError("shapes (2,) and (3,)"),
        KeyError("x"),
    ):
        assert explain(defect).message == f"An unexpected error ended the work: {type(defect).__name__}."


def test_help_names_every_command(selfish):
    outcome = selfish("--help")
    assert outcome.code == 0
    for command in ("train", "select", "update", "predict", "status", "export", "doctor", "connect"):
        assert f" {command} " in outcome.stdout
        assert selfish(command, "--help").code == 0


def test_a_wrong_option_ends_with_2(selfish):
    assert selfish("train", "--colour", "red").code == 2
