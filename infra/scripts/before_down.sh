#!/bin/sh
# azd runs this before `azd down`, which forgets what the template put out: after_down.sh still needs two of the values.
# A second `azd down`, after one that ended half-way, has nothing to keep: what the first one kept stays.
. "$(dirname "$0")/common.sh"

[ -z "${FRESHCOAT_IDENTITY_PRINCIPAL:-}" ] || run azd env set REMOVED_PRINCIPAL "$FRESHCOAT_IDENTITY_PRINCIPAL"
[ -z "${FRESHCOAT_CLIENT_ID:-}" ] || run azd env set REMOVED_CLIENT_ID "$FRESHCOAT_CLIENT_ID"
