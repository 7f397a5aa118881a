#!/usr/bin/env bash
# manual.sh REGIONS IMAGE …: what an operator would type: save each image once, create it in each region.
# REGIONS is a file of lines "KEYSTONE PASSWORD REGION".
set -euo pipefail
regions=$1
shift
for image in "$@"; do
    openstack image save --file "$image.raw" "$image"
    while read -r auth password region; do
        OS_AUTH_URL=$auth OS_PASSWORD=$password OS_REGION_NAME=$region openstack image create \
            --file "$image.raw" --disk-format raw --container-format bare --public \
            --property nid=1 --property type=benchmark "$image" >/dev/null </dev/null
    done < "$regions"
    rm -f "$image.raw"
done
