"""Documents from and to files, and Label Studio's tasks, results and label configs."""

from wapaganda.annotation.collecting import FormatError, ReadResult
from wapaganda.annotation.conll_writing import write_conll
from wapaganda.annotation.dataset_folder import write_datasets_folder
from wapaganda.annotation.label_config import LabelConfig, default_label_config, parse_label_config
from wapaganda.annotation.reading import FORMATS, read_documents
from wapaganda.annotation.records import write_jsonl
from wapaganda.annotation.regions import result_from_spans, task_from_document, write_label_studio_tasks
from wapaganda.annotation.tasks import TaskReading, document_from_task, read_task

__all__ = [
    "FORMATS",
    "FormatError",
    "LabelConfig",
    "ReadResult",
    "TaskReading",
    "default_label_config",
    "document_from_task",
    "parse_label_config",
    "read_documents",
    "read_task",
    "result_from_spans",
    "task_from_document",
    "write_conll",
    "write_datasets_folder",
    "write_jsonl",
    "write_label_studio_tasks",
]
