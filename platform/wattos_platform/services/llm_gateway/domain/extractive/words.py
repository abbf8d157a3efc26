"""Words of a text as comparable terms, for German and English alike."""

import re
from functools import lru_cache

_WORD = re.compile(r"\w+(?:[-_./:]\w+)*")
_PART = re.compile(r"[-_./:]")
_FOLD = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss", "é": "e", "è": "e", "á": "a"})

# Longest first; one list for both languages, because a question may mix them and a wrong stem that is
# wrong on both sides still matches.
_SUFFIXES = (
    "ungen", "ation", "ieren", "iert", "ung", "ing", "est", "ern", "em", "en", "er", "es", "ed", "ly",
    "e", "s", "n",
)  # fmt: skip
_MIN_STEM = 3


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENGLISH_STOP = _listed(
    """a about again all also am an and any are as at be because been before being both but by can could
    did do does doing done each else every for from get gets got had has have having he her here
    him his how i if in into is it its itself just me may mean means might more most much must my
    no nor not of off on one only or other our out over own per please really said same say says
    shall she should so some such than thank thanks that the their them then there these they this
    those through to too under until up upon us very was we were what when where whether which
    while who whom whose why will with without would you your tell explain describe give know want
    need happen happens hello hi hey kind exactly currently"""
)
GERMAN_STOP = _listed(
    """aber alle allem allen aller alles als also am an auch auf aus bei beim bin bis bist bitte da dabei
    damit danke dann das dass dein dem den denn der des dessen die dies diese diesem diesen dieser
    dieses doch dort du durch ein eine einem einen einer eines er es etwas euch für gegen genau
    gibt gib hab habe haben hallo hat hatte hier ich ihm ihn ihr ihre im in ins ist ja jede jedem
    jeden jeder jedes kann kein keine können könnte machen macht man mehr mein mich mir mit muss
    müssen nach nein nicht noch nun nur ob oder ohne sag sagen sehr sein seine sich sie sind so
    soll sollen sollte sonst um und uns unser unter vom von vor wann warum was wegen weil welche
    welchem welchen welcher welches wem wen wenn wer werde werden wie wieso will wir wird wo woher
    wohin womit worden wurde wurden zu zum zur zwischen über erkläre beschreibe bedeutet heißt"""
)
_STOP = ENGLISH_STOP | GERMAN_STOP


# Forms that no ending explains; the first word of each group stands for all.
_IRREGULAR = {
    form: group.split()[0]
    for group in (
        "leave left", "keep kept", "send sent", "make made", "write wrote written", "run ran",
        "begin began begun", "find found", "hold held", "tell told", "take took taken",
        "break broke broken", "choose chose chosen", "lose lost", "build built", "mean meant",
        "give gave given", "know knew known", "think thought", "buy bought", "pay paid",
        "read reads", "forget forgot forgotten", "try tries tried", "gehen ging gegangen",
        "halten hielt gehalten", "schreiben schrieb geschrieben", "laufen läuft lief gelaufen",
        "nehmen nimmt genommen", "lesen liest gelesen",
    )
    for form in group.split()
}  # fmt: skip


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """Return the comparable form of a lower-case word: folded umlauts, plain endings taken off.

    Endings go until none is left, so that a word and its form meet ("haus", "häuser").
    """
    word = _IRREGULAR.get(word, word).translate(_FOLD)
    if not word.isalpha() or len(word) <= _MIN_STEM:
        return word
    shorter = _without_ending(word)
    while shorter != word:
        word, shorter = shorter, _without_ending(shorter)
    if len(word) > _MIN_STEM and word[-1] == word[-2]:
        word = word[:-1]
    return word[:-1] + "i" if len(word) > _MIN_STEM and word[-1] == "y" else word


def _without_ending(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _MIN_STEM:
            return word[: -len(suffix)]
    return word


WEAK_TERMS = frozenset(
    stem(word)
    for word in _listed(
        """use used using work works long often big large small way possible time times number
        maximum minimum required need add create make find show change run needed many lang lange
        oft viel viele groß klein hoch möglich nutzen benutzt benutzen verwenden verwendet dauert
        zeit anzahl"""
    )
)


def terms(text: str) -> list[str]:
    """Return the stems of all words in `text`, in order; `x-request-id` gives itself and its parts."""
    found: list[str] = []
    for match in _WORD.finditer(text.lower()):
        word = match.group()
        found.append(stem(word))
        parts = _PART.split(word)
        if len(parts) > 1:
            found.extend(stem(part) for part in parts if part)
    return found


def content_terms(text: str) -> list[str]:
    """Return the stems of the words that carry meaning, each once, in order of appearance."""
    found: dict[str, None] = {}
    for match in _WORD.finditer(text.lower()):
        word = match.group()
        if word in _STOP:
            continue
        parts = [part for part in _PART.split(word) if part and part not in _STOP]
        for piece in parts if len(parts) > 1 else [word]:
            if len(piece) > 1 or piece.isdigit():
                found.setdefault(stem(piece))
    return list(found)


def language_of(text: str) -> str:
    """Return "de" or "en", whichever language's function words are more frequent; "en" for neither."""
    words = [match.group() for match in _WORD.finditer(text.lower())]
    german = sum(word in GERMAN_STOP and word not in ENGLISH_STOP for word in words)
    english = sum(word in ENGLISH_STOP and word not in GERMAN_STOP for word in words)
    if german == english:
        return "de" if re.search(r"[äöüß]", text.lower()) else "en"
    return "de" if german > english else "en"
