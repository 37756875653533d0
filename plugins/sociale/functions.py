"""Rules of the line Sociale."""

from __future__ import annotations

from ivr_engine import Request, Result

CHILD_BELOW = 3
ELDERLY_FROM = 65
HIGHER_LIMIT_FROM = 70


def card(request: Request) -> Result:
    """Which rules of the social card (Carta Acquisti) hold for the input `eta`, in years.

    Labels: child (below three: the parents get it), none (by age alone), elderly (from 65), higher_limit (from 70).
    Value `eta`.
    """
    age = int(request.inputs["eta"])
    if age < CHILD_BELOW:
        label = "child"
    elif age < ELDERLY_FROM:
        label = "none"
    elif age < HIGHER_LIMIT_FROM:
        label = "elderly"
    else:
        label = "higher_limit"
    return Result(label, {"eta": age}, {"carta_acquisti": label})
