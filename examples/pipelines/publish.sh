#!/usr/bin/env bash
# The steps of the pipelines: build, test, release, withdraw. `bash publish.sh build` runs the first one.
#
#   build     makes a version from the template VM, or takes VERSION from the gallery, and stages it
#   test      updates the pool TEST_POOL to it, and waits for the end
#   release   records the verdict "passed", then activates the version: at RELEASE_AT, or now
#   withdraw  after a failed test: records "failed", takes TEST_POOL back, and discards the version
#   show      says how the test pool is
#
# Who signs in: on GitHub the job itself (AZURE_CLIENT_ID, AZURE_TENANT_ID and the permission id-token), elsewhere
# `az login` before this, or FRESHCOAT_KEY. No secret is an argument.
#
# Run again: RUN is the same each time, and with it the idempotency keys. So nothing is done twice: what was begun is
# found again and waited for. (Keys are kept for 24 hours.)
#
# Ends with the exit code of `freshcoat`. What each means here is said by `explain`.
set -euo pipefail

: "${FRESHCOAT_URL:?the address of Freshcoat}"
: "${IMAGE:?the image}"
: "${RUN:?a name of this run that stays the same when it is run again}"
TEST_POOL=${TEST_POOL:-}                        # a pool of ring test
VERSION=${VERSION:-}                            # build: empty to make one
NOTES=${NOTES:-}                                # what is new
BUILD_SECONDS=${BUILD_SECONDS:-10800}           # how long a build may take
TEST_SECONDS=${TEST_SECONDS:-10800}             # how long the update of the test pool may take
TEST_SIGN_OUT=${TEST_SIGN_OUT:-0}               # how many people of the test pool may be signed out
UPDATE_POOLS=${UPDATE_POOLS:-all}               # release: none, all, or names with commas
RELEASE_AT=${RELEASE_AT:-}                      # when it becomes active, like "mon 06:00"; empty: now
DEADLINE=${DEADLINE:-}                          # when the last people are signed out, like "tue 01:00"
TIME_ZONE=${TIME_ZONE:-UTC}                     # the zone of both
SOAK=${SOAK:-60}                                # minutes between two rings

say() { printf '%s\n' "$*" >&2; }

complain() {
  if [[ -n ${GITHUB_ACTIONS:-} ]]; then say "::error::$*"
  elif [[ -n ${TF_BUILD:-} ]]; then say "##vso[task.logissue type=error]$*"
  else say "$*"; fi
}

# Hands a value to the next job.
hand_over() {
  if [[ -n ${GITHUB_OUTPUT:-} ]]; then printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
  elif [[ -n ${TF_BUILD:-} ]]; then printf '##vso[task.setvariable variable=%s;isOutput=true]%s\n' "$1" "$2"
  else printf '%s=%s\n' "$1" "$2"; fi
}

# What an exit code means for the person who looks at the pipeline. `freshcoat` itself has said why on stderr.
explain() {
  case $1 in
    2) complain "The command was called in a wrong way: this script does not fit the version of freshcoat." ;;
    3) complain "Refused: the request is not valid, or a check failed. Put right what is said above; then run it again." ;;
    4) complain "Not signed in, or not allowed: the identity of this pipeline needs the role operator and a grant." ;;
    5) complain "Not found: check the names of the image and the pool, and the grant of this pipeline." ;;
    6) complain "Not possible now: something else is in the way, see above. Run it again when that has ended." ;;
    7) complain "Freshcoat cannot be reached, or Azure is busy. Run it again: nothing is done twice." ;;
    8) complain "It has failed, was cancelled or was rolled back." ;;
    9) complain "It waits for a person: approve or resume it, then run this again." ;;
    10) complain "The app is older or newer than this freshcoat: its answer lacks something. Copy cli/ of the app's release." ;;
    124) complain "It is not finished in the time given, and goes on. Run this again to go on waiting." ;;
    *) complain "An unexpected error." ;;
  esac
}

# One field of the JSON on stdin.
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

# A token of GitHub for this job, which Entra ID takes for one of its own. It lasts for minutes only.
github_token() {
  export AZURE_FEDERATED_TOKEN_FILE=$RUNNER_TEMP/freshcoat-token
  (
    umask 077
    curl --fail --silent --show-error --retry 3 --max-time 30 \
      --header @<(printf 'Authorization: bearer %s\n' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN") \
      "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=api://AzureADTokenExchange" |
      field value >"$AZURE_FEDERATED_TOKEN_FILE"
  )
}

# The command, which gets a new token each time.
freshcoat() {
  if [[ -n ${ACTIONS_ID_TOKEN_REQUEST_URL:-} && -z ${FRESHCOAT_KEY:-} ]]; then github_token || return 4; fi
  command freshcoat "$@"
}

# Waits for the end of a rollout or a task. In parts, because the token of one part lasts for an hour.
follow() {
  local left=$2 code
  while true; do
    code=0
    freshcoat watch "$1" --timeout "$((left < 3000 ? left : 3000))" --stop-when-waiting || code=$?
    left=$((left - 3000))
    if [[ $code != 124 || $left -le 0 ]]; then return "$code"; fi
  done
}

build() {
  freshcoat whoami >&2
  if [[ -n $VERSION ]]; then
    freshcoat stage "$IMAGE" "$VERSION" --notes "$NOTES" --idempotency-key "$RUN-stage"
  else
    local task
    task=$(freshcoat set-as-image "$IMAGE" --power-off --notes "$NOTES" --yes --idempotency-key "$RUN-build" --quiet)
    follow "$task" "$BUILD_SECONDS"
    VERSION=$(freshcoat tasks "$task" --output json | field version)
  fi
  say "Version $VERSION of $IMAGE is staged."
  hand_over version "$VERSION"
}

test_ring() {
  : "${VERSION:?the version}" "${TEST_POOL:?the test pool}"
  local rollout
  rollout=$(freshcoat update-image "$TEST_POOL" "$VERSION" --now --sign-out "$TEST_SIGN_OUT" --yes \
    --reason "$NOTES" --idempotency-key "$RUN-test" --quiet)
  hand_over rollout "$rollout"
  follow "$rollout" "$TEST_SECONDS"
  say "Pool $TEST_POOL is on $VERSION."
}

release() {
  : "${VERSION:?the version}"
  freshcoat verdict "$IMAGE" "$VERSION" passed --note "Tested in run $RUN" --idempotency-key "$RUN-passed"
  local pools=(--update-pools "$UPDATE_POOLS" --soak "$SOAK" --time-zone "$TIME_ZONE")
  local begin=(--reason "$NOTES" --yes --idempotency-key "$RUN-release")
  if [[ -n $RELEASE_AT ]]; then
    [[ $UPDATE_POOLS == none ]] || pools+=(--pools-on-logoff "${DEADLINE:?when the last people are signed out}")
    freshcoat promote "$IMAGE" "$VERSION" --at "$RELEASE_AT" "${pools[@]}" "${begin[@]}"
  else
    [[ $UPDATE_POOLS == none ]] || pools+=(--on-logoff "${DEADLINE:?when the last people are signed out}")
    freshcoat activate "$IMAGE" "$VERSION" "${pools[@]}" "${begin[@]}"
  fi
}

withdraw() {
  : "${VERSION:?the version}" "${TEST_POOL:?the test pool}"
  freshcoat verdict "$IMAGE" "$VERSION" failed --note "Failed in run $RUN" --yes --idempotency-key "$RUN-failed"
  local rollout
  rollout=$(freshcoat roll-back "$TEST_POOL" --now --sign-out "$TEST_SIGN_OUT" --yes \
    --idempotency-key "$RUN-back" --quiet)
  follow "$rollout" "$TEST_SECONDS"
  freshcoat discard "$IMAGE" "$VERSION" --yes --idempotency-key "$RUN-discard"
}

show() {
  : "${TEST_POOL:?the test pool}"
  freshcoat hosts "$TEST_POOL"
  freshcoat rollouts --pool "$TEST_POOL" --limit 1
}

trap 'code=$?; [[ $code == 0 ]] || explain $code' EXIT

case ${1:-} in
  build) build ;;
  test) test_ring ;;
  release) release ;;
  withdraw) withdraw ;;
  show) show ;;
  *)
    say "Use: publish.sh build|test|release|withdraw|show"
    exit 2
    ;;
esac
