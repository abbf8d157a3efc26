"""How well each unit of the passages answers a question: weighted term coverage, then meaning where known."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wattos_platform.contracts.chat import Passage
from wattos_platform.services.llm_gateway.domain.extractive.units import Unit, split
from wattos_platform.services.llm_gateway.domain.extractive.words import WEAK_TERMS, content_terms, terms

_CONTEXT_CREDIT = 0.65  # a term that stands only in the heading, the lead-in or the table's header
_PASSAGE_CREDIT = 0.2  # a term that stands elsewhere in the passage
_PREFIX_CREDIT = 0.7  # "config" for "configuration"
_INFIX_CREDIT = 0.5  # "datenbank" in "datenbankverbindung"
_WEAK_CREDIT = 0.35  # words that say what kind of answer is wanted rather than about what
_EARLIER_CREDIT = 0.3
_FEW_TERMS = 2
_SHORTEST_PARTIAL = 4
_PASSAGE_DECAY = 0.03  # passages come ranked; a later one must be better by this much per rank
_FORM_PENALTY = {"code": 0.06, "field": 0.1}
_CHARACTERS_READ = 100_000  # all passages together; bounds the time one question can take


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit of a passage with its scores in [0, 1]; `similarity` is None where no vectors are at hand."""

    passage: int
    unit: Unit
    coverage: float
    own_coverage: float
    similarity: float | None = None
    rank_penalty: float = 0.0

    @property
    def penalty(self) -> float:
        """Return what is taken off its score: a late passage, and forms that answer less well than prose."""
        return self.rank_penalty + _FORM_PENALTY.get(self.unit.kind, 0.0)

    @property
    def meaning_text(self) -> str:
        """Return the text whose meaning is compared: the unit under its nearest context."""
        return " ".join((*self.unit.context[-2:], self.unit.header, self.unit.text)).strip()


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was read for one question; `absent` is the share of the question found in no passage."""

    candidates: list[Candidate]
    absent: float


@dataclass(frozen=True, slots=True)
class TermWeights:
    """The question's terms with their weights (idf over the units and passages at hand)."""

    weights: Mapping[str, float]

    @property
    def total(self) -> float:
        """Return the sum of all weights."""
        return sum(self.weights.values())

    def absent(self, texts: Iterable[set[str]]) -> float:
        """Return the share of the question's weight whose terms stand in none of `texts`, in [0, 1]."""
        everything = set().union(*texts)
        missing = sum(weight for term, weight in self.weights.items() if not _match(term, everything))
        return missing / self.total if self.weights else 1.0


def read(question: str, passages: Sequence[Passage], earlier: str = "") -> Reading:
    """Return every unit of `passages` with its term coverage of `question`, in reading order.

    A unit that only repeats the question (an example of how to ask it) says nothing and is left out.
    `earlier` is the question asked before; its terms count little, and only where the question itself says
    hardly anything ("and how do I stop it?").
    """
    units: list[tuple[int, Unit]] = []
    budget = _CHARACTERS_READ
    for number, passage in enumerate(passages):
        text = passage.text[:budget]
        budget -= len(text)
        units.extend((number, unit) for unit in split(text) if not _echoes(question, unit))
        if budget <= 0:
            break
    texts = [(set(terms(u.text)), set(terms(" ".join((*u.context, u.header))))) for _, u in units]
    around: dict[int, set[str]] = {}
    for (number, _), (own, context) in zip(units, texts, strict=True):
        around.setdefault(number, set(terms(passages[number].document))).update(own, context)
    weighing = weigh(question, [own for own, _ in texts], earlier)
    found = []
    for (number, unit), (own, context) in zip(units, texts, strict=True):
        own_coverage = _coverage(weighing, own)
        coverage = _coverage(weighing, own, (context, _CONTEXT_CREDIT), (around[number], _PASSAGE_CREDIT))
        found.append(Candidate(number, unit, coverage, own_coverage, rank_penalty=_PASSAGE_DECAY * number))
    return Reading(found, weighing.absent(around.values()))


def _echoes(question: str, unit: Unit) -> bool:
    """Return whether the unit is the question, or code in which it is asked."""
    asked = " ".join(question.casefold().split())
    text = " ".join(unit.text.casefold().split())
    if unit.kind == "code":
        return asked.endswith("?") and asked in text
    return asked in text and not any(character.isalnum() for character in text.replace(asked, ""))


def weigh(question: str, texts: Sequence[set[str]], earlier: str = "") -> TermWeights:
    """Return the weight of each content term of `question`: rare among `texts` is heavy, absent heaviest."""
    counts = Counter(term for text in texts for term in text)
    n = max(len(texts), 1)

    def idf(term: str) -> float:
        # The square root keeps one absent verb from outweighing all the nouns that are there.
        return math.sqrt(math.log(1 + (n - counts[term] + 0.5) / (counts[term] + 0.5)))

    wanted = content_terms(question)
    weights = {term: idf(term) * (_WEAK_CREDIT if term in WEAK_TERMS else 1.0) for term in wanted}
    if len(wanted) < _FEW_TERMS:
        for term in content_terms(earlier):
            weights.setdefault(term, _EARLIER_CREDIT * idf(term))
    return TermWeights(weights)


def _coverage(weighing: TermWeights, own: set[str], *others: tuple[set[str], float]) -> float:
    if not weighing.weights:
        return 0.0
    reached = 0.0
    for term, weight in weighing.weights.items():
        credit = _match(term, own)
        for text, worth in others:
            if credit < worth:
                credit = max(credit, worth * _match(term, text))
        reached += weight * credit
    return reached / weighing.total


def _match(term: str, text: set[str]) -> float:
    if term in text:
        return 1.0
    if len(term) < _SHORTEST_PARTIAL or not term.isalpha():
        return 0.0
    best = 0.0
    for word in text:
        if len(word) < _SHORTEST_PARTIAL or not word.isalpha():
            continue
        if word.startswith(term) or term.startswith(word):
            return _PREFIX_CREDIT
        if len(min(word, term, key=len)) > _SHORTEST_PARTIAL and (term in word or word in term):
            best = _INFIX_CREDIT
    return best
