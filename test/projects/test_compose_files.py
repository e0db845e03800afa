"""The files of `deploy/`, alone and together, and what each service gets of `.env`."""

import json
from itertools import chain, combinations
from typing import Any

import pytest

NEEDED = {
    "gpu": {},
    "tls": {
        "SITE_ADDRESS": "labels.example.org",
        "BASIC_AUTH_USER": "label-studio",
        "BASIC_AUTH_PASS": "backend-secret",
        "MLFLOW_TRACKING_PASSWORD": "mlflow-secret",
    },
    "postgres": {"POSTGRES_PASSWORD": "database-secret"},
    "private-ca": {"CA_BUNDLE": "/srv/ca.pem"},
    "encoder": {"ENCODER_FOLDER": "/srv/encoder"},
}
COMBINATIONS = list(chain.from_iterable(combinations(NEEDED, number) for number in range(len(NEEDED) + 1)))


def read(compose, secrets: dict[str, str], *overrides: str, **more: str) -> dict[str, Any]:
    needed = {name: value for each in overrides for name, value in NEEDED[each].items()}
    outcome = compose(secrets | needed | more, *overrides)
    assert outcome.stderr == ""
    return json.loads(outcome.stdout)["services"]


@pytest.mark.parametrize("overrides", COMBINATIONS, ids="+".join)
def test_every_combination_is_valid_and_held_back(compose, secrets, overrides):
    services = read(compose, secrets, *overrides)
    extra = {"caddy" for name in overrides if name == "tls"} | {
        "postgres" for _ in overrides if _ == "postgres"
    }
    assert set(services) == {"label-studio", "ml-backend", "mlflow"} | extra
    for name, service in services.items():
        assert service["healthcheck"]["test"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert int(service["mem_limit"]) >= 512 * 1024**2, name
        assert service["pids_limit"] > 0, name
        assert service["restart"] == "unless-stopped", name
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}, name
        assert any(volume["type"] == "volume" for volume in service["volumes"]), name
    open_to_all = {
        name
        for name, service in services.items()
        for port in service.get("ports", [])
        if "host_ip" not in port
    }
    assert open_to_all == {"caddy"} & set(services)


@pytest.mark.parametrize(
    ("override", "name"), [(override, name) for override in NEEDED for name in NEEDED[override]]
)
def test_what_a_file_needs_is_named(compose, secrets, override, name):
    given = {key: value for key, value in NEEDED[override].items() if key != name}
    outcome = compose(secrets | given, override)
    assert f"Set {name} in .env" in outcome.stderr
    assert outcome.stdout == ""


def test_each_service_gets_its_own_secrets_only(compose, secrets):
    services = read(compose, secrets, *NEEDED)
    values = {name: set((service["environment"]).values()) for name, service in services.items()}
    token = secrets["LABEL_STUDIO_API_KEY"]
    holders = {
        secret: {name for name, held in values.items() if secret in held}
        for secret in (
            secrets["LABEL_STUDIO_PASSWORD"],
            token,
            "backend-secret",
            "mlflow-secret",
            "database-secret",
        )
    }
    assert holders == {
        secrets["LABEL_STUDIO_PASSWORD"]: {"label-studio"},
        token: {"label-studio", "ml-backend"},
        "backend-secret": {"ml-backend"},
        "mlflow-secret": {"ml-backend", "mlflow"},
        "database-secret": {"label-studio", "postgres"},
    }


def test_the_gpu_file_asks_for_cuda_and_a_device(compose, secrets):
    backend = read(compose, secrets, "gpu", GPU_COUNT="2")["ml-backend"]
    assert backend["build"]["args"]["TORCH"] == "torch==2.13.0"
    assert backend["environment"]["DEVICE"] == "cuda"
    (device,) = backend["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["count"], device["capabilities"]) == ("nvidia", 2, ["gpu"])


def test_with_https_only_caddy_has_ports_and_everyone_knows_the_address(compose, secrets):
    services = read(compose, secrets, "tls")
    assert {name for name, service in services.items() if service.get("ports")} == {"caddy"}
    assert [port["published"] for port in services["caddy"]["ports"]] == ["80", "443", "9443", "5443"]
    studio = services["label-studio"]["environment"]
    assert studio["LABEL_STUDIO_HOST"] == studio["CSRF_TRUSTED_ORIGINS"] == "https://labels.example.org"
    assert services["mlflow"]["environment"]["MLFLOW_ALLOWED_HOSTS"] == "labels.example.org:5443"
    backend = services["ml-backend"]["environment"]
    assert backend["LABEL_STUDIO_URL"] == "http://label-studio:8080"
    assert backend["LABEL_STUDIO_PUBLIC_URL"] == "https://labels.example.org"
    assert backend["MLFLOW_PUBLIC_URL"] == "https://labels.example.org:5443"


def test_only_label_studio_reaches_the_database(compose, secrets):
    services = read(compose, secrets, "postgres")
    assert [name for name, each in services.items() if "database" in each["networks"]] == [
        "label-studio",
        "postgres",
    ]
    assert set(services["postgres"]["networks"]) == {"database"}
    assert services["label-studio"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    studio, database = services["label-studio"]["environment"], services["postgres"]["environment"]
    assert studio["DJANGO_DB"] == "default"  # Label Studio's name for PostgreSQL
    assert studio["POSTGRE_NAME"] == database["POSTGRES_DB"]
    assert studio["POSTGRE_USER"] == database["POSTGRES_USER"]
    assert studio["POSTGRE_PASSWORD"] == database["POSTGRES_PASSWORD"]


def test_certificates_and_encoder_are_mounted_read_only_where_the_settings_look(compose, secrets):
    backend = read(compose, secrets, "private-ca", "encoder")["ml-backend"]
    mounted = {each["target"]: each for each in backend["volumes"] if each["type"] == "bind"}
    environment = backend["environment"]
    assert set(mounted) == {environment["SSL_CERT_FILE"], environment["BASELINE_MODEL_NAME"]}
    assert environment["REQUESTS_CA_BUNDLE"] == environment["SSL_CERT_FILE"]
    assert all(each["read_only"] for each in mounted.values())
    assert environment["HF_HUB_OFFLINE"] == "1"


def test_the_token_is_checked_by_the_backend(compose, secrets):
    assert read(compose, secrets)["ml-backend"]["environment"]["LABEL_STUDIO_TOKEN_KIND"] == "legacy"
