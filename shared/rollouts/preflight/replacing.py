"""Checks of VMs that may be replaced: whether they fit the image, and what a replacement loses. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shared.core.codes import Code
from shared.core.errors import AzureError
from shared.core.names import JOIN_EXTENSION_DOMAIN, JOIN_EXTENSION_ENTRA, RESTORED_EXTENSIONS
from shared.core.wording import counted, names_text
from shared.models.azure import VirtualMachine
from shared.models.findings import Finding
from shared.models.images import Definition
from shared.models.messages import Message, message
from shared.models.policy import Strategy
from shared.rollouts.preflight.facts import Facts
from shared.rollouts.preflight.results import failed, passed, warned

_TRUSTED = frozenset({"trustedlaunch", "trustedlaunchsupported", "trustedlaunchandconfidentialvmsupported"})
_CONFIDENTIAL = frozenset({"confidentialvm", "confidentialvmsupported", "trustedlaunchandconfidentialvmsupported"})
_SENT_ANEW = frozenset({JOIN_EXTENSION_DOMAIN, JOIN_EXTENSION_ENTRA})


def definition(facts: Facts) -> Iterator[Finding]:
    """The image definition offers what each VM has: its security type, and the storage type of its OS disk.

    A VM of an image's own definition fits; one of another definition may not (azure-facts 11.9).
    """
    read = facts.definition
    if read is None:
        return
    if isinstance(read, AzureError):
        what_to_do = "give the app's identity Microsoft.Compute/galleries/images/read"
        yield warned("definition", f"the image definition could not be read: {read}", what_to_do)
        return
    changing = facts.strategies.changing
    security = [machine for machine in changing if not _offers(read, machine.security_type)]
    disks = sorted({machine.os_disk_type for machine in changing} & set(read.disallowed_disk_types))
    if security:
        has = names_text(sorted({machine.security_type or "Standard" for machine in security}))
        yield failed(
            "definition",
            f"{counted(len(security), 'host')} of security type {has} cannot be created from this image definition, "
            f"which offers {read.security_type or 'Standard'} (generation {read.generation})",
            "use an image definition with the hosts' security type",
        )
    if disks:
        having = counted(sum(machine.os_disk_type in disks for machine in changing), "host")
        yield failed(
            "definition",
            f"the image definition does not allow OS disks of type {names_text(disks)}, which {having} would get",
            "change the disk type of the hosts, or allow it in the image definition",
        )
    if not (security or disks):
        yield passed("definition", "replaced hosts fit the image definition")


def _offers(definition: Definition, security_type: str) -> bool:
    """Whether a VM of this security type can be created from the definition."""
    offered = definition.security_type.lower()
    match security_type:
        case "TrustedLaunch":
            return offered in _TRUSTED and definition.generation == "V2"
        case "ConfidentialVM":
            return offered in _CONFIDENTIAL and definition.generation == "V2"
        case _:
            return offered not in {"trustedlaunch", "confidentialvm"}


def disk(facts: Facts) -> Iterator[Finding]:
    """The OS disks of replaced VMs are as large as the image's. A smaller one is raised, because Azure refuses it."""
    size = facts.version.os_disk_gb if facts.version else None
    small = [vm for vm in facts.strategies.replaced if vm.os_disk_gb is not None and vm.os_disk_gb < (size or 0)]
    if small:
        yield warned(
            "disk",
            f"the OS disk of {counted(len(small), 'host')} is smaller than the image's, which has {size} GB",
            "nothing to do; replaced hosts get a disk of that size, which may cost more",
        )


def losses(facts: Facts) -> Iterator[Finding]:
    """Replacing keeps everything of a VM. Extensions with protected settings, and the identity's roles, are lost."""
    lost = [vm for vm in facts.strategies.replaced if any(_is_loss(one) for one in losses_of(vm))]
    if not lost:
        return
    auto = facts.request.policy.strategy is Strategy.AUTO
    yield warned(
        "replace",
        f"{counted(len(lost), 'host')} lose extensions or the roles of their identity when they are replaced; "
        "the plan names them per host",
        "restore them afterwards; hosts of this image's own definition keep them under strategy reimage"
        if auto
        else "use strategy reimage, which keeps the VM",
    )


def losses_by_host(facts: Facts) -> Mapping[str, list[Message]]:
    """What each host to be replaced loses, by lower-case name."""
    replaced = {machine.id.lower() for machine in facts.strategies.replaced}
    return {
        host.broker.name.lower(): losses_of(host.vm)
        for host in facts.hosts
        if host.vm and host.vm.id.lower() in replaced
    }


def losses_of(machine: VirtualMachine) -> list[Message]:
    """What a VM loses when it is replaced, and which extensions are installed again. Lists of VMs name extensions only;
    the name of an extension is usually its type."""
    found: list[Message] = []
    others = [name for name in machine.extensions if name not in _SENT_ANEW]
    lost = [name for name in others if name not in RESTORED_EXTENSIONS]
    back = [name for name in others if name in RESTORED_EXTENSIONS]
    if lost:
        text = f"loses the extension{'s' if len(lost) > 1 else ''} {names_text(lost)}"
        found.append(message(Code.LOSES_EXTENSIONS, text, count=len(lost)))
    if back:
        text = f"its extension {back[0]} is" if len(back) == 1 else f"its extensions {names_text(back)} are"
        found.append(message(Code.RESTORES_EXTENSIONS, f"{text} installed again", count=len(back)))
    if machine.system_identity:
        text = "gets a new system-assigned identity; roles given to the old one are lost"
        found.append(message(Code.LOSES_IDENTITY, text))
    return found


def _is_loss(loss: Message) -> bool:
    return loss.code != Code.RESTORES_EXTENSIONS
