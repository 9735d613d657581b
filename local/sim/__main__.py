"""`python -m local.sim`: the simulated Azure as a server on loopback."""

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
    "seed": "of everything random: the same seed gives the same day",
    "speed": "virtual seconds per real second",
    "duration_scale": "multiplies every duration; 0 makes everything immediate",
    "throttle": "ARM's token buckets: off, or counted in virtual or real time",
    "page_size": "items per page of a list",
    "events_url": "where guests post their logoff events, e.g. http://127.0.0.1:7071/api/events/logoff",
    "users": "on: people come, work and leave; off: whoever is there stays",
    "busy": "share of the hosts with sessions at the start, 0 to 1",
    "busy_sessions": "at most so many sessions on a busy host at the start",
    "work_minutes": "mean length of a session, virtual",
    "arrivals_per_minute": "new logons per virtual minute (default: as many as leave)",
    "disconnect_share": "share of sessions that disconnect some minutes before they end",
    "max_session_limit": "sessions per host the pool allows",
    "load_balancer": "where the broker sends people: BreadthFirst or DepthFirst",
    "powered_off": "so many hosts deallocated at the start",
    "drained": "so many hosts in an operator's drain at the start",
    "delete_option": "deleteOption of the hosts' OS disks: Delete or Detach",
    "vmss": "hosts are instances of a Flexible scale set",
    "pinned": "hosts were created from version ids, not from the definition",
    "ephemeral": "hosts have ephemeral OS disks",
    "trusted_launch": "hosts are Trusted Launch VMs",
    "versions": "image versions in the gallery at the start; the hosts are on the first",
    "excluded": "those of them that are excluded from latest",
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
ids of the world:
  subscription   {names.SUBSCRIPTION}   (one that answers 403: {names.FORBIDDEN_SUBSCRIPTION})
  group, region  {names.GROUP}, {names.REGION}
  image          {names.DEFINITION_ID}
                 versions as --versions says: the first one is on the hosts
  pools          hp-office (pooled), hp-personal (personal)
  template VM    {names.last(names.TEMPLATE_VM_ID)}

control: GET /_sim/health /_sim/state /_sim/calls /_sim/options /_sim/faults /_sim/autoscaler
         POST /_sim/logon /_sim/logoff /_sim/arrive /_sim/faults /_sim/clock /_sim/expect
         POST /_sim/pools /_sim/definitions /_sim/burst /_sim/expire_tokens /_sim/reset
         PUT /_sim/autoscaler          DELETE /_sim/faults /_sim/autoscaler
"""


def parser() -> argparse.ArgumentParser:
    """One flag per option, so that none is forgotten."""
    made = argparse.ArgumentParser(
        prog="python -m local.sim",
        description="A simulated Azure for Freshcoat: ARM's paths for compute and desktop virtualization.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--port", type=int, default=7072, help="port on 127.0.0.1 (7072)")
    for option in fields(Options):
        flag, shown = "--" + option.name.replace("_", "-"), option.default
        text = HELP[option.name]
        if shown is not None and shown != "":  # 0 and False are defaults worth showing
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
        print(f"local.sim: port {port} is not free ({error.strerror})", file=sys.stderr)
        return 1
    server = SimServer(*seed.start(options))
    config = uvicorn.Config(server, log_level="warning", access_log=False, ws="none", http="h11")
    print(f"simulated Azure on http://127.0.0.1:{port} with {given['hosts']} hosts at {given['speed']:g}x", flush=True)
    QuickServer(config).run(sockets=[listener])
    return 0


class QuickServer(uvicorn.Server):
    """Ends at the first signal: there is nothing to save, and open requests would only be waited for."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.should_exit = self.force_exit = True


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # without waiting for events still being posted to a host that may be gone
