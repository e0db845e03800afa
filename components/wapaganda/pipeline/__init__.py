"""The loop: one round fetches, trains, evaluates, scores, selects and releases; each step can be resumed.

Bases compose a `Loop` from a `Source` (a Label Studio project, or files) and its other dependencies.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.ports import (
    LOST_LEDGER,
    OPEN_AUDIT,
    REVIEW,
    TRAINING_BATCH,
    BatchNameTakenError,
    Changes,
    Earlier,
    ProjectTakenError,
    Source,
    WritesBack,
)
from wapaganda.pipeline.sources.fetching import PEOPLE, PROJECT_TITLE, READ_REPORT
from wapaganda.pipeline.training.holdout import TrainingTexts, split_holdout
from wapaganda.pipeline.training.promotion import PromotionDecision, decide_promotion

if TYPE_CHECKING:
    from wapaganda.pipeline.completion.campaign import Campaign, CampaignFolder
    from wapaganda.pipeline.completion.completed import Completion, completed
    from wapaganda.pipeline.completion.completing import Completing, CompletionRequest
    from wapaganda.pipeline.completion.machine_labels import CampaignError, MachineLabels
    from wapaganda.pipeline.completion.report import CompletionReport
    from wapaganda.pipeline.completion.restoring import restore_rounds
    from wapaganda.pipeline.round.file_part import FilePart, present_file
    from wapaganda.pipeline.round.loop import Loop
    from wapaganda.pipeline.round.open_batch import OpenBatch, open_batch
    from wapaganda.pipeline.round.pruning import prune_rounds
    from wapaganda.pipeline.round.purpose import selected_purpose
    from wapaganda.pipeline.round.record import RoundLog, reading_figures
    from wapaganda.pipeline.round.report import ProposalsPart, RoundReport
    from wapaganda.pipeline.round.steps import choose_step, selected_documents
    from wapaganda.pipeline.round.time_left import seconds_left
    from wapaganda.pipeline.selection.batch import choose
    from wapaganda.pipeline.selection.cold_start import choose_first
    from wapaganda.pipeline.selection.disagreements import (
        Disagreement,
        agreement_of,
        disagreements,
    )
    from wapaganda.pipeline.selection.empty_answers import (
        EmptyAnswer,
        describe_empty_answers,
        empty_answers,
    )
    from wapaganda.pipeline.selection.later_types import LaterType, later_types
    from wapaganda.pipeline.selection.machine_part import accepted_labels, live_labels
    from wapaganda.pipeline.selection.pool_scores import PoolScores
    from wapaganda.pipeline.selection.prices import (
        fitted_prices,
        hours_spent,
        read_proposals,
        remembered_prices,
    )
    from wapaganda.pipeline.selection.review import choose_review, doubtful_first
    from wapaganda.pipeline.selection.scoring import score_pool, score_tagged
    from wapaganda.pipeline.selection.source_votes import proposed_by_sources
    from wapaganda.pipeline.selection.waiting import is_waiting
    from wapaganda.pipeline.shards.scored_pool import PieceEngine, ScoredPool, in_this_process, score_shards
    from wapaganda.pipeline.shards.scorer import ScoringJob
    from wapaganda.pipeline.sources.answers import Answers, collect_answers
    from wapaganda.pipeline.sources.files import FileSource, texts_of_files
    from wapaganda.pipeline.sources.label_studio import LabelStudioSource
    from wapaganda.pipeline.terms.deciding import (
        CheckedOffer,
        accept_offer,
        answered,
        check_offer,
        covered_keys,
        open_keys,
        remember_answers,
        remember_offer,
        remembered_offer,
        undo_decision,
    )
    from wapaganda.pipeline.terms.offer import OfferedPlace, TermOffer, checks_of, shown_record
    from wapaganda.pipeline.terms.offering import check_label, find_candidates, offer_term
    from wapaganda.pipeline.terms.showing import show_decisions
    from wapaganda.pipeline.training.adaptation import (
        AdaptingElsewhereError,
        adaptation_is_due,
        seconds_of_adaptation,
        try_adaptation,
    )
    from wapaganda.pipeline.training.adaptation_record import AdaptationTrial, adapted_encoder
    from wapaganda.pipeline.training.adapted_gain import Gain, paired_gain
    from wapaganda.pipeline.training.calibration import calibrate
    from wapaganda.pipeline.training.evaluation import (
        evaluate_documents,
        evaluate_version,
        out_of_fold_spans,
    )
    from wapaganda.pipeline.training.manifests import calibration_of
    from wapaganda.pipeline.training.student import TaughtModel, train_with_student
    from wapaganda.pipeline.training.versions import TrainingOutcome, train_version, training_job

_LATE = {
    "AdaptationTrial": "training.adaptation_record",
    "AdaptingElsewhereError": "training.adaptation",
    "accepted_labels": "selection.machine_part",
    "Answers": "sources.answers",
    "Campaign": "completion.campaign",
    "CampaignError": "completion.machine_labels",
    "CampaignFolder": "completion.campaign",
    "Completing": "completion.completing",
    "Completion": "completion.completed",
    "CompletionReport": "completion.report",
    "CompletionRequest": "completion.completing",
    "MachineLabels": "completion.machine_labels",
    "completed": "completion.completed",
    "Disagreement": "selection.disagreements",
    "adaptation_is_due": "training.adaptation",
    "adapted_encoder": "training.adaptation_record",
    "agreement_of": "selection.disagreements",
    "disagreements": "selection.disagreements",
    "EmptyAnswer": "selection.empty_answers",
    "FilePart": "round.file_part",
    "FileSource": "sources.files",
    "LaterType": "selection.later_types",
    "LabelStudioSource": "sources.label_studio",
    "Loop": "round.loop",
    "OpenBatch": "round.open_batch",
    "PieceEngine": "shards.scored_pool",
    "PoolScores": "selection.pool_scores",
    "ProposalsPart": "round.report",
    "RoundLog": "round.record",
    "RoundReport": "round.report",
    "ScoredPool": "shards.scored_pool",
    "ScoringJob": "shards.scorer",
    "prune_rounds": "round.pruning",
    "reading_figures": "round.record",
    "TrainingOutcome": "training.versions",
    "TaughtModel": "training.student",
    "calibrate": "training.calibration",
    "collect_answers": "sources.answers",
    "calibration_of": "training.manifests",
    "choose": "selection.batch",
    "choose_first": "selection.cold_start",
    "choose_review": "selection.review",
    "choose_step": "round.steps",
    "describe_empty_answers": "selection.empty_answers",
    "doubtful_first": "selection.review",
    "empty_answers": "selection.empty_answers",
    "evaluate_documents": "training.evaluation",
    "evaluate_version": "training.evaluation",
    "fitted_prices": "selection.prices",
    "hours_spent": "selection.prices",
    "Gain": "training.adapted_gain",
    "in_this_process": "shards.scored_pool",
    "is_waiting": "selection.waiting",
    "later_types": "selection.later_types",
    "live_labels": "selection.machine_part",
    "open_batch": "round.open_batch",
    "out_of_fold_spans": "training.evaluation",
    "paired_gain": "training.adapted_gain",
    "present_file": "round.file_part",
    "proposed_by_sources": "selection.source_votes",
    "read_proposals": "selection.prices",
    "remembered_prices": "selection.prices",
    "restore_rounds": "completion.restoring",
    "score_pool": "selection.scoring",
    "score_shards": "shards.scored_pool",
    "score_tagged": "selection.scoring",
    "seconds_of_adaptation": "training.adaptation",
    "seconds_left": "round.time_left",
    "selected_documents": "round.steps",
    "selected_purpose": "round.purpose",
    "texts_of_files": "sources.files",
    "CheckedOffer": "terms.deciding",
    "TermOffer": "terms.offer",
    "OfferedPlace": "terms.offer",
    "accept_offer": "terms.deciding",
    "answered": "terms.deciding",
    "check_label": "terms.offering",
    "check_offer": "terms.deciding",
    "covered_keys": "terms.deciding",
    "checks_of": "terms.offer",
    "find_candidates": "terms.offering",
    "offer_term": "terms.offering",
    "open_keys": "terms.deciding",
    "remember_answers": "terms.deciding",
    "remember_offer": "terms.deciding",
    "remembered_offer": "terms.deciding",
    "show_decisions": "terms.showing",
    "shown_record": "terms.offer",
    "undo_decision": "terms.deciding",
    "train_version": "training.versions",
    "try_adaptation": "training.adaptation",
    "train_with_student": "training.student",
    "training_job": "training.versions",
}

__all__ = [
    "LOST_LEDGER",
    "OPEN_AUDIT",
    "PEOPLE",
    "PROJECT_TITLE",
    "READ_REPORT",
    "REVIEW",
    "TRAINING_BATCH",
    "AdaptationTrial",
    "AdaptingElsewhereError",
    "Answers",
    "BatchNameTakenError",
    "Campaign",
    "CampaignError",
    "CampaignFolder",
    "Changes",
    "CheckedOffer",
    "Completing",
    "Completion",
    "CompletionReport",
    "CompletionRequest",
    "Disagreement",
    "Earlier",
    "EmptyAnswer",
    "FilePart",
    "FileSource",
    "Gain",
    "LabelStudioSource",
    "LaterType",
    "Loop",
    "LoopConfig",
    "MachineLabels",
    "OfferedPlace",
    "OpenBatch",
    "PieceEngine",
    "PoolScores",
    "ProjectTakenError",
    "PromotionDecision",
    "ProposalsPart",
    "RoundLog",
    "RoundReport",
    "ScoredPool",
    "ScoringJob",
    "Source",
    "TaughtModel",
    "TermOffer",
    "TrainingOutcome",
    "TrainingTexts",
    "WritesBack",
    "accept_offer",
    "accepted_labels",
    "adaptation_is_due",
    "adapted_encoder",
    "agreement_of",
    "answered",
    "calibrate",
    "calibration_of",
    "check_label",
    "check_offer",
    "checks_of",
    "choose",
    "choose_first",
    "choose_review",
    "choose_step",
    "collect_answers",
    "completed",
    "covered_keys",
    "decide_promotion",
    "describe_empty_answers",
    "disagreements",
    "doubtful_first",
    "empty_answers",
    "evaluate_documents",
    "evaluate_version",
    "find_candidates",
    "fitted_prices",
    "hours_spent",
    "in_this_process",
    "is_waiting",
    "later_types",
    "live_labels",
    "offer_term",
    "open_batch",
    "open_keys",
    "out_of_fold_spans",
    "paired_gain",
    "present_file",
    "proposed_by_sources",
    "prune_rounds",
    "read_proposals",
    "reading_figures",
    "remember_answers",
    "remember_offer",
    "remembered_offer",
    "remembered_prices",
    "restore_rounds",
    "score_pool",
    "score_shards",
    "score_tagged",
    "seconds_left",
    "seconds_of_adaptation",
    "selected_documents",
    "selected_purpose",
    "show_decisions",
    "shown_record",
    "split_holdout",
    "texts_of_files",
    "train_version",
    "train_with_student",
    "training_job",
    "try_adaptation",
    "undo_decision",
]


def __getattr__(name: str) -> object:
    """Load the parts that need torch on first use."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    return found
