"""Numbers as the Ministry prints them: half up, a decimal comma, no thousands mark, the percent sign glued on."""

from __future__ import annotations

from fractions import Fraction

NONE = "-"
"""What stands where nothing can be divided by."""


def half_up(value: Fraction, decimals: int) -> str:
    """An exact number rounded half up: 2.1378 → "2,14"."""
    scaled = abs(value) * 10**decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    sign = "-" if value < 0 and whole else ""
    digits = str(whole).rjust(decimals + 1, "0")
    return sign + (f"{digits[:-decimals]},{digits[-decimals:]}" if decimals else digits)


def share(part: int, whole: int) -> Fraction | None:
    """A share in percent, exact; None of nothing."""
    return Fraction(100 * part, whole) if whole else None


def percent(value: Fraction | None, decimals: int) -> str:
    """`percent(share(562, 26289), 2)` is "2,14%"."""
    return NONE if value is None else f"{half_up(value, decimals)}%"
