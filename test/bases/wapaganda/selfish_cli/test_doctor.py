"""The doctor finds what is wrong around the program and ends with 1."""

import http.server
import threading

import pytest


def checks(outcome) -> dict[str, dict]:
    return {check["name"]: check for check in outcome.json["checks"]}


def test_all_is_well_without_label_studio(selfish):
    outcome = selfish("doctor", "--json")
    assert outcome.code == 0, outcome.stdout
    found = checks(outcome)
    assert outcome.json["ok"] is True
    assert {found[name]["ok"] for name in ("Settings", "Models folder", "Torch", "Encoder", "MLflow")} == {
        True
    }
    assert found["Label Studio"]["ok"] is None
    assert "All checks passed." in selfish("doctor").stdout


def test_bad_settings_are_findings(selfish, monkeypatch):
    monkeypatch.setenv("LEARNING_RATE", "fast")
    monkeypatch.setenv("SEED", "-1")
    outcome = selfish("doctor", "--json")
    assert outcome.code == 1
    found = [check["message"] for check in outcome.json["checks"] if check["ok"] is False]
    assert len(found) == 2
    assert "LEARNING_RATE" in found[0] + found[1]


def test_a_personal_token_where_a_legacy_one_is_needed_is_found(selfish, monkeypatch):
    monkeypatch.setenv("LABEL_STUDIO_TOKEN_KIND", "legacy")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "eyJhbGciOi.eyJ0b2tlbl.c2lnbmF0dXJl")
    outcome = selfish("doctor", "--json")
    assert outcome.code == 1
    assert "was: a personal access token" in checks(outcome)["Settings"]["message"]


def test_a_device_that_is_not_there_is_found_and_stops_a_training(selfish, files, monkeypatch):
    monkeypatch.setenv("DEVICE", "cuda:77")
    found = checks(selfish("doctor", "--json"))["Torch"]
    assert (found["ok"], found["message"].partition(", was")[0]) == (False, "Expected the device cuda:77")
    outcome = selfish("train", "--name", "toys", "--data", files.data)
    assert outcome.code == 2
    assert "Expected the device cuda:77, was: torch " in outcome.stderr
    assert "set DEVICE=auto" in outcome.stderr


def test_an_encoder_without_weights_is_found(selfish, tmp_path):
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.json").write_text('{"model_type": "bert", "hidden_size": 32}')
    outcome = selfish("doctor", "--encoder", tmp_path / "half", "--json")
    assert outcome.code == 1
    assert "lacks weights (*.safetensors) and tokenizer.json" in checks(outcome)["Encoder"]["message"]
    assert checks(outcome)["Encoder"]["hint"]


def test_a_hub_that_cannot_be_asked_is_found(selfish):
    outcome = selfish("doctor", "--encoder", "nobody/nothing", "--json")
    assert outcome.code == 1
    assert checks(outcome)["Encoder"]["ok"] is False


def test_a_folder_that_cannot_be_written_is_found(selfish, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "file" / "data"))
    outcome = selfish("doctor", "--json")
    assert outcome.code == 1
    assert checks(outcome)["Data folder"]["ok"] is False


@pytest.fixture
def refusing_mlflow():
    """A server that answers 403, as MLflow does to a host that it does not know."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(403)

        def log_message(self, *_):
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_mlflow_that_refuses_the_host_is_found(selfish, monkeypatch, refusing_mlflow):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", refusing_mlflow)
    outcome = selfish("doctor", "--json")
    assert outcome.code == 1
    assert "--allowed-hosts" in checks(outcome)["MLflow"]["hint"]


def test_an_mlflow_that_is_down_is_found(selfish, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    outcome = selfish("doctor", "--json")
    assert outcome.code == 1
    assert "does not answer" in checks(outcome)["MLflow"]["message"]


@pytest.mark.real
def test_a_label_studio_that_is_down_is_found(selfish):
    outcome = selfish("doctor", "--url", "http://127.0.0.1:9", "--api-key", "x" * 40, "--json")
    assert outcome.code == 1
    assert any(check["ok"] is False and "Label Studio" in check["name"] for check in outcome.json["checks"])
