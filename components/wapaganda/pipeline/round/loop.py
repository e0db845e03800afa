"""One round of active learning: fetch, train, evaluate, score, select, release; each step can be resumed."""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from wapaganda.annotation import ReadReport, has_machine_answer
from wapaganda.annotation_cost import Prices, worth_showing
from wapaganda.calibration import Calibration
from wapaganda.dataset import AUDIT, stated_draw
from wapaganda.errors import tell
from wapaganda.ledger import Ledger, Round
from wapaganda.model_store import ModelStore, data_fingerprint
from wapaganda.ner import Document, Span
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.ports import (
    LOST_LEDGER,
    OPEN_AUDIT,
    REVIEW,
    TRAINING_BATCH,
    BatchNameTakenError,
    Changes,
    Earlier,
    Shared,
    Source,
)
from wapaganda.pipeline.round.assessment import (
    NEXT_TEXTS,
    Assessment,
    agreement_with,
    assess_progress,
    estimated_pool_f1,
)
from wapaganda.pipeline.round.choice import UNJUDGED, ChosenBatch
from wapaganda.pipeline.round.file_part import FilePart, file_state
from wapaganda.pipeline.round.live_model import LiveModel
from wapaganda.pipeline.round.purpose import DATASET, Purpose, purpose_of
from wapaganda.pipeline.round.record import RoundLog, StepListener, training_listener
from wapaganda.pipeline.round.report import (
    AnnotatorsPart,
    AssessmentPart,
    CalibrationPart,
    EmptyAnswersPart,
    ProposalsPart,
    RoundReport,
    ScoresPart,
    SelectionPart,
    TrainingPart,
)
from wapaganda.pipeline.round.state import RoundState, batch_size_of, save_draft, save_report, save_run
from wapaganda.pipeline.round.steps import choose_step
from wapaganda.pipeline.selection.batch import choose, offered_batch, unfinished, with_seconds
from wapaganda.pipeline.selection.disagreements import agreement_of
from wapaganda.pipeline.selection.empty_answers import empty_answers
from wapaganda.pipeline.selection.kept_emissions import KeptEmissions
from wapaganda.pipeline.selection.later_types import later_types
from wapaganda.pipeline.selection.pool_scores import PoolScores
from wapaganda.pipeline.selection.prices import (
    fitted_prices,
    hours_spent,
    read_proposals,
    remember_prices,
    remembered_prices,
    write_proposals,
)
from wapaganda.pipeline.selection.review import choose_review
from wapaganda.pipeline.selection.scoring import score_again, score_pool
from wapaganda.pipeline.selection.source_votes import (
    named_by_sources,
    proposed_by_sources,
    sources_in,
)
from wapaganda.pipeline.selection.waiting import is_waiting
from wapaganda.pipeline.sources.fetching import PROJECT_TITLE, fetch_into
from wapaganda.pipeline.sources.files import FileSource
from wapaganda.pipeline.training.adaptation_record import AdaptationTrial
from wapaganda.pipeline.training.holdout import TrainingTexts, split_holdout
from wapaganda.pipeline.training.manifests import calibration_of
from wapaganda.pipeline.training.versions import Candidate, TrainingOutcome, train_candidate
from wapaganda.progress import Progress, silent
from wapaganda.sampler import UNSCORED_REASONS, SelectedText, Selection
from wapaganda.source import SourceFiles, SourceProposals
from wapaganda.stopping import forecast
from wapaganda.tagger import ModelFolder, Tagger
from wapaganda.tracking import Run
from wapaganda.trainer import Callbacks
from wapaganda.uncertainty import find_measure

logger = logging.getLogger(__name__)


@dataclass
class Loop:
    """The loop of one project.

    ``directory`` is for the files of a round; other data goes into the ledger. ``sources`` propose spans as
    long as there is no model. A loop is not thread-safe. The bases ensure that only one process at a time
    runs rounds of a project.
    """

    source: Source
    ledger: Ledger
    store: ModelStore
    config: LoopConfig
    record: RoundLog
    directory: Path
    progress: Progress = silent
    sources: SourceFiles | None = None
    _seconds: dict[str, float] = field(default_factory=dict, init=False)
    _messages: list[str] = field(default_factory=list, init=False)
    _live: LiveModel | None = field(default=None, init=False)
    _kept: KeptEmissions | None = field(default=None, init=False)
    _read: ReadReport = field(default_factory=ReadReport, init=False)

    def run_round(self) -> RoundReport:
        """Run the next round, or finish one that was interrupted, and report it.

        If the batch of an interrupted round was already chosen, it is released; the next round follows
        immediately if labels have changed since then. Otherwise the round restarts with the newest labels.

        Raises:
            EncoderUnavailable: the pretrained encoder cannot be loaded.
            LabelStudioError: Label Studio cannot be reached or refuses. Run the round again later.
            ProjectTakenError: another loop releases the batches of the project.
        """
        if isinstance(self.source, Shared):
            self.source.claim()
        self._messages.clear()
        self._live = None
        current = self._open_round()
        state = RoundState.of(current)
        report = self._run(current, state)
        if state.draft is not None and state.trained_on != self._labels():
            report = self._run(self.ledger.start_round(), RoundState())
        return report

    def _run(self, current: Round, state: RoundState) -> RoundReport:
        self._seconds.clear()
        run = self.record.run(current.number, state.run_id, self.config)
        save_run(self.ledger, current, run.id)
        try:
            report = self._logged(run, self._finish_round(current.number, state, run))
            save_report(self.ledger, report)
        except BaseException:
            run.end("FAILED")
            raise
        finally:
            self._forget()
        return report

    def reports(self) -> list[RoundReport]:
        """The finished rounds, oldest first."""
        finished = (RoundState.of(each).report for each in self.ledger.rounds() if each.step == "done")
        return [report for report in finished if report is not None]

    def fetch(self) -> Changes:
        """Update the ledger from the source; its history keeps labels that were deleted there.

        Raises:
            InputError: too much of it could not be read (``ReadReport.check``) and the config is not lenient.
        """
        with self._timed("fetch"):
            changes = fetch_into(self.ledger, self.source, self.progress)
        self._read = changes.report
        self._messages.extend(changes.messages)
        changes.report.check(self.config.lenient)
        return changes

    def proposals(self, documents: Sequence[Document]) -> Mapping[str, tuple[Span, ...]]:
        """The spans of the live model that annotators would be shown now, by document id."""
        rounds = self.ledger.rounds()
        labels, floor = self.source.schema().labels, self.config.floor(remembered_prices(self.ledger))
        proposed = self._proposed(rounds[-1].number if rounds else 0, documents)
        return {
            name: worth_showing((span for span in spans if span.label in labels), floor)
            for name, spans in proposed.items()
        }

    def unlabelled(self) -> list[str]:
        """The texts that wait for a label."""
        return [each.text for each in self.ledger.documents(labelled=False) if is_waiting(each)]

    def _open_round(self) -> Round:
        rounds = self.ledger.rounds()
        return rounds[-1] if rounds and rounds[-1].step != "done" else self.ledger.start_round()

    def _finish_round(self, number: int, state: RoundState, run: Run) -> RoundReport:
        self.fetch()
        draft = state.draft
        if draft is None or (state.ahead and state.trained_on == self._labels()):
            draft = self._prepare(number, draft, training_listener(run))
        else:
            draft = replace(draft, messages=(*draft.messages, *self._messages), read=self._read)
        released = draft if draft.release else self._release(number, draft, state.ahead)
        return replace(released, seconds={**released.seconds, **self._seconds})

    def _logged(self, run: Run, report: RoundReport) -> RoundReport:
        """Write the report into the run log. A failure is only reported: the batch was already released."""
        try:
            title = str(self.ledger.value(PROJECT_TITLE, ""))
            self.record.finish(run, report, [*self.reports(), report], self.store, title)
        except Exception as error:
            logger.exception("The run log of round %d is incomplete", report.number)
            run.end("FAILED")
            message = f"The run log of this round is incomplete: {tell(error)}"
            return replace(report, messages=(*report.messages, message))
        return report

    def _prepare(self, number: int, ahead: RoundReport | None, on_step: StepListener) -> RoundReport:
        """Train, judge, score, select and assess: the draft of the report.

        Where annotators wait, the new model chooses and releases the batch before the folds are trained and
        before it is judged. ``ahead``: the draft of such a batch, when the round was interrupted since.
        """
        if lost := self.ledger.value(LOST_LEDGER):
            self._messages.append(lost)
        if ahead is not None:
            ahead = self._release(number, ahead, ahead=True)
        labelled = list(self.ledger.documents(labelled=True))
        trained = self._train(number, labelled, on_step)
        pool = [each for each in self.ledger.documents(labelled=False) if is_waiting(each)]
        proposals = read_proposals(self._rounds)
        prices = fitted_prices(labelled, proposals)
        remember_prices(self.ledger, prices.prices)
        if isinstance(trained, Candidate):
            if ahead is None and self.source.shows_one_batch and trained.can_choose:
                ahead = self._release_ahead(number, trained, pool, labelled, prices.prices)
            with self._timed("judge"):
                outcome: TrainingOutcome | None = trained.judge()
        else:
            outcome = trained
        self._messages.extend(outcome.messages if outcome else ())
        live = self.store.current()
        if live is None or outcome is None or live.name != outcome.version:
            self._forget()  # it is not what the live model said
        scored = self._score(number, pool)
        self._forget()
        if ahead is None:
            choice = self._choose(number, pool, scored, labelled, prices.prices)
        else:
            choice = ChosenBatch.stored(ahead, self.ledger.offers(number))
        live = self.store.current()
        later = later_types(labelled, self.ledger.labels(), prices.prices)
        self._messages.extend(each.line() for each in later)
        empty = self._empty_answers(labelled)
        found = self._assess(len(labelled), pool, scored, choice.selection, prices.prices)
        purpose = choice.draft.file.purpose
        file = FilePart.of(
            purpose,
            file_state(labelled, pool, scored, live, prices, self.config.target_f1),
            hours_spent(labelled, proposals, prices),
            self.config.target_f1,
        )
        draft = replace(
            choice.draft,
            version=outcome.version if outcome else None,
            live=live.name if live else None,
            training=TrainingPart.of(outcome),
            scores=ScoresPart.of(outcome),
            calibration=CalibrationPart.of(outcome.calibration if outcome else None),
            assessment=AssessmentPart.of(found, prices.summary, file if purpose == DATASET else None),
            annotators=AnnotatorsPart.of(agreement_of(self.ledger.documents())),
            file=file,
            empty=empty,
            seconds=dict(self._seconds),
            messages=tuple(dict.fromkeys((*choice.draft.messages, *self._messages))),
            read=self._read,
        )
        self._remember(replace(choice, draft=draft), labelled, ahead=False)
        self.ledger.set_value(LOST_LEDGER, None)
        return draft

    def _release_ahead(
        self,
        number: int,
        candidate: Candidate,
        pool: Sequence[Document],
        labelled: Sequence[Document],
        prices: Prices,
    ) -> RoundReport:
        """Choose and release the batch by a model that was not judged yet, calibrated as the live one.

        The first model of the project also answers from now on.
        """
        candidate.go_live()
        candidate.lend_calibration()
        with self._timed("score"):
            tagger = Tagger.load(candidate.scratch, device=self.config.device)
            if not candidate.has_student:  # whose answers are others
                self._kept = KeptEmissions(tagger.folder, self._folder(number))
            scored = score_pool(tagger, pool, self.config, self.progress, self._kept)
            scored.save(self._ahead_scores(number))
        choice = self._choose(number, pool, scored, labelled, prices)
        self._remember(choice, labelled, ahead=True)
        return self._release(number, choice.draft, ahead=True)

    def _choose(
        self,
        number: int,
        pool: Sequence[Document],
        scored: PoolScores | None,
        labelled: Sequence[Document],
        prices: Prices,
    ) -> ChosenBatch:
        """The batch, the texts that follow it, and the draft of a report about them."""
        purpose = self._purpose(number, len(labelled), scored)
        selection, following = self._select(
            number, pool, scored, labelled, prices if purpose.completing else None
        )
        live = self.store.current()
        batch = self.source.batch_name(number, REVIEW if purpose.completing else TRAINING_BATCH)
        if scored is None and self.sources is not None:
            ids = [pick.id for pick in (*selection.picks, *following)]
            heard = self._by_sources(self.ledger.find(ids))
            batch = named_by_sources(batch, heard.names)
            self._messages.extend(heard.messages)
        draft = RoundReport(
            number=number,
            batch=batch,
            version=None,
            live=live.name if live else None,
            n_labelled=len(labelled),
            n_released=len(selection.picks),
            training=TrainingPart(reason=UNJUDGED),
            selection=SelectionPart.of(selection, scored),
            assessment=AssessmentPart(should_stop=selection.should_stop),
            proposals=ProposalsPart(self.config.floor(prices)),
            file=FilePart(purpose.name),
            seconds=dict(self._seconds),
            messages=tuple(self._messages),
            read=self._read,
        )
        return ChosenBatch(draft, selection, following)

    def _remember(self, choice: ChosenBatch, labelled: Sequence[Document], *, ahead: bool) -> None:
        """Store the offers of a round and the draft of its report."""
        self.ledger.record_offers(choice.draft.number, choice.offers())
        save_draft(self.ledger, choice.draft, data_fingerprint(labelled), ahead=ahead)

    def _select(
        self,
        number: int,
        pool: Sequence[Document],
        scored: PoolScores | None,
        labelled: Sequence[Document],
        review_prices: Prices | None,
    ) -> tuple[Selection, tuple[SelectedText, ...]]:
        """The next batch, and the one that would follow it, for annotators who are done before the next model
        is; ``review_prices``: for the review of labels. Texts with a machine's annotation and those of an
        open audit, which must be labelled blind, stay in the pool and are not offered."""
        audited = set(self.ledger.value(OPEN_AUDIT, []))
        unaudited = [each for each in pool if each.id not in audited]
        free = [each for each in unaudited if not has_machine_answer(each)]
        seed = self.config.seed + number

        def chosen(texts: Sequence[Document], seen: Sequence[Document], seed: int) -> Selection:
            if scored is not None and review_prices is not None:
                size = self.config.batch_size
                return choose_review(texts, scored, size, review_prices, self._calibration())
            return choose_step(texts, scored, seen, self.config, seed, self.progress)

        with self._timed("select"):
            selection = chosen(free, labelled, seed)
            following: tuple[SelectedText, ...] = ()
            if self.source.shows_one_batch:
                picked = {pick.id for pick in selection.picks}
                rest = [each for each in free if each.id not in picked]
                seen = [*labelled, *(each for each in free if each.id in picked)]
                if scored is None:
                    following = choose(rest, None, seen, self.config, seed + 1).picks
                else:
                    following = chosen(rest, seen, seed + 1).picks
        if len(unaudited) < len(pool):
            self._messages.append(
                f"{len(pool) - len(unaudited):,} texts are being audited and are not offered here: they are "
                "labelled without proposals (selfish complete)."
            )
        if len(free) < len(unaudited):
            self._messages.append(
                f"{len(unaudited) - len(free):,} unlabelled texts are not offered: Label Studio counts their "
                "unchanged predictions as annotations and serves them to nobody. Delete these annotations "
                "there (selfish complete --undo, if it has made them), or let annotators open them and press "
                "Update (docs/data.md#machine-answer)."
            )
        return replace(selection, n_pool=len(pool)), following

    def _train(
        self, number: int, labelled: Sequence[Document], on_step: StepListener
    ) -> Candidate | TrainingOutcome | None:
        active = self._actively_selected_ids()
        train, holdout = split_holdout(labelled, self.config.held_out, lambda name: name not in active)
        if not any(document.spans for document in train):
            self._messages.append("No labelled entity yet, so no model was trained.")
            return None
        trial = AdaptationTrial.read(self.store.root) if self.config.adapted_from else None
        self._messages.extend([trial.describe()] if trial else [])
        with self._timed("train"):
            return train_candidate(
                TrainingTexts(
                    train,
                    holdout,
                    active,
                    self.unlabelled() if self.config.distillation else (),
                    sources=self.sources,
                ),
                self.source.schema(),
                self.config,
                self.store,
                self._folder(number) / "training",
                Callbacks(self.progress, on_step),
            )

    def _live_model(self) -> LiveModel | None:
        """The live model; it is loaded once per round, on first use."""
        version = self.store.current()
        if version is None:
            self._live = None
        elif self._live is None or self._live.name != version.name:
            self._live = LiveModel(version, self.config.device)
        return self._live

    def _score(self, number: int, pool: Sequence[Document]) -> PoolScores | None:
        live = self._live_model()
        if live is None:
            return None
        with self._timed("score"):
            scored = PoolScores.load(self._scores(number, live))
            if scored is None or not scored.is_of(pool):
                scored = self._scored_anew(number, live, pool)
                scored.save(self._scores(number, live))
        return scored

    def _scored_anew(self, number: int, live: LiveModel, pool: Sequence[Document]) -> PoolScores:
        """By what the same weights said before they were calibrated, if it was kept; else by reading all."""
        before = PoolScores.load(self._ahead_scores(number)) if self._kept else None
        if self._kept is None or before is None or not before.is_of(pool):
            return score_pool(live.tagger, pool, self.config, self.progress)
        after = ModelFolder.read(live.version.path)
        return score_again(before, pool, self._kept, after, self.config.measure)

    def _forget(self) -> None:
        """Delete what the model said that chose the batch."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _scores(self, number: int, live: LiveModel) -> Path:
        measure = find_measure(self.config.measure).name
        return self._folder(number) / f"scores-{measure}-{live.name}.npz"

    def _ahead_scores(self, number: int) -> Path:
        """Of the model that chose the batch before it was judged."""
        return self._folder(number) / "scores-ahead.npz"

    def _assess(
        self,
        n_labelled: int,
        pool: Sequence[Document],
        scored: PoolScores | None,
        selection: Selection,
        prices: Prices,
    ) -> Assessment:
        """The assessment by the models and the rounds so far."""
        rounds, live = self.reports(), self.store.current()
        with self._timed("compare"):
            before = rounds[-1].live if rounds and live and rounds[-1].live != live.name else None
            agreed = agreement_with(before, self.store, scored, pool, self.config.device)
        curve = _curve(rounds)
        return assess_progress(curve, n_labelled, scored, selection, agreed, prices, self._calibration())

    def _empty_answers(self, labelled: Sequence[Document]) -> EmptyAnswersPart:
        """The empty answers in whose texts the live model expects entities, which the report names."""
        live = self._live_model()
        if live is None:
            return EmptyAnswersPart()
        labels = self.source.schema().labels
        found = empty_answers(labelled, live.version.path, lambda texts: live.tagger.predict(texts), labels)
        part = EmptyAnswersPart.of(found)
        self._messages.extend([part.describe()] if found else [])
        return part

    def _calibration(self) -> Calibration | None:
        live = self.store.current()
        return calibration_of(live.manifest) if live else None

    def _purpose(self, number: int, n_labelled: int, scored: PoolScores | None) -> Purpose:
        """The purpose of the batch, by the forecast of this round and of the last one with fewer labels."""
        rounds = self.reports()
        points = _curve(rounds)
        estimated = estimated_pool_f1(scored, self._calibration())
        if estimated is not None:
            points.append((n_labelled, estimated))
        outlook = forecast([n for n, _ in points], [f1 for _, f1 in points], NEXT_TEXTS)
        gains = [each.assessment.forecast_gain for each in rounds if each.n_labelled < n_labelled]
        previous = gains[-1] if gains else None
        purpose = purpose_of(
            self.ledger, self.config.purpose, number, outlook, previous, has_model=estimated is not None
        )
        self._messages.extend([purpose.message] if purpose.message else [])
        return purpose

    def _release(self, number: int, chosen: RoundReport, ahead: bool = False) -> RoundReport:
        """Release the batch and the texts that follow it; ``ahead``: it was chosen before the judge."""
        offers = self.ledger.offers(number)
        documents = self.ledger.find([offer.document_id for offer in offers[: chosen.n_released]])
        if not any(map(is_waiting, documents)):
            return replace(
                chosen, n_released=0, release="Nothing was released: no text is waiting for a label."
            )
        with self._timed("release"):
            labels, floor = self.source.schema().labels, chosen.proposals.proposal_floor
            now = offers[: chosen.n_released]
            proposed = self._proposed(number, documents, ahead)
            batch = offered_batch(now, documents, proposed, labels, floor)
            batch = with_seconds(batch, self._chosen_by(number, ahead), remembered_prices(self.ledger))
            chosen = replace(chosen, proposals=_counted(chosen.proposals, batch, proposed, labels))
            earlier = self._earlier(number, chosen, labels, ahead)
            write_proposals(self._folder(number), [*batch, *earlier.documents])
            try:
                sentence = self.source.release(chosen.batch, batch, self.progress, earlier)
            except BatchNameTakenError:  # another program with its own ledger released one in the meantime
                kind = chosen.batch.partition("-")[0]
                name = self.source.batch_name(number, kind) + sources_in(chosen.batch)
                chosen = replace(chosen, batch=name)
                save_draft(self.ledger, chosen)
                sentence = self.source.release(chosen.batch, batch, self.progress, earlier)
        return replace(chosen, release=sentence)

    def _earlier(self, number: int, chosen: RoundReport, labels: Collection[str], ahead: bool) -> Earlier:
        """The texts that follow the batch: the next one, and the unfinished texts of earlier batches, if a
        new batch hides their proposals.

        A text that waits for its first label gets the proposals of the model that chose the batch. One that
        waits for another annotator keeps those that the first one was shown, so that both have started from
        the same. Texts of an audit are labelled without proposals. Of the texts that followed an earlier
        batch only those of the last round may be open.
        """
        if not self.source.shows_one_batch:
            return Earlier()
        floor = chosen.proposals.proposal_floor
        offers = self.ledger.offers(number)
        now = {offer.document_id for offer in offers[: chosen.n_released]}
        following = offers[chosen.n_released :]
        texts = self.ledger.find([offer.document_id for offer in following])
        fresh = [each for each in texts if is_waiting(each) and not each.meta.get("annotators")]
        proposed = self._proposed(number, fresh, ahead)
        upcoming = offered_batch(following, fresh, proposed, labels, floor)
        upcoming = with_seconds(upcoming, self._chosen_by(number, ahead), remembered_prices(self.ledger))
        ids = self.ledger.offered_ids() - now
        left = self._unfinished_ids(number) - now - {each.id for each in fresh}
        held = self.ledger.find(sorted(left - self._offered_ids(lambda reason: reason == AUDIT)))
        waiting = [each for each in held if is_waiting(each) and not has_machine_answer(each)]
        before = read_proposals(self._rounds)
        proposed = self._proposed(number, waiting, ahead)
        shown = {each.id: worth_showing(proposed.get(each.id, ()), floor) for each in waiting} | {
            each.id: before[each.id] for each in held if each.meta.get("annotators") and each.id in before
        }
        documents = (*upcoming, *unfinished(held, shown, labels))
        return Earlier(documents, frozenset(ids), len(upcoming))

    def _unfinished_ids(self, number: int) -> set[str]:
        """The ids of the texts of all batches, and of those that followed the last one and this one."""
        found: set[str] = set()
        for each in self.ledger.rounds():
            size = None if each.number >= number - 1 else batch_size_of(each)
            found |= {offer.document_id for offer in self.ledger.offers(each.number)[:size]}
        return found

    def _proposed(
        self, number: int, documents: Sequence[Document], ahead: bool = False
    ) -> Mapping[str, Sequence[Span]]:
        """What the model that chose the batch predicts for each document, by id.

        These are the predictions from the scoring of the pool. Only a text that has changed since then, or
        without stored scores, is tagged again, by the live model. Without a model it is what the sources say.
        What people have decided about terms replaces what is said of them.
        """
        live, scored = self._live_model(), self._chosen_by(number, ahead)
        proposed = dict(scored.predicted(documents)) if scored else {}
        missing = [document for document in documents if document.id not in proposed]
        if missing and live is not None:
            spans = live.tagger.predict([document.text for document in missing])
            proposed |= {document.id: found for document, found in zip(missing, spans, strict=True)}
        elif missing and not ahead:
            heard = self._by_sources(missing)
            if heard.names:
                proposed |= {each.id: found for each, found in zip(missing, heard.spans, strict=True)}
        decided = self.ledger.decided_terms()
        return {
            each.id: decided.applied(each.text, proposed[each.id])
            for each in documents
            if each.id in proposed
        }

    def _by_sources(self, documents: Sequence[Document]) -> SourceProposals:
        """What the sources propose for documents."""
        labelled = list(self.ledger.documents(labelled=True))
        with self._timed("sources"):
            return proposed_by_sources(self.sources, labelled, documents, self.source.schema(), self.progress)

    def _chosen_by(self, number: int, ahead: bool) -> PoolScores | None:
        """The stored scores of the model that chose the batch."""
        if ahead:
            return PoolScores.load(self._ahead_scores(number))
        live = self._live_model()
        return None if live is None else PoolScores.load(self._scores(number, live))

    def _actively_selected_ids(self) -> set[str]:
        """The ids of the texts that were once selected by their scores: no model is evaluated on them."""
        unscored = {*UNSCORED_REASONS, AUDIT}
        active = self._offered_ids(lambda reason: reason not in unscored)
        if not isinstance(self.source, FileSource):
            return active
        draws = ((each.id, stated_draw(each)) for each in self.ledger.documents(labelled=True))
        return active | {name for name, draw in draws if draw is not None and draw not in unscored}

    def _offered_ids(self, is_wanted: Callable[[str], bool]) -> set[str]:
        """The ids of the texts that were once offered for such a reason."""
        return {
            offer.document_id
            for each in self.ledger.rounds()
            for offer in self.ledger.offers(each.number)
            if is_wanted(offer.reason)
        }

    def _labels(self) -> str:
        """The fingerprint of the labels in the ledger."""
        return data_fingerprint(self.ledger.documents(labelled=True))

    @property
    def _rounds(self) -> Path:
        return self.directory / "rounds"

    def _folder(self, number: int) -> Path:
        return self._rounds / f"{number:03d}"

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        self.progress(step, 0, 0)
        start = time.monotonic()
        yield
        self._seconds[step] = round(self._seconds.get(step, 0.0) + time.monotonic() - start, 3)


def _counted(
    part: ProposalsPart,
    batch: Sequence[Document],
    proposed: Mapping[str, Sequence[Span]],
    labels: Collection[str],
) -> ProposalsPart:
    """The numbers of shown and hidden proposals; spans of labels that the project lacks do not count."""
    known = (span for each in batch for span in proposed.get(each.id, ()) if span.label in labels)
    return part.of(known, (span for each in batch for span in each.spans or ()))


def _curve(rounds: Sequence[RoundReport]) -> list[tuple[int, float]]:
    """Labelled texts and estimated F1 of the pool of each round that has both, oldest first."""
    return [(each.n_labelled, f1) for each in rounds if (f1 := each.assessment.estimated_f1) is not None]
