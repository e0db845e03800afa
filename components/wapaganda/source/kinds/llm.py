"""A large language model behind an address that speaks OpenAI's protocol."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import regex

from wapaganda.ner import Span
from wapaganda.source.interface import SourceOptions, SourceUnavailableError, source_kind

_PROMPT = (
    "Find the named entities in the text of the user. Copy each one letter by letter, in the order of the "
    "text, as often as it occurs. Use only these labels: {labels}. If there are none, answer with an empty "
    "list."
)
_TRY_AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504})
_LONGEST_PAUSE = 20.0
_FEW = 2
"""Answers of another form with which a model is never given up."""


@source_kind("llm")
class LanguageModel:
    """Chat completions with a JSON schema (structured output). What it quotes is looked up in the text.

    Options: ``url``, such as ``http://localhost:8000/v1``; ``model``; ``prompt``, more words for the model;
    ``timeout`` in seconds (60); ``retries`` (3); ``requests_at_a_time`` (4); ``temperature`` (0). The key is
    the setting ``SOURCES_API_KEY``. It is asked for the keys of ``labels``, else for the project's types.
    """

    def __init__(self, options: SourceOptions, sleep: Callable[[float], None] = time.sleep) -> None:
        self._url, self._model = options.text("url").rstrip("/"), options.text("model")
        if httpx.URL(self._url).scheme not in ("http", "https"):
            raise options.wrong("url", "an address such as http://localhost:8000/v1", self._url)
        self._name, self._key, self._sleep = options.name, options.key, sleep
        self._timeout, self._retries = options.number("timeout", 60), options.whole("retries", 3, least=0)
        self._requests = options.whole("requests_at_a_time", 4)
        self.at_a_time, self.types = self._requests, options.wanted()
        if not self.types:
            raise options.wrong("labels", "labels to ask for", "none")
        words = options.text("prompt", "")
        self._prompt = f"{_PROMPT.format(labels=', '.join(self.types))} {words}".strip()
        self._temperature = options.number("temperature", 0.0, least=0)
        asked = repr((self._prompt, self._schema(), self._temperature))
        digest = hashlib.sha256(asked.encode()).hexdigest()
        self.fingerprint = f"llm {self._url} {self._model} {digest}"
        self._answers = self._other_form = self._quotes = self._lost = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """How many quotes were of no use so far."""
        if not self._lost:
            return ()
        return (
            f"{self._lost:,} of {self._quotes:,} quotes so far are not in the text as whole words of their "
            "own, or have a label that was not asked for.",
        )

    def spans(self, texts: Sequence[str]) -> list[tuple[Span, ...] | None]:
        """What the model finds in each text; ``None``: its answer has another form.

        Raises:
            SourceUnavailableError: it does not answer, refuses, or mostly answers in another form.
        """
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        with (
            httpx.Client(timeout=httpx.Timeout(self._timeout, connect=10.0), headers=headers) as client,
            ThreadPoolExecutor(self._requests) as threads,
        ):
            answers = list(threads.map(lambda text: self._ask(client, text), texts))
        found = [
            None if said is None else located(text, [each for each in said if each[1] in self.types])
            for text, said in zip(texts, answers, strict=True)
        ]
        self._answers += len(texts)
        self._other_form += found.count(None)
        for text, spans, said in zip(texts, found, answers, strict=True):
            self._quotes += len(said or ())
            kept = {(text[each.start : each.end], each.label) for each in spans or ()}
            self._lost += sum((quote.strip(), label) not in kept for quote, label in said or ())
        if None in found and self._other_form > max(_FEW, self._answers // 2):
            raise self._unavailable(
                f"expected JSON by the schema, was: another answer about {self._other_form:,} of "
                f"{self._answers:,} texts",
                "Name a model that can do structured output.",
            )
        return found

    def _ask(self, client: httpx.Client, text: str) -> list[tuple[str, str]] | None:
        """The quotes of an answer with their labels; ``None``: it has another form."""
        if not text.strip():
            return []
        body = {
            "model": self._model,
            "temperature": self._temperature,
            "messages": [
                {"role": "system", "content": self._prompt},
                {"role": "user", "content": text},
            ],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "entities", "strict": True, "schema": self._schema()},
            },
        }
        answer = self._repeated(lambda: client.post(f"{self._url}/chat/completions", json=body))
        try:
            said = json.loads(answer.json()["choices"][0]["message"]["content"])
            return [(str(each["quote"]), str(each["label"])) for each in said["entities"]]
        except (ValueError, KeyError, IndexError, TypeError):
            return None

    def _schema(self) -> Mapping[str, Any]:
        mention = {
            "type": "object",
            "properties": {
                "quote": {"type": "string"},
                "label": {"type": "string", "enum": list(self.types)},
            },
            "required": ["quote", "label"],
            "additionalProperties": False,
        }
        return {
            "type": "object",
            "properties": {"entities": {"type": "array", "items": mention}},
            "required": ["entities"],
            "additionalProperties": False,
        }

    def _repeated(self, call: Callable[[], httpx.Response]) -> httpx.Response:
        """The answer of the server, asked again after a fault that passes."""
        for attempt in range(self._retries + 1):
            last = attempt == self._retries
            try:
                answer = call()
            except httpx.TransportError as error:
                if last:
                    what = type(error).__name__
                    raise self._unavailable(
                        f"{self._url} does not answer ({what})", "Is it running?"
                    ) from None
                self._sleep(min(0.5 * 2**attempt, _LONGEST_PAUSE))
                continue
            if answer.is_success:
                return answer
            if last or answer.status_code not in _TRY_AGAIN:
                refused = answer.status_code in (401, 403)
                hint = "Set SOURCES_API_KEY." if refused else "Look at url and model in the sources file."
                raise self._unavailable(f"{self._url} answered {answer.status_code}", hint)
            asked = answer.headers.get("retry-after", "")
            pause = float(asked) if asked.isascii() and asked.isdigit() else 0.5 * 2**attempt
            self._sleep(min(pause, _LONGEST_PAUSE))
        raise AssertionError("unreachable")

    def _unavailable(self, what: str, hint: str) -> SourceUnavailableError:
        return SourceUnavailableError(f"Source {self._name}: {what}.", hint)


def located(text: str, mentions: Sequence[tuple[str, str]]) -> tuple[Span, ...]:
    """The spans of quotes with their labels, in the order of the text; what it does not hold is left out.

    The first mention of a quote is its first occurrence as whole words, and so on; where the text has more of
    them, they get the label of the last mention.
    """
    labels: dict[str, list[str]] = {}
    for quote, label in mentions:
        if quote.strip():
            labels.setdefault(quote.strip(), []).append(label)
    found: list[Span] = []
    taken = Counter[str]()
    for quote in sorted(labels, key=len, reverse=True):
        begin = r"(?<!\w)" if quote[0].isalnum() else ""
        end = r"(?!\w)" if quote[-1].isalnum() else ""
        for match in regex.finditer(begin + regex.escape(quote) + end, text):
            inside = any(span.start < match.end() and match.start() < span.end for span in found)
            if not inside:
                said = labels[quote]
                found.append(Span(*match.span(), said[min(taken[quote], len(said) - 1)]))
                taken[quote] += 1
    return tuple(sorted(found))
