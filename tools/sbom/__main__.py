"""Writes sbom.json and docs/licences.md; with `--check`, fails when the page is not that of the locks.

Both are the same for the same locks: there is no moment in them, and the serial number is made from the content.
sbom.json goes with a release, not into the repository: it repeats every hash of the locks.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from license_expression import ExpressionError, Licensing

from shared.core.names import RELEASE
from tools.sbom.parts import Part, parts

ROOT = Path(__file__).parents[2]
SBOM, PAGE = "sbom.json", "docs/licences.md"

ALLOWED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "PSF-2.0",
        "Unlicense",
        "Zlib",
    }
)
"""Licences that ask for nothing but their text, or for changes to their own files only."""
_LICENSING: Any = Licensing()  # type: ignore[no-untyped-call]
_HEAD = """# Licences of what is deployed

For people who must know what they run. `make sbom` writes this page, and besides it `sbom.json`, a bill of materials
in CycloneDX 1.6 with every hash. Both come from `requirements.txt` and `console/package-lock.json`, as they apply on
Linux x86-64 and Python 3.13; packages that only build or test are left out. `make lint` fails when this page differs
from the locks, and for a licence that nobody has looked at (`ALLOWED` in `tools/sbom/__main__.py`). `make audit` looks
the Python packages up in a database of known vulnerabilities.
"""


def bill(found: Sequence[Part]) -> dict[str, Any]:
    """The bill of materials. https://cyclonedx.org/docs/1.6/json/"""
    components = [_component(part) for part in found]
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(components, sort_keys=True))
    whole = {"type": "application", "bom-ref": "freshcoat", "name": "freshcoat", "version": RELEASE}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": whole},
        "components": components,
        "dependencies": [{"ref": "freshcoat", "dependsOn": [part.purl for part in found]}],
    }


def _component(part: Part) -> dict[str, Any]:
    files = {
        "type": "distribution",
        "url": part.purl,
        "hashes": [{"alg": part.algorithm, "content": one} for one in part.hashes],
    }
    single = " " not in part.licence
    licence = {"license": {"id": part.licence}} if single else {"expression": part.licence}
    return {
        "type": "library",
        "bom-ref": part.purl,
        "name": part.name,
        "version": part.version,
        "licenses": [licence],
        "purl": part.purl,
        "externalReferences": [files],
    }


def page(found: Sequence[Part]) -> str:
    """The licences as a page, one table for each kind of package."""
    lines = [_HEAD]
    for kind, title in (("pypi", "Python"), ("npm", "Console")):
        lines += [f"## {title}", "", "| package | version | licence |", "|---|---|---|"]
        lines += [f"| `{part.name}` | {part.version} | {part.licence} |" for part in found if part.kind == kind]
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def strange(found: Sequence[Part]) -> list[Part]:
    """Those under a licence that nobody has looked at. Of a choice, one that is allowed is enough."""
    return [part for part in found if not _is_allowed(part.licence)]


def _is_allowed(text: str) -> bool:
    try:
        return _holds(_LICENSING.parse(text))
    except ExpressionError:
        return False


def _holds(expression: Any) -> bool:
    """Whether an SPDX expression can be kept with allowed licences only."""
    if isinstance(expression, _LICENSING.OR):
        return any(_holds(one) for one in expression.args)
    if isinstance(expression, _LICENSING.AND):
        return all(_holds(one) for one in expression.args)
    return str(expression) in ALLOWED


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Write both files, or with `--check` only compare the page."""
    found = parts(root)
    for part in strange(found):
        print(
            f"sbom: {part.name} {part.version}: the licence {part.licence} is not in ALLOWED of tools/sbom/__main__.py"
        )
    unknown = bool(strange(found))
    if "--check" in arguments:
        if (root / PAGE).read_text(encoding="utf-8") == page(found):
            return 1 if unknown else 0
        print(f"sbom: {PAGE} is not that of the locks: run make sbom")
        return 1
    (root / SBOM).write_text(json.dumps(bill(found), indent=1) + "\n", encoding="utf-8")
    (root / PAGE).write_text(page(found), encoding="utf-8")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
