"""Where a real Asterisk is on this machine: in a folder of its own (install.sh builds one) or the machine's own."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
BUILT = PROJECT / "build" / "asterisk-root"
OLDEST = 20


@dataclass(frozen=True, slots=True)
class Root:
    """A file system with an Asterisk in it; `folder` is / when it is the machine's own."""

    folder: Path

    @property
    def own_machine(self) -> bool:
        """No change of root is needed."""
        return self.folder == Path("/")

    def argv(self, *command: str) -> list[str]:
        """The command line that runs `command` in there."""
        return list(command) if self.own_machine else ["chroot", str(self.folder), *command]

    def inside(self, path: Path) -> str:
        """How a path of this machine is called in there."""
        return "/" + str(path.relative_to(self.folder))

    def outside(self, path: str) -> Path:
        """How a path in there is called on this machine."""
        return self.folder / path.lstrip("/")

    @property
    def modules(self) -> str:
        """Asterisk's folder of modules, as called in there."""
        for lib in (f"usr/lib/{platform.machine()}-linux-gnu", "usr/lib", "usr/lib64"):
            if (self.folder / lib / "asterisk/modules").is_dir():
                return f"/{lib}/asterisk/modules"
        return "/usr/lib/asterisk/modules"

    @property
    def data(self) -> Path:
        """Asterisk's shipped data: sounds, documentation."""
        places = [self.folder / place for place in ("usr/share/asterisk", "var/lib/asterisk")]
        return next((place for place in places if (place / "sounds").is_dir()), places[0])


def find_root() -> Root | None:
    """The Asterisk to test against, or None. IVR_ASTERISK_ROOT comes first, then the built one, then the machine's own."""
    named = os.environ.get("IVR_ASTERISK_ROOT")
    for folder in [Path(named)] if named else [BUILT, Path("/")]:
        if _version(folder) >= OLDEST and (folder == Path("/") or os.geteuid() == 0):
            return Root(folder)
    return None


def missing() -> str:
    """One sentence: what is missing and how to get it; empty when nothing is."""
    root = find_root()
    if root is None:
        how = "run tests/asterisk/install.sh as root, or name a folder that holds one in IVR_ASTERISK_ROOT"
        return f"no Asterisk {OLDEST} or newer is at hand: {how}"
    if shutil.which("sipp") is None:
        return "sipp is missing: install the package sip-tester"
    return ""


def _version(folder: Path) -> int:
    """Major version of the Asterisk in that folder; 0 when there is none."""
    binary = next((place for place in ("usr/sbin/asterisk", "usr/local/sbin/asterisk") if (folder / place).exists()), None)
    if binary is None:
        return 0
    try:
        run = subprocess.run(Root(folder).argv(f"/{binary}", "-V"), capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r"Asterisk (?:certified/)?(\d+)", run.stdout)
    return int(found[1]) if found else 0
