"""`python -m freshcoat_cli`."""

from __future__ import annotations

from freshcoat_cli.main import run

if __name__ == "__main__":
    run()
