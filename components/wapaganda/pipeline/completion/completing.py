"""`selfish complete`: each run does what comes next until the machine's labels are accepted."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wapaganda.annotation_cost import Prices
from wapaganda.certification import Certificate, campaign_risk, plan_audit
from wapaganda.model_store import data_fingerprint
from wapaganda.pipeline.completion import auditing, report, wording
from wapaganda.pipeline.completion.auditing import AuditAnswers
from wapaganda.pipeline.completion.campaign import Campaign, CampaignFolder, now
from wapaganda.pipeline.completion.current_file import CurrentFile, ReviewNeeded, current_file
from wapaganda.pipeline.completion.machine_labels import CampaignError, MachineLabels
from wapaganda.pipeline.completion.releasing import close_audit, release_audit
from wapaganda.pipeline.completion.report import CompletionReport
from wapaganda.pipeline.completion.writing_back import WrittenLabels, undo_written, write_back
from wapaganda.pipeline.round.loop import Loop
from wapaganda.pipeline.selection.prices import fitted_prices, read_proposals

_LEAST_PART = 20
"""The smallest further part of an audit."""


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """What the user asks for.

    ``target`` and ``confidence``: 0 to 1. ``audit_texts``: the size of the next part of the audit; ``None``:
    as many as it should need. ``again``: start a new campaign. ``write_annotations``: turn accepted labels
    into annotations of Label Studio.
    """

    target: float = 0.95
    confidence: float = 0.95
    audit_texts: int | None = None
    again: bool = False
    write_annotations: bool = False


class Completing:
    """The completion of one project; hold its lock while it runs."""

    def __init__(self, loop: Loop, request: CompletionRequest) -> None:
        self._loop = loop
        self._request = request

    def run(self) -> CompletionReport:
        """Do what comes next.

        It can be killed at any moment and run again: nothing is released or written twice.

        Raises:
            CampaignError: the files of a campaign are damaged, or the request does not fit its state.
            LabelStudioError: Label Studio cannot be reached or refuses. Run it again later.
            InputError: too much of the source could not be read.
        """
        self._loop.fetch()
        folders = CampaignFolder.all(self._loop.directory)
        if not folders:
            return self._begin(1)
        folder = folders[-1]
        campaign, accepted = folder.campaign(), folder.accepted()
        if accepted is not None:
            if self._request.again:
                _refuse_written(folder)
                return self._begin(campaign.number + 1)
            return self._accepted(folder, campaign, accepted)
        if self._request.again and not campaign.closed:
            campaign = self._close(folder, campaign, "A new campaign was asked for.")
        if campaign.closed:
            return self._begin_after(folder, campaign)
        return self._audit(folder, campaign)

    def undo(self) -> CompletionReport:
        """Delete the annotations that were written to Label Studio, except those that people have changed.

        Raises:
            CampaignError: none were written.
        """
        for folder in reversed(CampaignFolder.all(self._loop.directory)):
            undone = undo_written(self._loop, folder)
            if undone is not None:
                kept = (
                    f" {wording.texts(undone.kept)} stay: people have worked at them since."
                    if undone.kept
                    else ""
                )
                line = f"{undone.deleted:,} annotations of the machine were deleted.{kept}"
                written = {"deleted": undone.deleted, "kept": undone.kept}
                return CompletionReport(report.ACCEPTED, (line,), campaign=folder.campaign(), written=written)
        raise CampaignError("Expected annotations that selfish complete has written, was: none.")

    def _begin(self, number: int, error_ratio: float = 1.0) -> CompletionReport:
        """Open campaign ``number`` if the model's labels are good enough, else say what is missing."""
        request = self._request
        file = current_file(self._loop, request.target, error_ratio)
        if file is None:
            line = "There is no model yet: selfish update trains one from the labels of people."
            return CompletionReport(report.NO_MODEL, (line,))
        lines = [wording.estimate(file.state), *_left_out(file.left_out)]
        if not file.machine:
            lines.append("No text is left for the model: the labels of people are the file.")
            return CompletionReport(report.FINISHED, tuple(lines), file.state)
        risk = campaign_risk(request.confidence, number)
        planned = None
        if file.state.f1 >= request.target:
            planned = plan_audit(
                file.part(), file.state.people_spans, request.target, risk, people_f1=file.people_f1
            )
            planned = request.audit_texts or planned
        if planned is None:
            hopeless = wording.out_of_reach(request.target, file.people_f1)
            if hopeless:
                return CompletionReport(report.REVIEW, (*lines, hopeless), file.state)
            lines += _review_lines(file.review_needed(risk), request.target)
            return CompletionReport(report.REVIEW, tuple(lines), file.state)
        folder, campaign = self._open(number, file, min(planned, len(file.machine)))
        found = self._audit(folder, campaign)
        return replace(found, lines=(*lines, *found.lines), file=file.state)

    def _open(self, number: int, file: CurrentFile, planned: int) -> tuple[CampaignFolder, Campaign]:
        seed = _seed(self._loop.config.seed, number)
        decided = self._loop.ledger.decided_terms()
        labels = file.frozen(self._loop.source.schema().labels, seed, decided)
        campaign = Campaign(
            number=number,
            created=now(),
            model=file.live.name,
            target=self._request.target,
            confidence=self._request.confidence,
            seed=seed,
            planned=planned,
            n_people=len(file.people),
            people_spans=file.state.people_spans,
            labelled=file.labelled,
            n_machine=len(labels),
            left_out=file.left_out,
            people_f1=file.people_f1,
        )
        return CampaignFolder.create(self._loop.directory, campaign, labels), campaign

    def _audit(self, folder: CampaignFolder, campaign: Campaign) -> CompletionReport:
        """Release the audit, or look at its answers."""
        labels = folder.labels()
        said = self._released(folder, campaign, labels) if campaign.audits else []
        if not campaign.audits:
            size = self._request.audit_texts or campaign.planned
            campaign, said = self._release_next(folder, campaign, labels, size)
        said += self._kept(campaign)
        answers = auditing.audit_answers(labels, campaign.n_released, self._loop.ledger)
        certificate = None
        if len(answers):
            risk = campaign_risk(campaign.confidence, campaign.number)
            certificate = auditing.audit_of(campaign, labels, answers).certificate(risk)
            folder.save_certificate(certificate.to_dict())
            said += [wording.certified(certificate, campaign.confidence), *_notes(certificate, answers)]
            if certificate.n_beyond:
                return self._closed(folder, campaign, wording.beyond(certificate), said)
            if certificate.lower >= self._request.target:
                self._accept(folder, campaign, certificate, answers)
                found = self._accepted(folder, campaign, folder.accepted() or {})
                return replace(found, lines=(*said, *found.lines), audit=_numbers(campaign, answers))
            if certificate.upper < self._request.target:
                reason = (
                    f"With the same confidence F1 is at most {wording.points(certificate.upper)}, "
                    f"below the target of {wording.points(self._request.target)}."
                )
                return self._closed(folder, campaign, reason, said)
        if answers.open:
            said.append(self._waiting(campaign, labels, answers))
            return self._under_way(campaign, certificate, answers, said)
        return self._more(folder, campaign, labels, certificate, said)

    def _kept(self, campaign: Campaign) -> list[str]:
        """A confidence that was chosen after the answers would promise too much."""
        if self._request.confidence == campaign.confidence:
            return []
        kept = f"{100 * campaign.confidence:g}%"
        return [f"Campaign {campaign.number} keeps the confidence of {kept} with which it began."]

    def _more(
        self,
        folder: CampaignFolder,
        campaign: Campaign,
        labels: MachineLabels,
        certificate: Certificate | None,
        said: list[str],
    ) -> CompletionReport:
        """All released texts are answered and the target is not proved: release more, or give up."""
        left = len(labels) - campaign.n_released
        size = self._request.audit_texts or _missing(campaign, labels, certificate, self._request.target)
        if size is None or not left:
            reason = "No audit of 2,000 texts should prove the target." if left else "Every text is audited."
            return self._closed(folder, campaign, reason, said)
        size = min(max(size, _LEAST_PART), left)
        target = wording.points(self._request.target)
        said.append(f"For {target} about {wording.texts(size)} more are to be audited.")
        campaign, released = self._release_next(folder, campaign, labels, size)
        answers = auditing.audit_answers(labels, campaign.n_released, self._loop.ledger)
        said += [*released, self._waiting(campaign, labels, answers)]
        return self._under_way(campaign, certificate, answers, said)

    def _under_way(
        self,
        campaign: Campaign,
        certificate: Certificate | None,
        answers: AuditAnswers,
        said: Sequence[str],
    ) -> CompletionReport:
        live = self._loop.store.current()
        if live is not None and live.name != campaign.model:
            said = [
                *said,
                f"The audit is of the labels of {campaign.model}; the live model is {live.name}. "
                f"--again starts campaign {campaign.number + 1} with its labels.",
            ]
        shown = None if certificate is None else certificate.to_dict()
        numbers = _numbers(campaign, answers)
        return CompletionReport(report.AUDIT, tuple(said), None, campaign, shown, numbers)

    def _waiting(self, campaign: Campaign, labels: MachineLabels, answers: AuditAnswers) -> str:
        place = {document_id: row for row, document_id in enumerate(labels.ids)}
        rows = [place[each] for each in answers.open]
        prices = self._prices().without_proposals()
        entities = auditing.machine_part(labels).entities[rows]
        seconds = float((prices.word * labels.n_words[rows] + prices.entity * entities).sum())
        names = " and ".join(dict.fromkeys(each.name for each in campaign.audits[-2:]))
        return (
            f"Left to label in the audit: {wording.texts(len(answers.open))} ({names}), about "
            f"{wording.hours(seconds)}. Label them without help and run the command again."
        )

    def _prices(self) -> Prices:
        people = list(self._loop.ledger.documents(labelled=True))
        return fitted_prices(people, read_proposals(self._loop.directory / "rounds")).prices

    def _release_next(
        self, folder: CampaignFolder, campaign: Campaign, labels: MachineLabels, size: int
    ) -> tuple[Campaign, list[str]]:
        campaign = campaign.with_audit(min(size, len(labels) - campaign.n_released))
        folder.save(campaign)
        return campaign, self._released(folder, campaign, labels)

    def _released(self, folder: CampaignFolder, campaign: Campaign, labels: MachineLabels) -> list[str]:
        """Release the parts of the audit that a killed run has not released."""
        return [
            sentence
            for batch in campaign.audits
            if (sentence := release_audit(self._loop, folder, labels, batch))
        ]

    def _accept(
        self,
        folder: CampaignFolder,
        campaign: Campaign,
        certificate: Certificate,
        answers: AuditAnswers,
    ) -> None:
        people = list(self._loop.ledger.documents(labelled=True))
        folder.accept(
            {
                "model": campaign.model,
                "target": self._request.target,
                "confidence": campaign.confidence,
                "certificate": certificate.to_dict(),
                "audited": list(answers.audited),
                "labelled": data_fingerprint(people),
                "n_people": len(people),
            }
        )
        close_audit(self._loop.ledger)

    def _accepted(
        self, folder: CampaignFolder, campaign: Campaign, accepted: Mapping[str, Any]
    ) -> CompletionReport:
        """The labels are accepted: write them back, and say what is newer than they."""
        close_audit(self._loop.ledger)
        written = write_back(self._loop, folder, campaign, annotations=self._request.write_annotations)
        lower = float(accepted["certificate"]["lower"])
        lines = [
            f"Accepted on {accepted['accepted'][:10]}: the labels of {campaign.model} for "
            f"{wording.texts(campaign.n_machine)} are part of the file, whose F1 is at least "
            f"{wording.at_least(lower)} with {100 * campaign.confidence:g}% confidence. "
            "selfish export writes it.",
            *_written_lines(written, campaign),
            *self._newer(campaign, accepted),
        ]
        if lower < self._request.target:
            target = wording.points(self._request.target)
            lines.append(f"A target of {target} needs a new campaign: selfish complete --again.")
        return CompletionReport(
            report.ACCEPTED,
            tuple(lines),
            campaign=campaign,
            certificate=accepted["certificate"],
            written={} if written is None else written.to_dict(),
        )

    def _newer(self, campaign: Campaign, accepted: Mapping[str, Any]) -> list[str]:
        people = list(self._loop.ledger.documents(labelled=True))
        live = self._loop.store.current()
        news = []
        if data_fingerprint(people) != accepted.get("labelled"):
            more = len(people) - int(accepted.get("n_people", len(people)))
            news.append(f"labels of people ({wording.texts(more)} more)" if more > 0 else "labels of people")
        if live is not None and live.name != campaign.model:
            news.append(f"the model {live.name}")
        if not news:
            return []
        number = campaign.number + 1
        risk = 100 * campaign_risk(campaign.confidence, number)
        return [
            f"Newer than campaign {campaign.number}: {' and '.join(news)}. The certificate stays as it is; "
            f"--again starts campaign {number}, with an audit of its own (risk {risk:.2g}%)."
        ]

    def _close(self, folder: CampaignFolder, campaign: Campaign, reason: str) -> Campaign:
        campaign = replace(campaign, closed=reason)
        folder.save(campaign)
        close_audit(self._loop.ledger)
        return campaign

    def _closed(
        self, folder: CampaignFolder, campaign: Campaign, reason: str, said: Sequence[str]
    ) -> CompletionReport:
        """Give the campaign up, and say how much review is missing."""
        campaign = self._close(folder, campaign, reason)
        certificate = folder.certificate()
        lines = [*said, f"{reason} Campaign {campaign.number} ends here."]
        risk = campaign_risk(campaign.confidence, campaign.number + 1)
        file = current_file(self._loop, self._request.target, _ratio(certificate))
        if file is not None and file.machine:
            lines += _review_lines(file.review_needed(risk), self._request.target)
        state = None if file is None else file.state
        return CompletionReport(report.CLOSED, tuple(lines), state, campaign, certificate)

    def _begin_after(self, folder: CampaignFolder, campaign: Campaign) -> CompletionReport:
        """After a campaign that could not reach its target: a new one, once there is something new."""
        live = self._loop.store.current()
        people = list(self._loop.ledger.documents(labelled=True))
        certificate = folder.certificate()
        audited = int((certificate or {}).get("n_audited", 0))
        is_same_model = live is not None and live.name == campaign.model
        has_review = len(people) > campaign.n_people + max(audited, campaign.n_released)
        if is_same_model and not has_review and not self._request.again:
            return self._closed(folder, campaign, campaign.closed, ())
        return self._begin(campaign.number + 1, _ratio(certificate) if is_same_model else 1.0)


def _missing(
    campaign: Campaign, labels: MachineLabels, certificate: Certificate | None, target: float
) -> int | None:
    """How many more texts the audit should need by what it has found; ``None``: 2,000 are not enough."""
    risk = campaign_risk(campaign.confidence, campaign.number)
    part = (
        auditing.machine_part(labels) if certificate is None else auditing.corrected_part(labels, certificate)
    )
    needed = plan_audit(part, campaign.people_spans, target, risk, people_f1=campaign.people_f1)
    return None if needed is None else max(needed - campaign.n_released, 1)


def _ratio(certificate: Mapping[str, Any] | None) -> float:
    found = (certificate or {}).get("error_ratio")
    return float(found) if found else 1.0


def _numbers(campaign: Campaign, answers: AuditAnswers) -> dict[str, int]:
    return {
        "released": campaign.n_released,
        "answered": answers.n_answered,
        "open": len(answers.open),
        "worst": answers.n_worst,
    }


def _notes(certificate: Certificate, answers: AuditAnswers) -> list[str]:
    found = [wording.contradiction(certificate)]
    if answers.n_worst:
        found.append(
            f"{wording.texts(answers.n_worst)} of the audit were skipped, deleted or changed and count as "
            "wholly wrong."
        )
    behind = answers.n_answered - len(answers)
    if behind:
        found.append(
            f"{wording.texts(behind)} more are answered, but count only when all texts before them are."
        )
    return [each for each in found if each]


def _left_out(left_out: Mapping[str, int]) -> list[str]:
    if not left_out:
        return []
    reasons = ", ".join(f"{number:,} {reason}" for reason, number in left_out.items())
    return [f"{wording.texts(sum(left_out.values()))} are in neither part of the file: {reasons}."]


def _review_lines(needed: ReviewNeeded, target: float) -> list[str]:
    audit = (
        f"an audit of about {wording.texts(needed.audit)} should prove it"
        if needed.audit is not None
        else "even then an audit of 2,000 texts should not prove it"
    )
    return [
        f"For {wording.points(target)}: review {wording.texts(needed.texts)} first, about "
        f"{wording.hours(needed.seconds)}. The file should then have F1 {wording.points(needed.f1)}, "
        f"and {audit}.",
        "PURPOSE=dataset selfish update trains on all labels and releases the texts to review, the most "
        "expected errors a second first; selfish complete --review does the same.",
    ]


def _written_lines(written: WrittenLabels | None, campaign: Campaign) -> list[str]:
    if written is None:
        return []
    lines = [f"Label Studio shows {written.predictions:,} of them as predictions of {campaign.version}."]
    if written.annotations is not None:
        lines.append(
            f"{written.annotations:,} are annotations of the machine; selfish complete --undo deletes them."
        )
    if written.drafts:
        lines.append(
            f"{wording.texts(written.drafts)} got none, because somebody has a draft there: run the command "
            "again later."
        )
    return lines


def _refuse_written(folder: CampaignFolder) -> None:
    if folder.has_annotations():
        raise CampaignError(
            "Expected no annotations of the machine in Label Studio before a new campaign, was: some.",
            "Take them back first: selfish complete --undo.",
        )


def _seed(seed: int, number: int) -> int:
    digest = hashlib.sha256(f"audit {seed} {number}".encode()).digest()
    return int.from_bytes(digest[:4], "big")
