"""Scripts that run inside VMs, packaged with the app. Imports no SDK."""

from importlib.resources import files


def registration_script() -> str:
    """The PowerShell text that `VirtualMachines.start_register` runs on a new session host."""
    return _text("register_session_host.ps1")


def preparation_script() -> str:
    """The PowerShell text that `ImageBuilder.start_prepare` runs on a clone of the template VM."""
    return _text("prepare_image.ps1")


def inspection_script() -> str:
    """The PowerShell text that `VirtualMachines.start_inspection` runs to learn how a VM is joined."""
    return _text("inspect_join.ps1")


def _text(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
