"""A project with a past on the disk: texts, rounds, a batch, versions, likely label errors."""

import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wapaganda.calibration import Calibration, ConfidenceMap
from wapaganda.label_errors import REVIEW_FILE, LabelIssue, text_digest, write_issues
from wapaganda.ledger import Ledger
from wapaganda.model_store import Manifest, ModelStore
from wapaganda.ner import Document, Span
from wapaganda.settings import Settings
from wapaganda.tagger import ModelFolder

TITLE = "News"
F1 = (0.62, 0.71, 0.765, 0.778)
LABELLED = (200, 250, 300, 350)
BATCH = 40


def text_of(number: int) -> Document:
    return Document(str(number), f"Ada Lovelace met number {number} in London.")


def labelled(number: int, label: str = "person") -> Document:
    meta = {"annotators": [1 + number % 2], "lead_time": 8.0 + number % 5}
    return Document(str(number), text_of(number).text, (Span(0, 12, label),), meta)


def manifest_of(place: int) -> Manifest:
    f1 = F1[place]
    calibration = Calibration(
        1.4,
        ConfidenceMap(),
        f1,
        (f1 - 0.04, f1 + 0.04),
        f1,
        0.08,
        0.03,
        LABELLED[place],
        per_type_f1={"person": f1 + 0.06, "place": f1 + 0.01, "organisation": f1 - 0.1},
    )
    reason = (
        "It is the first model."
        if place == 0
        else f"F1 {f1:.3f} against {F1[place - 1]:.3f} of the live version on the same out-of-fold labels."
    )
    return Manifest(
        ("person", "place", "organisation"),
        "all-MiniLM-L6-v2",
        f"{place + 1:08x}",
        LABELLED[place],
        metrics={"cross_validated": calibration.to_dict()},
        reason=reason,
    )


def report_of(place: int, n_texts: int) -> dict[str, object]:
    f1 = F1[place]
    return {
        "number": place + 1,
        "batch": f"al-{place + 1:03d}-3f2a",
        "version": f"v{place + 1:04d}-{place + 1:08x}",
        "live": f"v{place + 1:04d}-{place + 1:08x}",
        "n_labelled": LABELLED[place],
        "n_released": BATCH,
        "release": f"Label Studio serves {BATCH} texts: http://localhost:8080/projects/12/data?tab=7.",
        "promoted": True,
        "reason": manifest_of(place).reason,
        "f1": f1 + 0.02,
        "cross_validated_f1": f1,
        "cross_validated_interval": [f1 - 0.04, f1 + 0.04],
        "ece": 0.03,
        "temperature": 1.4,
        "estimated_f1": f1 + 0.05,
        "agreement": 0.91,
        "forecast": "The next 100 labels gain about +1.9 F1, ≈ 14 minutes of annotation.",
        "advice": "Go on. The next 100 labels gain about +1.9 F1, ≈ 14 minutes of annotation.",
        "file_f1": f1 + 0.03,
        "file_interval": [f1, f1 + 0.06],
        "people_share": LABELLED[place] / n_texts,
        "hours_spent": 0.6 + 0.2 * place,
        "hours_left": 6.4,
        "texts_left": 900,
        "target_f1": 0.95,
        "seconds": {"train": 60.0, "judge": 200.0},
    }


def make_project(
    settings: Settings,
    n_texts: int = 1_200,
    model: Path | None = None,
) -> None:
    """Four rounds over five days; of the last batch five texts are answered; three labels are doubtful.

    ``model``: the folder of a model that can be loaded; without it the versions are empty.
    """
    ledger = Ledger(settings.data_dir / "ls-12" / "ledger.sqlite")
    known = LABELLED[-1]
    ledger.upsert_documents([labelled(number) for number in range(known)], "label-studio")
    ledger.upsert_documents(map(text_of, range(known, n_texts)), "label-studio")
    ledger.upsert_documents([labelled(number) for number in range(known, known + 5)], "label-studio")
    store = ModelStore(settings.model_dir / "ls-12")
    for place in range(len(F1)):
        number = ledger.start_round().number
        first = known - BATCH * (len(F1) - 1 - place)
        ledger.record_offers(
            number, [(str(first + rank), rank, 0.9, "uncertain") for rank in range(BATCH + 4)]
        )
        ledger.save_step(number, "done", report=report_of(place, n_texts))
        publish(settings, store, place, model)
    with sqlite3.connect(ledger.path) as connection:
        for number in range(1, len(F1) + 1):
            moment = datetime.now(UTC) - timedelta(days=len(F1) + 1 - number)
            connection.execute(
                "UPDATE rounds SET started_at = ?1, updated_at = ?1 WHERE number = ?2",
                (moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"), number),
            )
    connection.close()
    ledger.set_value("people", {"1": "ada@example.org", "2": "bob@example.org"})


def publish(settings: Settings, store: ModelStore, place: int, model: Path | None) -> None:
    folder = settings.data_dir.parent / f"made-{place}"
    if model is not None:
        shutil.copytree(model, folder)
    folder.mkdir(parents=True, exist_ok=True)
    issues = [
        LabelIssue(
            str(number),
            "type",
            Span(0, 12, "person"),
            Span(0, 12, "organisation", 0.9),
            0.99,
            text_digest(text_of(number).text),
        )
        for number in (3, 8, 21)
    ]
    write_issues(folder / REVIEW_FILE, issues)
    version = store.publish(folder, manifest_of(place))
    store.promote(version.name)


@pytest.fixture
def folders(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


def settings_in(folder: Path) -> Settings:
    return Settings(data_dir=folder / "data", model_dir=folder / "models", _env_file=None)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of a project, to be copied."""
    folder = tmp_path_factory.mktemp("past")
    make_project(settings_in(folder))
    return folder


@pytest.fixture(scope="session")
def real_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of random weights over characters."""
    import torch
    from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast

    folder = tmp_path_factory.mktemp("model")
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{each}" for each in letters)]
    (folder / "vocab.txt").write_text("\n".join(pieces))
    torch.manual_seed(1)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = BertConfig(vocab_size=len(pieces), num_labels=7, **sizes)
    BertForTokenClassification(config).save_pretrained(folder)
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    ModelFolder(("person", "place", "organisation")).write(folder)
    return folder


@pytest.fixture
def past(folders: Settings, made_once: Path) -> Callable[..., None]:
    """A function that puts a project with a past into the folders."""

    def made(title: str = TITLE, **named: object) -> None:
        if named:
            make_project(folders, **named)
        else:
            shutil.copytree(made_once, folders.data_dir.parent, dirs_exist_ok=True)
        Ledger(folders.data_dir / "ls-12" / "ledger.sqlite").set_value("title", title)

    return made
