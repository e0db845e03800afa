"""The image and the compose file say what they should; no container engine is needed to tell."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import label_studio_server
from wapaganda.settings import Settings

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "projects/ml_backend/Dockerfile"
BIN = Path(sys.executable).parent


def hadolint(dockerfile: str) -> str:
    command = [str(BIN / "hadolint"), "--no-color", "-"]
    return subprocess.run(command, input=dockerfile, capture_output=True, text=True, check=False).stdout


def test_hadolint_finds_nothing():
    assert hadolint(DOCKERFILE.read_text()) == ""


def test_hadolint_would_find_something():
    assert "DL3006" in hadolint("FROM python\n")


def test_hadolint_finds_nothing_in_the_inline_dockerfile(services: dict[str, Any]):
    assert hadolint(services["mlflow"]["build"]["dockerfile_inline"]) == ""


def test_the_image_has_several_stages_on_the_pinned_base():
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE.read_text(), flags=re.MULTILINE)
    assert stages == ["${BASE_IMAGE}"] * 2
    assert "ARG BASE_IMAGE=python:3.11-slim-bookworm\n" in DOCKERFILE.read_text()


def test_images_may_be_given_by_digest(compose, secrets):
    digest = "sha256:" + "0" * 64
    given = {"BASE_IMAGE": f"python:3.11@{digest}", "LABEL_STUDIO_IMAGE": f"studio@{digest}"}
    found = json.loads(compose(secrets | given).stdout)["services"]
    assert found["label-studio"]["image"] == f"studio@{digest}"
    for name in ("ml-backend", "mlflow"):
        assert found[name]["build"]["args"]["BASE_IMAGE"] == f"python:3.11@{digest}"


def test_every_service_is_held_back(services: dict[str, Any]):
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert int(service["mem_limit"]) >= 2 * 1024**3, name
        assert service["pids_limit"] > 0, name


def test_the_image_runs_as_nobody_special_with_a_health_check():
    last_stage = DOCKERFILE.read_text().rsplit("\nFROM ", 1)[1]
    assert re.search(r"^USER (\d+)", last_stage, flags=re.MULTILINE)[1] != "0"
    assert re.search(r"^HEALTHCHECK .*\\\n.*python.*/health", last_stage, flags=re.MULTILINE)
    assert 'CMD ["ml-backend", "--host", "0.0.0.0", "--port", "9090"]' in last_stage


def test_the_context_holds_what_the_dockerfile_copies_and_little_else():
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    lines = re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE.read_text(), flags=re.MULTILINE)
    assert {next((top for top in allowed if source.startswith(top)), source) for source in lines} == allowed


def requirements_of_the_image() -> list[str]:
    """What the Dockerfile's own lines make of the projects' files."""
    code = re.search(r"^RUN python -c '(.*?)' > requirements.txt", DOCKERFILE.read_text(), re.M | re.S)
    joined = code[1].replace("\\\n", "")  # as the engine joins the lines
    outcome = subprocess.run(
        [sys.executable, "-c", joined], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return outcome.stdout.splitlines()


def test_the_image_holds_both_commands_and_what_they_need():
    assert "--no-deps ./projects/core ./projects/ml_backend ./projects/selfish" in DOCKERFILE.read_text()
    needed = requirements_of_the_image()
    heads = [
        tomllib.loads(path.read_text())["project"] for path in (ROOT / "projects").glob("*/pyproject.toml")
    ]
    direct = {need for head in heads for need in head["dependencies"] if not need.startswith("wapaganda")}
    assert sorted(needed) == sorted(direct)


def test_a_missing_secret_is_named(compose):
    missing = compose({"LABEL_STUDIO_API_KEY": "0" * 40})
    assert "LABEL_STUDIO_PASSWORD" in missing.stderr
    assert missing.stdout == ""


def test_every_service_has_a_health_check_a_volume_and_comes_back(services: dict[str, Any]):
    assert set(services) == {"label-studio", "ml-backend", "mlflow"}
    for name, service in services.items():
        check = service["healthcheck"]["test"]
        assert check[0] == "CMD", name
        assert [word for word in check if " " in word] == [], name  # podman splits there
        assert {volume["type"] for volume in service["volumes"]} == {"volume"}, name
        assert service["restart"] == "unless-stopped", name


def test_no_service_waits_for_another(services: dict[str, Any]):
    assert [name for name, service in services.items() if service.get("depends_on")] == []


def test_every_port_is_closed_to_the_network_unless_asked_for(services: dict[str, Any], compose, secrets):
    bound = {port["host_ip"] for service in services.values() for port in service["ports"]}
    assert bound == {"127.0.0.1"}
    opened = json.loads(compose(secrets | {"BIND_ADDRESS": "0.0.0.0"}).stdout)["services"]
    hosts = {name: {port["host_ip"] for port in service["ports"]} for name, service in opened.items()}
    assert hosts == {"label-studio": {"0.0.0.0"}, "ml-backend": {"0.0.0.0"}, "mlflow": {"127.0.0.1"}}
    mlflow = json.loads(compose(secrets | {"MLFLOW_BIND_ADDRESS": "0.0.0.0"}).stdout)["services"]["mlflow"]
    assert {port["host_ip"] for port in mlflow["ports"]} == {"0.0.0.0"}


def test_label_studio_lets_the_backend_be_seen(services: dict[str, Any], secrets):
    environment = services["label-studio"]["environment"]
    assert environment["USE_DEFAULT_BANNED_SUBNETS"] == "false"
    assert environment["LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN"] == "true"
    assert environment["LABEL_STUDIO_USER_TOKEN"] == secrets["LABEL_STUDIO_API_KEY"]
    assert environment["fflag_fix_back_4620_memory_efficient_predictions_import_08012025_short"] == "true"


def test_the_backend_sees_its_peers_on_a_read_only_root(services: dict[str, Any]):
    backend = services["ml-backend"]
    assert backend["environment"]["LABEL_STUDIO_URL"] == "http://label-studio:8080"
    assert backend["environment"]["MLFLOW_TRACKING_URI"] == "http://mlflow:5000"
    assert backend["read_only"] is True
    mounted = {volume["target"] for volume in backend["volumes"]}
    assert {backend["environment"]["MODEL_DIR"], backend["environment"]["DATA_DIR"]} == mounted


def test_label_studio_knows_the_backend_by_a_name_that_its_webhooks_take(services: dict[str, Any]):
    aliases = services["ml-backend"]["networks"]["default"]["aliases"]
    named = re.findall(r"--backend http://(\S+):9090", (ROOT / "docs/deployment.md").read_text())
    assert named == aliases == ["ml-backend.internal"]  # Label Studio takes no name without a dot


def test_the_backend_gets_the_settings_of_the_users_file(compose, tmp_path: Path):
    (tmp_path / ".env").write_text(
        "SEED=99\nMODEL_DIR=./mine\nLABEL_STUDIO_PASSWORD=p\nLABEL_STUDIO_API_KEY=k\n"
    )
    outcome = compose({})
    environment = json.loads(outcome.stdout)["services"]["ml-backend"]["environment"]
    assert "LABEL_STUDIO_PASSWORD" not in environment
    assert set(Settings.model_fields) <= {name.lower() for name in environment}
    assert environment["SEED"] == "99"
    assert environment["FOLDS"] is None  # not set in the container
    assert environment["LABEL_STUDIO_API_KEY"] == "k"
    assert environment["MODEL_DIR"] == "/models"


def test_label_studio_is_the_one_that_the_tests_run_against(services: dict[str, Any]):
    assert services["label-studio"]["image"].split(":")[1] == label_studio_server.VERSION
    environment = services["label-studio"]["environment"]
    own = {"LABEL_STUDIO_USERNAME", "LABEL_STUDIO_PASSWORD", "LABEL_STUDIO_USER_TOKEN"}
    tested = {name: value for name, value in label_studio_server.SETTINGS.items() if name not in own}
    assert {name: environment.get(name) for name in tested} == tested
