"""Ids of the simulated resources. They are stable, so that tests and the demo can use them as constants."""

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
FORBIDDEN_SUBSCRIPTION = "00000000-0000-4000-8000-000000000002"
TENANT = "00000000-0000-4000-8000-0000000000aa"
GROUP = "rg-desktops"
REGION = "westeurope"
DOMAIN = "contoso.local"

SUB_ID = f"/subscriptions/{SUBSCRIPTION}"
GROUP_ID = f"{SUB_ID}/resourceGroups/{GROUP}"
COMPUTE = f"{GROUP_ID}/providers/Microsoft.Compute"
AVD = f"{GROUP_ID}/providers/Microsoft.DesktopVirtualization"
NETWORK = f"{GROUP_ID}/providers/Microsoft.Network"

GALLERY_ID = f"{COMPUTE}/galleries/gal"
DEFINITION = "win11-office"
DEFINITION_ID = f"{GALLERY_ID}/images/{DEFINITION}"
VNET_ID = f"{NETWORK}/virtualNetworks/vnet-desktops"
SUBNET_ID = f"{VNET_ID}/subnets/desktops"
OFFICE_POOL_ID = f"{AVD}/hostPools/hp-office"
PERSONAL_POOL_ID = f"{AVD}/hostPools/hp-personal"
TEMPLATE_VM_ID = f"{COMPUTE}/virtualMachines/win11-office-template"


def definition_id(name: str) -> str:
    return f"{GALLERY_ID}/images/{name}"


def version_id(version: str, definition: str = DEFINITION_ID) -> str:
    return f"{definition}/versions/{version}"


def vm_id(name: str, group: str = GROUP) -> str:
    return f"{group_id(group)}/providers/Microsoft.Compute/virtualMachines/{name}"


def disk_id(name: str, group: str = GROUP) -> str:
    return f"{group_id(group)}/providers/Microsoft.Compute/disks/{name}"


def nic_id(name: str, group: str = GROUP) -> str:
    return f"{group_id(group)}/providers/Microsoft.Network/networkInterfaces/{name}"


def group_id(group: str) -> str:
    return f"{SUB_ID}/resourceGroups/{group}"


def host_pool_id(name: str, group: str = GROUP) -> str:
    return f"{group_id(group)}/providers/Microsoft.DesktopVirtualization/hostPools/{name}"


def last(resource_id: str) -> str:
    return resource_id.rstrip("/").rsplit("/", 1)[-1]


def group_of(resource_id: str) -> str:
    parts = resource_id.split("/")
    return parts[4] if len(parts) > 4 else ""
