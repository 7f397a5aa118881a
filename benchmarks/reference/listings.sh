#!/usr/bin/env bash
# listings.sh PREFIX QUERY …: sign in with each prefix's account, read all pages of all listings at the same time.
# The arguments are lines "KEYSTONE GLANCE QUERY"; the account is the same name, OS_PASSWORD_<n> the nth Keystone's.
set -euo pipefail
. "$(dirname "$0")/common.sh"

pages() { # GLANCE TOKEN QUERY
    local next="/v2/images?$3&limit=1000" page
    while [ -n "$next" ]; do
        page=$(mktemp -p .)
        curl -sSf -o "$page" -H "X-Auth-Token: $2" "$1$next"
        next=$(tail -c 400 "$page" | sed -n 's/.*"next": *"\([^"]*\)".*/\1/p')
        [ -n "$next" ] || next=$(head -c 400 "$page" | sed -n 's/^{"next": *"\([^"]*\)".*/\1/p')
        rm -f "$page"
    done
}

keystone=
while read -r auth password glance query; do
    if [ "$auth" != "$keystone" ]; then
        keystone=$auth
        token=$(OS_AUTH_URL=$auth OS_PASSWORD=$password sign_in)
    fi
    pages "$glance" "$token" "$query" &
    jobs+=($!)
done < "$1"
for job in "${jobs[@]}"; do
    wait "$job"
done
