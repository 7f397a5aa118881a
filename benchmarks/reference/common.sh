# What the reference scripts share: sign in with curl as an operator would.

sign_in() {
    curl -sSf -D - -o /dev/null -H 'Content-Type: application/json' "$OS_AUTH_URL/auth/tokens" -d '{"auth": {
        "identity": {"methods": ["password"], "password": {"user": {
            "name": "'"$OS_USERNAME"'", "domain": {"id": "default"}, "password": "'"$OS_PASSWORD"'"}}},
        "scope": {"project": {"name": "'"$OS_PROJECT_NAME"'", "domain": {"id": "default"}}}}}' |
        sed -n 's/^[Xx]-[Ss]ubject-[Tt]oken: *\([^[:space:]]*\).*/\1/p'
}

# send NAME FILE: create an image, send its bytes, publish it.
send() {
    local uuid
    uuid=$(cat /proc/sys/kernel/random/uuid)
    curl -sSf -o /dev/null -H "X-Auth-Token: $token" -H 'Content-Type: application/json' "$GLANCE/v2/images" -d '{
        "id": "'"$uuid"'", "name": "'"$1"'", "disk_format": "raw", "container_format": "bare",
        "visibility": "private", "nid": "1", "type": "benchmark"}'
    # Without the header, curl would wait a second for a "100 Continue" that these servers do not send.
    curl -sSf -o /dev/null -H "X-Auth-Token: $token" -H 'Content-Type: application/octet-stream' -H 'Expect:' \
        -T "$2" "$GLANCE/v2/images/$uuid/file"
    curl -sSf -o /dev/null -X PATCH -H "X-Auth-Token: $token" \
        -H 'Content-Type: application/openstack-images-v2.1-json-patch' "$GLANCE/v2/images/$uuid" \
        -d '[{"op": "replace", "path": "/visibility", "value": "public"}]'
}
