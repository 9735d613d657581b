"""`python -m local.sim`: runs the simulated Azure as a loopback server."""

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import fields
from types import FrameType
from typing import Any

import uvicorn

from local.sim import seed
from local.sim.core import names
from local.sim.core.options import TEMPLATE_POWER, Options, version_list
from local.sim.listener import listen
from local.sim.server import SimServer

HELP = {
    "hosts": "session hosts in the pool hp-office",
    "seed": "seed of all random numbers: the same seed gives the same run",
    "speed": "virtual seconds per real second",
    "duration_scale": "factor for all durations; 0 completes every operation immediately",
    "throttle": "ARM's token buckets: off, or refilled in virtual or real time",
    "page_size": "items per page of a list",
    "events_url": "URL to which guests post logoff events, e.g. http://127.0.0.1:7071/api/events/logoff",
    "users": "on: users log on, work and log off; off: sessions change only on request",
    "busy": "share of the hosts with sessions at the start, 0 to 1",
    "busy_sessions": "maximum number of sessions on a busy host at the start",
    "work_minutes": "mean length of a session in virtual minutes",
    "arrivals_per_minute": "new logons per virtual minute (default: as many as log off)",
    "disconnect_share": "share of sessions that disconnect some minutes before they end",
    "max_session_limit": "the pool's session limit per host",
    "load_balancer": "how the broker places new sessions: BreadthFirst or DepthFirst",
    "powered_off": "number of deallocated hosts at the start",
    "drained": "number of hosts drained by an operator at the start",
    "delete_option": "deleteOption of the hosts' OS disks: Delete or Detach",
    "vmss": "hosts are instances of a Flexible scale set",
    "pinned": "hosts were created from the id of a version instead of its definition",
    "ephemeral": "hosts have ephemeral OS disks",
    "trusted_launch": "hosts are Trusted Launch VMs",
    "versions": "image versions in the gallery at the start; the hosts use the first",
    "excluded": "versions that are excluded from latest",
    "template": "power state of the template VM",
}
CHOICES = {
    "throttle": ["off", "virtual", "real"],
    "load_balancer": ["BreadthFirst", "DepthFirst"],
    "delete_option": ["Delete", "Detach"],
    "template": list(TEMPLATE_POWER),
}
TYPES: dict[str, Callable[[str], Any]] = {"int": int, "float": float, "float | None": float, "tuple": version_list}

EPILOG = f"""
ids of the simulated resources:
  subscription   {names.SUBSCRIPTION}   (always returns 403: {names.FORBIDDEN_SUBSCRIPTION})
  group, region  {names.GROUP}, {names.REGION}
  image          {names.DEFINITION_ID}
                 versions as given by --versions; the hosts use the first
  pools          hp-office (pooled), hp-personal (personal)
  template VM    {names.last(names.TEMPLATE_VM_ID)}

control routes: GET /_sim/health /_sim/state /_sim/calls /_sim/options /_sim/faults /_sim/autoscaler /_sim/grants
                POST /_sim/logon /_sim/logoff /_sim/arrive /_sim/faults /_sim/clock /_sim/expect
                POST /_sim/pools /_sim/definitions /_sim/burst /_sim/expire_tokens /_sim/reset
                PUT /_sim/autoscaler /_sim/grants   DELETE /_sim/faults /_sim/autoscaler
"""


def parser() -> argparse.ArgumentParser:
    """Create one flag per option, from the fields of `Options`."""
    made = argparse.ArgumentParser(
        prog="python -m local.sim",
        description="A simulated Azure for Freshcoat: ARM's routes for compute and desktop virtualization.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--port", type=int, default=7072, help="port on 127.0.0.1 (7072)")
    for option in fields(Options):
        flag, shown = "--" + option.name.replace("_", "-"), option.default
        text = HELP[option.name]
        if shown is not None and shown != "":  # 0 and False are shown as defaults
            text += f" ({_default(shown)})"
        if option.name == "users":
            made.add_argument(flag, choices=["on", "off"], default="on", help=text)
        elif isinstance(shown, bool):
            made.add_argument(flag, action=argparse.BooleanOptionalAction, default=shown, help=text)
        else:
            kind = TYPES.get(str(getattr(option.type, "__name__", option.type)), str)
            made.add_argument(flag, type=kind, default=shown, choices=CHOICES.get(option.name), help=text)
    return made


def _default(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def main(arguments: list[str] | None = None) -> int:
    given = vars(parser().parse_args(arguments))
    port = given.pop("port")
    given["users"] = given["users"] == "on"
    try:
        options = Options(**given)
    except ValueError as error:
        print(f"local.sim: {error}", file=sys.stderr)
        return 2
    try:
        listener = listen(port)
    except OSError as error:
        print(f"local.sim: port {port} is not available ({error.strerror})", file=sys.stderr)
        return 1
    server = SimServer(*seed.start(options))
    config = uvicorn.Config(server, log_level="warning", access_log=False, ws="none", http="h11")
    print(f"simulated Azure on http://127.0.0.1:{port} with {given['hosts']} hosts at {given['speed']:g}x", flush=True)
    QuickServer(config).run(sockets=[listener])
    return 0


class QuickServer(uvicorn.Server):
    """Stops at the first signal without waiting for open requests: there is no state to save."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.should_exit = self.force_exit = True


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # do not wait for events that are still being posted to a host that may have stopped
