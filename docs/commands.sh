# What the examples in README.md and docs/ use, for bash: `. docs/commands.sh`. They need curl 7.84 and GNU date.

B=http://localhost:${PORT:-7071}/api                # Freshcoat under `make run`
S=http://127.0.0.1:${SIM_PORT:-7072}/_sim           # the control surface of the simulated Azure
G=/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg-desktops/providers

# R=$(curl … | id_of): show an answer, and keep the id that is in it.
id_of() {
  local answer
  answer=$(cat)
  printf '%s\n' "$answer" >&2
  printf '%s' "$answer" | grep -o '"id":"[^"]*"' | head -n 1 | cut -d '"' -f 4
}

# wait_for rollouts/$R succeeded: return when the rollout or task is in this state, or has a message with this code;
# fail when it has ended otherwise.
wait_for() {
  local answer state
  for _ in $(seq 600); do
    answer=$(curl -s "$B/$1")
    state=$(printf '%s' "$answer" | grep -o '"state":"[^"]*"' | head -n 1 | cut -d '"' -f 4)
    [ "$state" = "$2" ] && return
    printf '%s' "$answer" | grep -q "\"code\":\"$2\"" && return
    case $state in '' | succeeded | failed | cancelled | rolled_back) break ;; esac
    sleep 1
  done
  echo "$1 is ${state:-not readable: $answer}, not $2" >&2
  return 1
}

# The command line (docs/cli.md) as it is in this folder, for Freshcoat under `make run`.
freshcoat() {
  FRESHCOAT_URL=${B%/api} PYTHONPATH=cli .venv/bin/python -m freshcoat_cli "$@"
}

# practice NAME: in the simulated Azure, an image NAME with version 1.0.0 in use and 2.0.0 only in the gallery, and two pools on
# it: NAME-test (ring test, 2 hosts) and NAME (ring production, 4 hosts). Nobody works on them.
practice() {
  local pool hosts ring
  curl -sS --fail -o /dev/null "$S/definitions" --json '{"name": "'"$1"'", "versions": ["1.0.0", "2.0.0"], "excluded": ["2.0.0"]}' &&
    curl -sS --fail -o /dev/null -X PUT "$B/images/$1" --json '{"active": "1.0.0",
      "definition_id": "'"$G"'/Microsoft.Compute/galleries/gal/images/'"$1"'"}' || return
  while read -r pool hosts ring; do
    curl -sS --fail -o /dev/null "$S/pools" --json '{"name": "hp-'"$pool"'", "definition": "'"$1"'", "hosts": '"$hosts"'}' &&
      curl -sS --fail -o /dev/null -X PUT "$B/pools/$pool" --json '{"image": "'"$1"'", "ring": "'"$ring"'", "join": {"kind": "entra"},
        "host_pool_id": "'"$G"'/Microsoft.DesktopVirtualization/hostPools/hp-'"$pool"'",
        "time_zone": "Europe/Amsterdam", "policy": {"settle_seconds": 0, "poll_seconds": 15, "max_unavailable": 3}}' || return
  done <<END
$1-test 2 test
$1 4 production
END
}
