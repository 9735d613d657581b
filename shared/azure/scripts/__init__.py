"""Scripts that run inside the machines, packaged with the app. Imports no SDK."""

from importlib.resources import files


def registration_script() -> str:
    """The PowerShell text that `Machines.start_register` runs on a new session host."""
    return (files(__package__) / "register_session_host.ps1").read_text(encoding="utf-8")
