"""The package for Azure: its size, and what its compiled modules save at a cold start."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.rows import Part, Row
from tools import package

TIMES = 5
SIZE, IMPORT = 60.0, 1.0
_SCRIPT = """
import time
began = time.process_time()
import function_app
print(time.process_time() - began)
"""


def run() -> list[Row]:
    """Make the package, and import the app from it in new processes that find no other package."""
    part = Part("package")
    with tempfile.TemporaryDirectory() as place:
        began = time.perf_counter()
        made = package.make(out=Path(place))
        part.shown("making it", time.perf_counter() - began, "s")
        part.at_most("size of the zip file", made.zip.stat().st_size / 1e6, "MB", SIZE)
        part.shown("files", made.files, "files")
        part.at_most("import of function_app", _import(made.folder), "s of a core", IMPORT)
        for compiled in made.folder.rglob("__pycache__"):
            shutil.rmtree(compiled)
        part.shown("the same without compiled modules", _import(made.folder), "s of a core")
    return part.rows


def _import(folder: Path) -> float:
    """The processor time in seconds of importing the app: the median of several new processes."""
    command = package.alone(folder, _SCRIPT)
    taken = [
        subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout  # noqa: S603
        for _ in range(TIMES)
    ]
    return median(map(float, taken))
