"""Any bytes at all on every parser: the kept corpus, its mutations, and what hypothesis thinks of. Longer: fuzz.py."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .targets import CORPUS, TARGETS

if TYPE_CHECKING:
    from pathlib import Path

SOME = {"tree": 25}  # examples; of the others
MORE = 300


def kept() -> list[Path]:
    return sorted(path for path in CORPUS.rglob("*") if path.is_file())


@pytest.mark.parametrize("file", kept(), ids=lambda file: f"{file.parent.name}-{file.name}")
def test_every_kept_input_does_no_harm_nor_do_its_neighbours(file: Path) -> None:
    target, data, chance = TARGETS[file.parent.name], file.read_bytes(), random.Random(file.name)
    target(data)
    for _ in range(SOME.get(file.parent.name, MORE) // 5):
        mutant = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(mutant) + 1)
            match chance.randrange(3):
                case 0:
                    mutant[at:at] = chance.choice((b"\n", b"\n\n", b"\xff", b"\0", b'"', b"(", b"|", b"HANGUP\n", b"-1", b"520-"))
                case 1:
                    del mutant[at : at + chance.randint(1, 8)]
                case 2:
                    mutant[at : at + 1] = bytes([chance.randrange(256)])
        target(bytes(mutant))


@pytest.mark.parametrize("name", TARGETS)
def test_no_bytes_do_any_harm(name: str) -> None:
    @settings(max_examples=SOME.get(name, MORE), deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=400))
    def anything(data: bytes) -> None:
        TARGETS[name](data)

    anything()
