"""The files of one project, its jobs and its loop, from the settings."""

import logging
import re
import secrets
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from filelock import FileLock

from wapaganda.errors import WapagandaError, tell
from wapaganda.storage import close_to_others, private_folder

if TYPE_CHECKING:
    from wapaganda.annotation import LabelMapping, ReadOptions
    from wapaganda.dataset import LabelHistory
    from wapaganda.ledger import Ledger
    from wapaganda.model_store import ModelStore
    from wapaganda.pipeline import AdaptationTrial, Loop, LoopConfig, Source
    from wapaganda.progress import Progress
    from wapaganda.settings import Settings
    from wapaganda.source import SourceFiles
    from wapaganda.terms import DecidedTerms
    from wapaganda.tracking import MirrorReport, RunLog

logger = logging.getLogger(__name__)

ADAPTATION: Final = "adaptation"
"""The kind of job that tries domain adaptation; it gives way to rounds."""
_RUNS = 100
"""The number of run logs that stay."""
_LABEL_MAPPING = "label mapping"
"""The key in the ledger."""
_LOOP_ID = "loop id"
"""The key in the ledger."""


def jobs_path(settings: "Settings") -> Path:
    """The job table of the backend, one file for all projects; missing until a backend has run."""
    return settings.data_dir / "jobs.sqlite"


@dataclass(frozen=True, slots=True)
class ProjectContext:
    """The files of one project; ``key`` is ``ls-<id>`` for a Label Studio project, also for the CLI."""

    settings: "Settings"
    key: str

    @property
    def directory(self) -> Path:
        """The folder of the ledger, the run logs and the files of the rounds."""
        return self.settings.data_dir / self.key

    @property
    def runs_directory(self) -> Path:
        """The folder of the run logs."""
        return self.directory / "runs"

    @property
    def reading(self) -> "ReadOptions":
        """How files and the Label Studio project are read, with the labels that were mapped.

        Raises:
            InputError: READ_COLUMNS or READ_SCHEME has another form.
        """
        from wapaganda.annotation import ReadOptions

        chosen = self.settings
        options = ReadOptions.parse(
            chosen.read_columns,
            chosen.read_scheme,
            chosen.lenient,
            chosen.text_field,
            chosen.label_tag,
            chosen.answers,
            chosen.reviewers,
        )
        return replace(options, mapping=self.label_mapping())

    def label_mapping(self) -> "LabelMapping":
        """How labels and tags are read that were renamed in Label Studio; empty without a ledger."""
        from wapaganda.annotation import LabelMapping

        if not self.ledger_path.exists():
            return LabelMapping()
        return LabelMapping.from_dict(self.ledger().value(_LABEL_MAPPING, {}))

    def set_label_mapping(self, mapping: "LabelMapping") -> None:
        """Remember how renamed labels and tags are read; every later reading of the project obeys it."""
        self.ledger().set_value(_LABEL_MAPPING, mapping.to_dict())

    def decided_terms(self) -> "DecidedTerms":
        """What people have decided about terms (selfish terms); nothing without a ledger."""
        from wapaganda.terms import DecidedTerms

        return self.ledger().decided_terms() if self.ledger_path.exists() else DecidedTerms()

    def proposal_floor(self) -> float:
        """The confidence (0 to 1) below which annotators are not shown a span, by the last round's prices."""
        from wapaganda.annotation_cost import CORRECTING
        from wapaganda.pipeline import remembered_prices

        known = self.ledger_path.exists()
        return self.config().floor(remembered_prices(self.ledger()) if known else CORRECTING)

    def lock(self) -> FileLock:
        """The lock of trainings and rounds, not acquired yet."""
        for root in (self.settings.data_dir, self.settings.model_dir):
            private_folder(root)
        private_folder(self.directory)
        close_to_others((self.directory, self.settings.model_dir / self.key))
        return FileLock(self.directory / "round.lock")

    @property
    def ledger_path(self) -> Path:
        """The file of the ledger; missing before the first round."""
        return self.directory / "ledger.sqlite"

    def ledger(self) -> "Ledger":
        """The ledger, created if missing.

        Raises:
            LedgerError: it is damaged; the hint says what to do about it.
        """
        from wapaganda.ledger import Ledger, LedgerError
        from wapaganda.storage import is_damage

        try:
            return Ledger(self.ledger_path)
        except LedgerError as error:
            if is_damage(error):
                error.hint = self._mend
            raise

    @property
    def _mend(self) -> str:
        """What to do about a damaged ledger."""
        if number := re.fullmatch(r"ls-(\d+)", self.key):
            return (
                f"The next round makes it anew from Label Studio: selfish update --project {number[1]}, or "
                "Start Training."
            )
        return (
            "Restore it from a backup. Without one, move the file away and repeat the command: the labels "
            "come from --data, but the history of the labels and why texts were offered are lost."
        )

    def mend_ledger(self) -> None:
        """Put the damaged ledger of a Label Studio project aside and begin a new one; hold `lock`.

        All labels are in Label Studio, so the next fetch reads them again. What the files of the rounds know
        is put back. That of a project of files may hold what is nowhere else, so it is never replaced.

        Raises:
            LedgerError: the ledger of a project of files is damaged, or a newer version wrote it.
        """
        from wapaganda.ledger import Ledger
        from wapaganda.pipeline import restore_rounds
        from wapaganda.storage import open_whole

        if not self.key.startswith("ls-"):
            if self.ledger_path.exists():
                self.ledger().check(self._mend)
            return
        ledger, aside = open_whole(self.ledger_path, lambda: Ledger(self.ledger_path))
        if lost := restore_rounds(ledger, self.directory, aside):
            logger.warning(lost)

    def loop_id(self) -> str:
        """A short id of the ledger, made at the first call; the names of the batches end with it."""
        ledger = self.ledger()
        known = ledger.value(_LOOP_ID)
        if known is None:
            known = secrets.token_hex(2)
            ledger.set_value(_LOOP_ID, known)
        return str(known)

    def label_history(self) -> "LabelHistory":
        """Why texts were offered and what annotators were shown; empty when the project has had no round."""
        from wapaganda.dataset import LabelHistory
        from wapaganda.pipeline import read_proposals

        if not self.ledger_path.exists():
            return LabelHistory()
        ledger = self.ledger()
        offers = (offer for each in ledger.rounds() for offer in ledger.offers(each.number))
        reasons = {offer.document_id: offer.reason for offer in offers}
        return LabelHistory(read_proposals(self.directory / "rounds"), reasons)

    def store(self) -> "ModelStore":
        """The model versions."""
        from wapaganda.model_store import ModelStore

        return ModelStore(self.settings.model_dir / self.key)

    def runs(self) -> "RunLog":
        """The run logs."""
        from wapaganda.tracking import RunLog

        return RunLog(self.runs_directory)

    def config(self) -> "LoopConfig":
        """The settings of the loop: a field of ``LoopConfig`` takes over the setting of the same name.

        The encoder is the one that was adapted to the texts of the project, if there is one and ADAPT allows
        it.
        """
        from wapaganda.pipeline import LoopConfig, adapted_encoder

        chosen = self.settings
        names = {each.name for each in fields(LoopConfig)}
        same = {name: value for name, value in chosen if name in names}
        root, plain = chosen.model_dir / self.key, chosen.baseline_model_name
        adapted = adapted_encoder(root, plain) if chosen.adapt == "auto" else None
        renamed = {
            "encoder": adapted or plain,
            "adapted_from": plain if adapted else None,
            "learning_rate": chosen.explicit_learning_rate,
            "threshold": chosen.uncertainty_threshold,
            "batch_size": chosen.samples_per_iteration,
        }
        return LoopConfig(**(same | renamed))

    def sources(self) -> "SourceFiles | None":
        """The file that names the sources, and that of their answers; ``None``: SOURCES is not set."""
        from wapaganda.source import SourceFiles

        path, key = self.settings.sources, self.settings.sources_api_key.get_secret_value()
        return None if path is None else SourceFiles(path, self.directory / "sources.sqlite", key)

    def loop(self, source: "Source", progress: "Progress") -> "Loop":
        """The loop over ``source``; hold `lock` while it runs a round. A live model that is damaged is not
        its live model."""
        from wapaganda.pipeline import Loop, RoundLog

        record, store = RoundLog(self.runs(), self.key), self.store()
        store.read_live()
        made = Loop(source, self.ledger(), store, self.config(), record, self.directory, progress)
        made.sources = self.sources()
        return made

    def adaptation(self) -> "AdaptationTrial | None":
        """The last trial of domain adaptation."""
        from wapaganda.pipeline import AdaptationTrial

        return AdaptationTrial.read(self.store().root)

    def adaptation_is_due(self) -> bool:
        """Whether to try domain adaptation now (`wapaganda.pipeline.adaptation_is_due`)."""
        from wapaganda.pipeline import adaptation_is_due

        known = self.ledger().documents() if self.ledger_path.exists() else ()
        return adaptation_is_due(known, self.store(), self.config())

    def try_adaptation(self, progress: "Progress") -> "AdaptationTrial":
        """Try it, when it is due; `lock` is not needed.

        Raises:
            AdaptingElsewhereError: another process is at it.
            EncoderUnavailable: the model hub cannot be reached.
        """
        from wapaganda.pipeline import try_adaptation

        return try_adaptation(self.ledger().documents(), self.store(), self.config(), progress)

    def prune(self) -> tuple[str, ...]:
        """Delete old versions, files of rounds and run logs by KEEP_VERSIONS; hold `lock`.

        Return the names of the versions that were deleted. Never raises: the work is done, and the next round
        tries again.
        """
        from wapaganda.pipeline import CampaignFolder, prune_rounds

        newest = self.settings.keep_versions
        if not newest:
            return ()
        try:
            campaigns = [(each, each.campaign()) for each in CampaignFolder.all(self.directory)]
            needed = {found.model for each, found in campaigns if not found.closed or each.accepted()}
            ledger = self.ledger() if self.ledger_path.exists() else None
            gone = prune_rounds(ledger, self.store(), self.directory, newest, frozenset(needed))
            self.runs().prune(_RUNS)
        except (WapagandaError, OSError) as error:
            logger.warning("Old versions and files of %s were not deleted: %s", self.key, tell(error))
            return ()
        if gone:
            logger.info("Old versions of %s were deleted: %s", self.key, ", ".join(gone))
        return gone

    def mirror(self, seconds: float) -> "MirrorReport":
        """Copy the finished runs to MLflow; after ``seconds`` go on in the background. Never raises."""
        from wapaganda.tracking import start_mirror

        return start_mirror(self.runs_directory, self.settings.mlflow_tracking_uri).wait(seconds)
