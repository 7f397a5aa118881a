#!/usr/bin/env bash
# import.sh UUID: create an image, have its Glance fetch the content of the master's image, wait until it is active.
# What the Glances need for this by themselves: the floor of the way `server`.
set -euo pipefail
. "$(dirname "$0")/common.sh"
token=$(sign_in)
uuid=$(cat /proc/sys/kernel/random/uuid)
begin=$EPOCHREALTIME
curl -sSf -o /dev/null -H "X-Auth-Token: $token" -H 'Content-Type: application/json' "$GLANCE/v2/images" -d '{
    "id": "'"$uuid"'", "name": "import", "disk_format": "raw", "container_format": "bare"}'
curl -sSf -o /dev/null -H "X-Auth-Token: $token" -H 'Content-Type: application/json' "$GLANCE/v2/images/$uuid/import" \
    -d '{"method": {"name": "glance-download", "glance_region": "'"$MASTER"'", "glance_image_id": "'"$1"'",
         "glance_service_interface": "public"}}'
until curl -sSf -H "X-Auth-Token: $token" "$GLANCE/v2/images/$uuid" | grep -q '"status": "active"'; do
    sleep 0.1
    if curl -sSf -H "X-Auth-Token: $token" "$GLANCE/v2/images/$uuid/tasks" | grep -q '"status": "failure"'; then
        echo "the import failed" >&2
        exit 1
    fi
done
echo "$begin $EPOCHREALTIME"
