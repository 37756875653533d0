"""Packaging of the engine and of the lines it ships."""

from pathlib import Path

from setuptools import find_packages, setup

LINES = ("centralino", "lavoro", "sociale", "comunicazioni_obbligatorie", "tfr_cliclavoro")
PARTS = ("enti", "ministero")

setup(
    name="ivr-engine",
    version="0.1.0",
    description="Plugin-based telephony and IVR engine for public contact centres, on Asterisk FastAGI",
    long_description=Path("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    python_requires=">=3.11",
    # The lines live in plugins/ and are imported as ivr_plugins.*: the bare name "plugins" never reaches site-packages.
    packages=[
        *find_packages(include=["ivr_engine", "ivr_engine.*"]),
        "ivr_plugins",
        *(f"ivr_plugins.{name}" for name in LINES + PARTS),
    ],
    package_dir={"ivr_plugins": "plugins"},
    package_data={
        "ivr_engine": ["py.typed", "**/*.yaml", "testing/new_line/**/*", "console/templates/**/*", "console/static/**/*"],
        **{f"ivr_plugins.{name}": ["*.yaml", "calls/*.yaml"] for name in LINES + PARTS},
    },
    install_requires=[
        "argon2-cffi>=23.1",
        "click>=8.1",
        "fpdf2>=2.8",
        "holidays>=0.100",
        "jinja2>=3.1.4",
        "klein>=24.8",
        "msgspec>=0.19",
        "num2words>=0.5.14",
        "phonenumbers>=8.13",
        "pluggy>=1.5",
        "prometheus-client>=0.22",
        "pydantic>=2.7",
        "pyst2>=0.5.1",
        "python-dateutil>=2.9",
        "python-stdnum>=1.20",
        "pyttsx3>=2.98",
        "pyyaml>=6.0",
        "rapidfuzz>=3.9",
        "numpy>=1.26",
        "openpyxl>=3.1",
        "simpy>=4.1",
        "snowballstemmer>=2.2",
        "soundfile>=0.13",
        "soxr>=0.5",
        "sqlite-utils>=4.0",
        "structlog>=24.1",
        "tabulate>=0.9",
        "text2num>=3.0",
        "twisted[websocket]>=25.5",
        "tzdata>=2024.1",
        "werkzeug>=3.0",
    ],
    extras_require={
        "speech": ["vosk>=0.3.45", "webrtcvad-wheels>=2.0.14"],
        "whisper": ["faster-whisper>=1.1", "webrtcvad-wheels>=2.0.14"],
        "kokoro": ["onnxruntime>=1.17"],
        "piper": ["piper-tts>=1.3"],
        "draw": ["pygraphviz>=2.0"],
        "fuzz": ["atheris>=3.0"],
        "dev": [
            "axe-playwright-python>=0.1.4",
            "hypothesis>=6.100",
            "faster-whisper>=1.1",
            "import-linter>=2.0",
            "mypy>=1.10",
            "onnxruntime>=1.17",
            "playwright>=1.45",
            "pygraphviz>=2.0",
            "pytest>=8.2",
            "pytest-xdist>=3.6",
            "pytest-timeout>=2.3",
            "ruff>=0.6",
            "types-PyYAML",
            "types-tabulate",
            "types-python-dateutil",
            "vosk>=0.3.45",
            "webrtcvad-wheels>=2.0.14",
        ],
    },
    entry_points={
        "console_scripts": ["ivr = ivr_engine.cli.main:main"],
        "ivr_engine.lines": [f"{line} = ivr_plugins.{line}" for line in LINES],
        "ivr_engine.parts": [f"{part} = ivr_plugins.{part}" for part in PARTS],
    },
)
