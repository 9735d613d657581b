"""Routes of profiles: what an account keeps under a name, and pools and requests only name."""

from __future__ import annotations

import azure.durable_functions as df

from shared.access.profiles.kinds import JOIN_PROFILES, PROBES
from shared.access.profiles.manage import list_profiles, read_profile, remove_profile, set_profile
from shared.api.common import Listed, PageQuery
from shared.api.conditions import Condition
from shared.api.edits import Put
from shared.api.profiles import JoinProfileRequest, JoinProfileView, ProbeRequest, ProbeView
from shared.models.access.roles import Need
from triggers.http.contract import Answer, Call
from triggers.http.endpoint import endpoint

bp = df.Blueprint()


@endpoint(bp, "GET", "access/probes", needs=Need.READ)
def get_probes(call: Call, query: PageQuery) -> Answer[Listed[ProbeView]]:
    """List the probes of accounts: scripts that check canary hosts, by the names that pools and requests use."""
    found = list_profiles(call.services, PROBES, call.reach, limit=query.limit, continuation=query.continuation)
    return Answer(found)


@endpoint(bp, "GET", "access/probes/{account}/{probe}", needs=Need.READ, refusals=(404,))
def get_probe(call: Call) -> Answer[ProbeView]:
    """Read a probe of an account."""
    return Answer(read_profile(call.services, PROBES, call.path["account"], call.path["probe"]))


@endpoint(
    bp,
    "PUT",
    "access/probes/{account}/{probe}",
    needs=Need.CONFIGURE,
    also=(201,),
    refusals=(404, 409, 412),
    creates=False,
)
def put_probe(call: Call, asked: ProbeRequest, condition: Condition) -> Answer[ProbeView]:
    """Make or change a probe of an account. Rollouts that were requested before keep the old script. 201 when it is
    new. 409 when a stored setting is left out."""
    account, name = call.path["account"], call.path["probe"]
    view, new = set_profile(call.services, PROBES, account, name, Put(asked, condition), call.who, call.reach)
    return Answer(view, status=201 if new else 200, location=f"/api/access/probes/{account}/{name}" if new else "")


@endpoint(bp, "DELETE", "access/probes/{account}/{probe}", needs=Need.CONFIGURE, status=204, refusals=(404, 409))
def delete_probe(call: Call) -> Answer[None]:
    """Remove a probe. 409 says which pools, rollouts, tasks or promotions use it."""
    remove_profile(call.services, PROBES, call.path["account"], call.path["probe"], call.who, call.reach)
    return Answer(None)


@endpoint(bp, "GET", "access/join-profiles", needs=Need.READ)
def get_join_profiles(call: Call, query: PageQuery) -> Answer[Listed[JoinProfileView]]:
    """List the join profiles of accounts: how hosts join a domain, by the names that pools use."""
    found = list_profiles(call.services, JOIN_PROFILES, call.reach, limit=query.limit, continuation=query.continuation)
    return Answer(found)


@endpoint(bp, "GET", "access/join-profiles/{account}/{profile}", needs=Need.READ, refusals=(404,))
def get_join_profile(call: Call) -> Answer[JoinProfileView]:
    """Read a join profile of an account. The password is shown to nobody."""
    return Answer(read_profile(call.services, JOIN_PROFILES, call.path["account"], call.path["profile"]))


@endpoint(
    bp,
    "PUT",
    "access/join-profiles/{account}/{profile}",
    needs=Need.CONFIGURE,
    also=(201,),
    refusals=(404, 409, 412),
    creates=False,
)
def put_join_profile(call: Call, asked: JoinProfileRequest, condition: Condition) -> Answer[JoinProfileView]:
    """Make or change a join profile of an account. The next host that joins goes by it. Who names or changes
    `password_setting` needs all accounts. 201 when it is new. 409 when a stored setting is left out."""
    account, name = call.path["account"], call.path["profile"]
    edit = Put(asked, condition)
    view, new = set_profile(call.services, JOIN_PROFILES, account, name, edit, call.who, call.reach)
    location = f"/api/access/join-profiles/{account}/{name}" if new else ""
    return Answer(view, status=201 if new else 200, location=location)


@endpoint(
    bp, "DELETE", "access/join-profiles/{account}/{profile}", needs=Need.CONFIGURE, status=204, refusals=(404, 409)
)
def delete_join_profile(call: Call) -> Answer[None]:
    """Remove a join profile. 409 says which pools use it."""
    remove_profile(call.services, JOIN_PROFILES, call.path["account"], call.path["profile"], call.who, call.reach)
    return Answer(None)
