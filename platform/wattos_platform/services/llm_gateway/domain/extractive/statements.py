"""What the extractive model says in its own words: only that it cannot answer, and why."""

from collections.abc import Sequence

_MOST_NAMED = 5


def no_source(language: str) -> str:
    """Return the statement for a question that came without passages."""
    if language == "de":
        return (
            "Dazu habe ich keine Quelle: Ich antworte nur mit Sätzen aus Dokumenten, "
            "und es wurde keines mitgegeben."
        )
    return "I have no source for this: I answer only with sentences from documents, and none was given."


def no_answer(language: str, passages: int, documents: Sequence[str]) -> str:
    """Return the statement for passages that do not answer the question; it names where was looked."""
    named = ", ".join(documents[:_MOST_NAMED])
    more = len(documents) - _MOST_NAMED
    if language == "de":
        rest = f" und {more} weiteren" if more > 0 else ""
        stellen = "Textstelle" if passages == 1 else "Textstellen"
        looked = f"{passages} {stellen} aus {named}{rest}"
        return f"Die Quellen enthalten darauf keine Antwort (durchsucht: {looked})."
    rest = f" and {more} more" if more > 0 else ""
    places = "passage" if passages == 1 else "passages"
    return f"The sources hold no answer to this question (searched: {passages} {places} of {named}{rest})."
