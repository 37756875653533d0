"""Rules of the line Sociale."""

from __future__ import annotations

from pathlib import Path

import yaml

from ivr_engine import Request, Result

CHILD_BELOW = 3
ELDERLY_FROM = 65
HIGHER_LIMIT_FROM = 70
TRAINING_AGES = range(18, 60)

_LIMITS: dict[int, dict[str, str]] = yaml.safe_load(Path(__file__).with_name("limits.yaml").read_text(encoding="utf-8"))


def card(request: Request) -> Result:
    """Which rules of the social card (Carta Acquisti) hold for the input `eta`, in years, in the year of the call.

    Labels: child (below three: the parents get it), none (by age alone), elderly (from 65), higher_limit (from 70), and
    unknown_limit when the year's limits are not known. Values `eta`; `isee` and `reddito`, amounts in euro.
    """
    age = int(request.inputs["eta"])
    limits = _LIMITS.get(request.today.year)
    if CHILD_BELOW <= age < ELDERLY_FROM:
        label = "none"
    elif limits is None:
        label = "unknown_limit"
    elif age < CHILD_BELOW:
        label = "child"
    else:
        label = "higher_limit" if age >= HIGHER_LIMIT_FROM else "elderly"
    return Result(label, {"eta": age, **(limits or {})}, {"carta_acquisti": label})


def training(request: Request) -> Result:
    """Whether the input `eta` is an age for the Support for training and work. Labels: within, outside. Value `eta`."""
    age = int(request.inputs["eta"])
    return Result("within" if age in TRAINING_AGES else "outside", {"eta": age})
