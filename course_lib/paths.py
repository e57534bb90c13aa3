"""Where the course's own files lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
CONFIGS = ROOT / "configs"
NOTEBOOKS = ROOT / "notebooks"
