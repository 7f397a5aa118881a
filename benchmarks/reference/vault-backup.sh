#!/usr/bin/env bash
# vault-backup.sh UUID FILE: sign in, download an image, write it to the disk, hash it.
set -euo pipefail
. "$(dirname "$0")/common.sh"
token=$(sign_in)
curl -sSf -o "$2" -H "X-Auth-Token: $token" "$GLANCE/v2/images/$1/file"
sync "$2"
sha512sum "$2"
