"""The command of `freshcoat` for each call of the HTTP API. Calls without one are for programs, or made in the console.

Names, versions and ids are those of the contract's examples.
"""

from __future__ import annotations

_ROLLOUT = "8204680874794-4bd9"
_TASK = "8204680874795-4bd9"
_PROMOTION = "8204680874796-4bd9"
_GROUP = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg-desktops/providers"
_SOMEBODY = "11111111-1111-4111-8111-111111111111.22222222-2222-4222-8222-222222222222"

COMMANDS: dict[str, str] = {
    "get_grants": "freshcoat access grants",
    "put_grant": f"freshcoat access grants give {_SOMEBODY} --account contoso --name Ann",
    "delete_grant": f"freshcoat access grants take {_SOMEBODY}",
    "get_keys": "freshcoat access keys",
    "post_key": "freshcoat access keys new pipeline --role operator --account contoso",
    "delete_key": "freshcoat access keys revoke pipeline",
    "get_limits": "freshcoat access limits",
    "put_limits": "freshcoat access limits set contoso production --min-available 30% --two-people always",
    "delete_limits": "freshcoat access limits remove contoso production",
    "get_caps": "freshcoat access caps",
    "put_caps": "freshcoat access caps set contoso --hosts 40 --sign-outs 200 --pools 5",
    "post_caps_override": 'freshcoat access caps lift contoso --hours 2 --reason "Security fix"',
    "delete_caps": "freshcoat access caps remove contoso",
    "get_probes": "freshcoat access probes",
    "put_probe": "freshcoat access probes set contoso printers --file printers.ps1",
    "delete_probe": "freshcoat access probes remove contoso printers",
    "get_join_profiles": "freshcoat access join-profiles",
    "put_join_profile": "freshcoat access join-profiles set contoso corp --domain corp.example --user join@corp.example"
    " --password-setting JOIN_PASSWORD",
    "delete_join_profile": "freshcoat access join-profiles remove contoso corp",
    "get_audit": "freshcoat audit",
    "get_audit_verify": "freshcoat audit verify",
    "get_audit_refusals": "freshcoat audit refusals",
    "get_me": "freshcoat whoami",
    "get_pools": "freshcoat pools",
    "put_pool": "freshcoat register-pool office"
    f" --host-pool {_GROUP}/Microsoft.DesktopVirtualization/hostPools/hp-office"
    " --image win11 --join entra --time-zone Europe/Berlin --policy max_unavailable=25%",
    "delete_pool": "freshcoat unregister-pool office",
    "get_pool": "freshcoat pools office",
    "get_pool_hosts": "freshcoat hosts office",
    "post_update_image": 'freshcoat update-image office 2.0.0 --on-logoff "mon 01:00" --reason "November patches"',
    "post_roll_back_pool": 'freshcoat roll-back office --reason "Printing fails"',
    "get_images": "freshcoat images",
    "put_image": "freshcoat register-image win11"
    f" --definition {_GROUP}/Microsoft.Compute/galleries/gal/images/win11-office"
    f" --template-vm {_GROUP}/Microsoft.Compute/virtualMachines/template-win11 --keep-backups 5 --keep-days 60",
    "get_image": "freshcoat images win11",
    "get_image_versions": "freshcoat versions win11",
    "post_stage": 'freshcoat stage win11 3.0.0 --notes "Built by Packer"',
    "post_verdict": 'freshcoat verdict win11 3.0.0 passed --note "Office and VPN work"',
    "delete_version": "freshcoat discard win11 3.0.0",
    "post_set_as_image": 'freshcoat set-as-image win11 --power-off --step minor --notes "November patches"',
    "post_power": "freshcoat template win11 start",
    "post_activate": 'freshcoat activate win11 3.0.0 --update-pools all --on-logoff "mon 01:00"',
    "post_roll_back": 'freshcoat roll-back-image win11 1.0.0 --reason "Printing fails"',
    "get_rollouts": "freshcoat rollouts",
    "get_rollout": f"freshcoat rollouts {_ROLLOUT}",
    "get_rollout_events": f"freshcoat watch {_ROLLOUT}",
    "post_rollouts": 'freshcoat update-pools 2.0.0 --account default --gate approve --on-logoff "mon 01:00"',
    "post_pause": f'freshcoat pause {_ROLLOUT} --reason "Exams until noon"',
    "post_resume": f'freshcoat resume {_ROLLOUT} --reason "The driver is fixed"',
    "post_approve": f'freshcoat approve {_ROLLOUT} --reason "The canary works"',
    "post_retry": f"freshcoat retry {_ROLLOUT} --host h0.contoso.local",
    "post_reschedule": f'freshcoat reschedule {_ROLLOUT} --deadline "mon 01:00"',
    "post_cancel": f'freshcoat cancel {_ROLLOUT} --leave --reason "Wrong version"',
    "get_tasks": "freshcoat tasks",
    "get_task": f"freshcoat tasks {_TASK}",
    "post_approve_task": f"freshcoat approve {_TASK}",
    "post_cancel_task": f"freshcoat cancel {_TASK} --leave",
    "get_promotions": "freshcoat promotions",
    "get_promotion": f"freshcoat promotions {_PROMOTION}",
    "post_promotion": 'freshcoat promote win11 --at "tue 22:00" --update-pools all --pools-on-logoff "wed 04:00"',
    "post_reschedule_promotion": f'freshcoat reschedule {_PROMOTION} --at "thu 22:00"',
    "post_approve_promotion": f"freshcoat approve {_PROMOTION}",
    "delete_promotion": f"freshcoat cancel {_PROMOTION}",
}
"""Operation -> command."""
