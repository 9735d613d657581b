"""Query parameters read as .NET reads them: a value that makes no sense counts as absent."""

from datetime import UTC, datetime

from starlette.requests import Request


def flag(request: Request, name: str, *, default: bool = False) -> bool:
    """``true`` or ``false`` in any case, else the default."""
    text = request.query_params.get(name, "").lower()
    return text == "true" if text in {"true", "false"} else default


def number(request: Request, name: str, default: int) -> int:
    """A whole number, else the default."""
    text = request.query_params.get(name, "")
    return int(text) if text.isdecimal() else default


def moment(request: Request, name: str) -> datetime | None:
    """An ISO time, UTC when it names no zone, else None."""
    try:
        value = datetime.fromisoformat(request.query_params.get(name, ""))
    except ValueError:
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)
