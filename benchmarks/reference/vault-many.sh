#!/usr/bin/env bash
# vault-many.sh FOLDER UUID …: sign in, download images into a folder, eight at a time, write all to the disk, hash them.
set -euo pipefail
. "$(dirname "$0")/common.sh"
token=$(sign_in)
folder=$1
shift
for uuid in "$@"; do
    printf 'url = "%s/v2/images/%s/file"\noutput = "%s/%s"\n' "$GLANCE" "$uuid" "$folder" "$uuid"
done > "$folder.urls"
curl -sSf --parallel --parallel-max 8 -H "X-Auth-Token: $token" -K "$folder.urls"
cd "$folder"
sync "$@" .
sha512sum "$@"
