from pathlib import Path

import pytest
from pydantic import SecretStr

from wapaganda.settings import Settings, SettingsError, describe

ROOT = next(parent for parent in Path(__file__).resolve().parents if (parent / "workspace.toml").exists())
ENV_EXAMPLE = (ROOT / ".env.example").read_text("utf-8")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch, tmp_path):
    for doc in describe():
        monkeypatch.delenv(doc.name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_documented_defaults():
    defaults = {doc.name: doc.default for doc in describe()}

    assert defaults["BASELINE_MODEL_NAME"] == "bert-base-cased"
    assert float(defaults["LEARNING_RATE"]) == 3e-5
    assert defaults["MODEL_DIR"] == "./models"
    assert defaults["UNCERTAINTY_THRESHOLD"] == "0.7"
    assert defaults["SAMPLES_PER_ITERATION"] == "500"
    assert defaults["MLFLOW_TRACKING_URI"] == "sqlite:///mlruns.db"


def test_every_described_default_read_back_gives_the_same_settings(monkeypatch):
    untouched = Settings()
    for doc in describe():
        monkeypatch.setenv(doc.name, doc.default)

    assert Settings().model_dump() == untouched.model_dump()


def test_the_environment_goes_before_the_env_file(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("SAMPLES_PER_ITERATION=7\nSEED=5\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("SEED", "6")

    assert (Settings().samples_per_iteration, Settings().seed) == (7, 6)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("LEARNING_RATE", "0", "LEARNING_RATE: Expected greater than 0, was: '0'"),
        ("LEARNING_RATE", "nan", "LEARNING_RATE: Expected a finite number, was: 'nan'"),
        (
            "UNCERTAINTY_THRESHOLD",
            "1.5",
            "UNCERTAINTY_THRESHOLD: Expected less than or equal to 1, was: '1.5'",
        ),
        ("PROPOSAL_FLOOR", "1.5", "PROPOSAL_FLOOR: Expected auto or a number from 0 to 1, was: '1.5'"),
        ("PROPOSAL_FLOOR", "nan", "PROPOSAL_FLOOR: Expected auto or a number from 0 to 1, was: 'nan'"),
        ("SAMPLES_PER_ITERATION", "many", "SAMPLES_PER_ITERATION: Expected a valid integer"),
        ("STRATEGY", "best", "STRATEGY: Expected a strategy among "),
        (
            "STRATEGY",
            "k_center",
            "STRATEGY: Expected a strategy of this version, was: 'k_center', which was ",
        ),
        ("MEASURE", "best", "MEASURE: Expected a measure among auto, "),
        *(
            ("MEASURE", removed, f"MEASURE: Expected a measure of this version, was: '{removed}', which was ")
            for removed in ("bald", "vote_entropy", "fluctuation", "split")
        ),
        ("LABEL_STUDIO_URL", "localhost:8080", "LABEL_STUDIO_URL: Expected an address such as http"),
        ("MLFLOW_TRACKING_URI", "./mlruns", "MLFLOW_TRACKING_URI: Expected an MLflow store such as sqlite"),
        ("HOLDOUT_FRACTION", "1", "HOLDOUT_FRACTION: Expected less than 1, was: '1'"),
        ("BASIC_AUTH_USER", "me", "Expected both BASIC_AUTH_USER and BASIC_AUTH_PASS or neither"),
    ],
)
def test_a_wrong_value_says_what_was_expected(monkeypatch, name, value, expected):
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match="Expected") as caught:
        Settings()

    assert expected in str(caught.value)


@pytest.mark.parametrize("value", ["20", "0"])
def test_a_removed_setting_is_refused_with_one_sentence(monkeypatch, tmp_path, value):
    sentence = "EXCERPT_WORDS was removed in 0.2: it gained nothing (docs/experiments.md). Delete it."
    (tmp_path / ".env").write_text(f"EXCERPT_WORDS={value}\nSEED=-1\n")
    with pytest.raises(SettingsError) as caught:
        Settings()
    assert str(caught.value).splitlines()[0] == sentence
    assert str(caught.value).splitlines()[1].startswith("SEED: ")

    (tmp_path / ".env").write_text("EXCERPT_WORDS=\n")  # empty: not set
    assert Settings().seed == 13
    monkeypatch.setenv("EXCERPT_WORDS", value)
    with pytest.raises(SettingsError) as caught:
        Settings()
    assert str(caught.value) == sentence


def test_all_wrong_values_are_reported_at_once(monkeypatch):
    monkeypatch.setenv("SEED", "-1")
    monkeypatch.setenv("THREADS", "0")

    with pytest.raises(SettingsError) as caught:
        Settings()

    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["SEED", "THREADS"]


def test_a_learning_rate_is_explicit_only_when_the_user_sets_it(monkeypatch):
    assert Settings().explicit_learning_rate is None

    monkeypatch.setenv("LEARNING_RATE", "")
    assert Settings().explicit_learning_rate is None

    monkeypatch.setenv("LEARNING_RATE", "3e-5")
    assert Settings().explicit_learning_rate == 3e-5


def test_relative_sqlite_paths_become_absolute(monkeypatch, tmp_path):
    assert Settings().mlflow_tracking_uri == f"sqlite:///{tmp_path / 'mlruns.db'}"

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5000")
    assert Settings().mlflow_tracking_uri == "http://mlflow:5000"


def test_secrets_are_not_shown(monkeypatch):
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "hush-hush")
    monkeypatch.setenv("BASIC_AUTH_USER", "me")
    monkeypatch.setenv("BASIC_AUTH_PASS", "hush-hush")

    assert "hush" not in repr(Settings())
    assert Settings().basic_auth == ("me", "hush-hush")

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "ftp://me:hush-hush@mlflow")
    with pytest.raises(SettingsError) as caught:
        Settings()
    assert "hush" not in str(caught.value)


def test_copying_the_env_example_changes_nothing(tmp_path):
    untouched = Settings()
    (tmp_path / ".env").write_text(ENV_EXAMPLE)

    assert Settings().model_dump() == untouched.model_dump()
    assert Settings().explicit_learning_rate is None


def test_taking_the_hashes_away_in_the_env_example_keeps_the_defaults(tmp_path):
    untouched = Settings()
    lines = [line.removeprefix("#") for line in ENV_EXAMPLE.splitlines() if not line.startswith("# ")]
    (tmp_path / ".env").write_text("\n".join(lines))

    assert Settings().model_dump() == untouched.model_dump()


def test_a_secret_may_come_from_a_file_named_in_the_environment_or_the_env_file(monkeypatch, tmp_path):
    (tmp_path / "key").write_text("from-a-file\n")
    (tmp_path / "word").write_text("pass word")
    (tmp_path / ".env").write_text(f"BASIC_AUTH_PASS_FILE={tmp_path / 'word'}\nBASIC_AUTH_USER=ls\n")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY_FILE", "key")
    settings = Settings()

    assert settings.label_studio_api_key.get_secret_value() == "from-a-file"
    assert settings.basic_auth == ("ls", "pass word")
    assert "label_studio_api_key" in settings.model_fields_set
    assert "from-a-file" not in repr(settings)


def test_a_secret_given_twice_and_files_that_cannot_be_read_are_told_at_once(monkeypatch, tmp_path):
    (tmp_path / "key").write_text("from-a-file")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "another")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY_FILE", "key")
    monkeypatch.setenv("BASIC_AUTH_PASS_FILE", "missing")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD_FILE", "empty")
    monkeypatch.setenv("MLFLOW_TRACKING_URI_FILE", "binary")

    with pytest.raises(SettingsError) as caught:
        Settings()
    assert str(caught.value).splitlines() == [
        "MLFLOW_TRACKING_URI_FILE: Expected a file that can be read, was: binary (it is no text)",
        "MLFLOW_TRACKING_PASSWORD_FILE: Expected a file with a value, was: empty, which is empty",
        "Expected LABEL_STUDIO_API_KEY or LABEL_STUDIO_API_KEY_FILE, was: both, with other values",
        "BASIC_AUTH_PASS_FILE: Expected a file that can be read, was: missing (No such file or directory)",
    ]
    assert "another" not in str(caught.value)


def test_every_secret_may_come_from_a_file(monkeypatch, tmp_path):
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    secrets = [doc.name for doc in describe() if isinstance(getattr(Settings(), doc.name.lower()), SecretStr)]
    assert "MLFLOW_TRACKING_PASSWORD" in secrets
    for name in secrets:
        assert f"`{name}`" in page.split("###")[0]
        (tmp_path / "value").write_text("x")
        monkeypatch.setenv(f"{name}_FILE", "value")
    monkeypatch.setenv("BASIC_AUTH_USER", "ls")
    settings = Settings()
    assert {getattr(settings, name.lower()).get_secret_value() for name in secrets} == {"x"}


def test_the_password_of_mlflow_reaches_mlflow(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "word")
    assert Settings().for_libraries == {"MLFLOW_TRACKING_USERNAME": "me", "MLFLOW_TRACKING_PASSWORD": "word"}


JWT = ".".join(("eyJhbGciOiJIUzI1NiJ9", "eyJ0b2tlbl90eXBlIjoicmVmcmVzaCJ9", "c2lnbmF0dXJl"))


@pytest.mark.parametrize(
    ("kind", "token", "expected"),
    [
        ("legacy", JWT, "Expected a legacy token of 40 hexadecimal digits, was: a personal access token. "),
        (
            "legacy",
            "0123456789" * 3,
            "Expected a legacy token of 40 hexadecimal digits, was: 30 characters. ",
        ),
        (
            "any",
            "<Account & Settings>",
            "Expected an access token of Label Studio in one line, was: one with ",
        ),
    ],
)
def test_a_token_of_another_form_is_refused_and_not_shown(monkeypatch, kind, token, expected):
    monkeypatch.setenv("LABEL_STUDIO_TOKEN_KIND", kind)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", token)

    with pytest.raises(SettingsError) as caught:
        Settings()

    assert str(caught.value).startswith(f"LABEL_STUDIO_API_KEY: {expected}")
    assert token not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "token"),
    [("legacy", "0123456789abcdefABCD" * 2), ("legacy", ""), ("any", JWT), ("any", "own-token")],
)
def test_tokens_of_the_kind_are_taken(monkeypatch, kind, token):
    monkeypatch.setenv("LABEL_STUDIO_TOKEN_KIND", kind)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", token)

    assert Settings().label_studio_api_key.get_secret_value() == token
