"""Documents from and to files, and Label Studio's tasks, results and label configs.

Raises ``FormatError``, an ``InputError``, for files, records and label configs that are wrong.
"""

from wapaganda.annotation.collecting import Collector, FormatError, ReadResult
from wapaganda.annotation.conversion import LOSSES, Conversion, convert_documents
from wapaganda.annotation.format import (
    ASPECTS,
    Format,
    Source,
    all_formats,
    by_suffix,
    format_table,
    format_titles,
    register,
    writable_suffixes,
)
from wapaganda.annotation.formats.conll import write_conll
from wapaganda.annotation.formats.saved_dataset import write_datasets_folder
from wapaganda.annotation.kinds import KINDS, Effect, Kind, kind_of
from wapaganda.annotation.label_studio.config_edit import LabelChange
from wapaganda.annotation.label_studio.instruction import instruction, marks_whole_words
from wapaganda.annotation.label_studio.label_config import (
    LabelConfig,
    TextForm,
    default_label_config,
    parse_label_config,
)
from wapaganda.annotation.label_studio.machine_answers import has_machine_answer, is_machine_answer
from wapaganda.annotation.label_studio.predictions import NOTE, PLACES, READING, REMARKS, is_remark
from wapaganda.annotation.label_studio.regions import (
    labels_used,
    refuse_other_forms,
    result_from_spans,
    task_from_document,
    write_label_studio_tasks,
)
from wapaganda.annotation.label_studio.several import answers_of
from wapaganda.annotation.label_studio.tasks import TaskReading, document_from_task, read_task
from wapaganda.annotation.proposals import (
    MODEL,
    PROVENANCE,
    SPANS_BY,
    TERM,
    Proposal,
    Provenance,
    proposal_of,
    states_provenance,
    with_proposal,
)
from wapaganda.annotation.read_options import (
    ANSWER_RULES,
    SCHEMES,
    AnswerRule,
    LabelMapping,
    ReadOptions,
)
from wapaganda.annotation.read_report import (
    Finding,
    ReadReport,
    is_unread,
    unread,
    without_labels,
)
from wapaganda.annotation.reading import add_documents, collector_paused, read_documents, write_documents
from wapaganda.annotation.records import write_jsonl

__all__ = [
    "ANSWER_RULES",
    "ASPECTS",
    "KINDS",
    "LOSSES",
    "MODEL",
    "NOTE",
    "PLACES",
    "PROVENANCE",
    "READING",
    "REMARKS",
    "SCHEMES",
    "SPANS_BY",
    "TERM",
    "AnswerRule",
    "Collector",
    "Conversion",
    "Effect",
    "Finding",
    "Format",
    "FormatError",
    "Kind",
    "LabelChange",
    "LabelConfig",
    "LabelMapping",
    "Proposal",
    "Provenance",
    "ReadOptions",
    "ReadReport",
    "ReadResult",
    "Source",
    "TaskReading",
    "TextForm",
    "add_documents",
    "all_formats",
    "answers_of",
    "by_suffix",
    "collector_paused",
    "convert_documents",
    "default_label_config",
    "document_from_task",
    "format_table",
    "format_titles",
    "has_machine_answer",
    "instruction",
    "is_machine_answer",
    "is_remark",
    "is_unread",
    "kind_of",
    "labels_used",
    "marks_whole_words",
    "parse_label_config",
    "proposal_of",
    "read_documents",
    "read_task",
    "refuse_other_forms",
    "register",
    "result_from_spans",
    "states_provenance",
    "task_from_document",
    "unread",
    "with_proposal",
    "without_labels",
    "writable_suffixes",
    "write_conll",
    "write_datasets_folder",
    "write_documents",
    "write_jsonl",
    "write_label_studio_tasks",
]
