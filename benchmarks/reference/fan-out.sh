#!/usr/bin/env bash
# fan-out.sh FILE …: sign in, then send each file; one such loop runs for each region.
set -euo pipefail
. "$(dirname "$0")/common.sh"
token=$(sign_in)
for file in "$@"; do
    send "image-$(basename "$file")" "$file"
done
