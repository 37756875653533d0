"""Where benchmarks keep their figures: `benchmarks/results/<date>.json`, an entry a benchmark, with its machine."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("results")


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    processor = [line.partition(":")[2].strip() for line in _read("/proc/cpuinfo").splitlines() if line.startswith("model name")]
    memory = [line.split()[1] for line in _read("/proc/meminfo").splitlines() if line.startswith("MemTotal")]
    return {
        "processor": processor[0] if processor else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory[0]) / 2**20, 1) if memory else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "twisted": version("twisted"),
        "load_before": os.getloadavg()[0],
    }


def keep(benchmark: str, figures: Any) -> Path:
    """Write a benchmark's figures into today's file, in place of earlier ones of the day; the file. Fractions to four digits."""
    FOLDER.mkdir(exist_ok=True)
    file = FOLDER / f"{datetime.now(UTC):%Y-%m-%d}.json"
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    rounded = json.loads(json.dumps(figures), parse_float=lambda figure: float(f"{float(figure):.4g}"))
    kept[benchmark] = {"machine": machine(), "figures": rounded}
    file.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return file


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""
