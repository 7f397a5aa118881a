#!/usr/bin/env bash
# one-image.sh NAME FILE: sign in, create, send, publish; prints the seconds from create to publish.
set -euo pipefail
. "$(dirname "$0")/common.sh"
token=$(sign_in)
begin=$EPOCHREALTIME
send "$1" "$2"
end=$EPOCHREALTIME
echo "$begin $end"
