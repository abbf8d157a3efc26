"""What users write: questions that differ, as long as people's are.

Lengths are lognormal, which is the shape of prompts in the traces of public chat services: most are a line,
some a page. The median of 25 words and the spread give a mean of about 70, as in LMSYS-Chat-1M (Zheng et al.,
2023, arXiv:2309.11998: 69.5 tokens a prompt). The same dice write the same questions.
"""

import math
from random import Random

MEDIAN_WORDS = 25.0
SIGMA = 1.43
_MU = math.log(MEDIAN_WORDS)
FEWEST_WORDS, MOST_WORDS = 4, 1000
_FEWEST_AROUND = 4
"""So many words make a question another one."""
PASSAGE = (
    "The night bus N7 leaves the central station at 23:40 and at 00:40. A ticket costs 3.20 euros. "
    "Bicycles are carried free of charge after 20:00."
)
QUESTIONS = (
    "What does a ticket of the night bus cost?",
    "When does the night bus leave the central station?",
    "Are bicycles carried free of charge after 20:00?",
)
_WORDS = """
    we travel with two children and luggage from the airport on a weekend in winter and would like to know
    before we book whether the last connection waits for late trains because our flight lands shortly before
    midnight and the hotel near the harbour asked us for an arrival time please answer briefly and name the
    line the stop and the price for each person thank you very much for your help
""".split()  # noqa: SIM905 - a hundred quotation marks are not easier to read


def length(rng: Random, most: int = MOST_WORDS) -> int:
    """Return how many words the next prompt has."""
    return min(max(round(rng.lognormvariate(_MU, SIGMA)), FEWEST_WORDS), most)


def question(rng: Random, most: int = MOST_WORDS) -> str:
    """Return the next prompt: a question that `PASSAGE` answers, behind what people write around it."""
    asked = rng.choice(QUESTIONS)
    around = rng.choices(_WORDS, k=max(length(rng, most) - len(asked.split()), _FEWEST_AROUND))
    return f"{' '.join(around)}. {asked}"
