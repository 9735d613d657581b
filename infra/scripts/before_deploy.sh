#!/bin/sh
# azd runs this before it deploys: the package is made here, and deployed as it is. Which back end the durable engine has
# is said in the package, because the part of Azure that adds instances reads it there and not in the app settings.
. "$(dirname "$0")/common.sh"

if [ "${DURABLE_BACKEND:-AzureStorage}" = AzureManaged ]; then
    run make package ARGS="--engine scheduler"
else
    run make package
fi
