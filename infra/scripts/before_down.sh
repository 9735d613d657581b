#!/bin/sh
# azd runs this before `azd down`, which forgets what the template put out: after_down.sh still needs two of the values.
. "$(dirname "$0")/common.sh"

run azd env set REMOVED_PRINCIPAL "${FRESHCOAT_IDENTITY_PRINCIPAL:-}"
run azd env set REMOVED_CLIENT_ID "${FRESHCOAT_CLIENT_ID:-}"
