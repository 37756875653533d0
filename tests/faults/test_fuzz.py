"""Any bytes at all on every parser: the kept corpus, its mutations, and what hypothesis thinks of. Longer: fuzz.py."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .targets import CORPUS, TARGETS

SOME = {"tree": 25}  # examples; of the others
MORE = 300


@pytest.mark.parametrize("name", TARGETS)
def test_kept_inputs_do_no_harm_nor_do_their_neighbours(name: str) -> None:
    target, files = TARGETS[name], sorted((CORPUS / name).iterdir())
    for file in files:
        data, chance = file.read_bytes(), random.Random(file.name)
        neighbours = [mutant(data, chance) for _ in range(1 + SOME.get(name, MORE) // len(files))]
        for one in (data, *neighbours):
            try:
                target(one)
            except Exception as error:
                error.add_note(f"{file.name}: {one!r}")
                raise


def mutant(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(3):
            case 0:
                changed[at:at] = chance.choice((b"\n", b"\n\n", b"\xff", b"\0", b'"', b"(", b"|", b"HANGUP\n", b"-1", b"520-"))
            case 1:
                del changed[at : at + chance.randint(1, 8)]
            case 2:
                changed[at : at + 1] = bytes([chance.randrange(256)])
    return bytes(changed)


@pytest.mark.parametrize("name", TARGETS)
def test_no_bytes_do_any_harm(name: str) -> None:
    @settings(max_examples=SOME.get(name, MORE), deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=400))
    def anything(data: bytes) -> None:
        TARGETS[name](data)

    anything()
