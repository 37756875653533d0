"""Field types that several kinds of step share."""

from typing import Annotated

from pydantic import Field

Tries = Annotated[int, Field(ge=1, le=10)]
"""Failures of one kind (noinput, nomatch) until the step leads on."""
Seconds = Annotated[float, Field(gt=0, le=60)]
"""A wait for a key."""
