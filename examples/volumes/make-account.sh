#!/bin/sh
# Makes the account for backups of volumes, or gives it the role in domains that are new since: run it again then.
# Needs the OpenStack client, signed in as an administrator of the whole cloud, and for a new account its password in
# PASSWORD.
set -eu
ACCOUNT=${ACCOUNT:-glancesync-backup}
DOMAIN=${DOMAIN:-Default}

if ! openstack user show --domain "$DOMAIN" "$ACCOUNT" > /dev/null 2>&1; then
    : "${PASSWORD:?is not set; write the password of the new account into it}"
    # A project of its own: its tokens are for listings, and restore drills make their volumes in it.
    openstack project create --or-show --domain "$DOMAIN" --description "Backups of volumes" "$ACCOUNT" > /dev/null
    # A user with a password: an application credential would be bound to this one project.
    openstack user create --domain "$DOMAIN" --password "$PASSWORD" "$ACCOUNT" > /dev/null
fi

# The role in every project of every domain, also in those that are made later.
for id in $(openstack domain list -f value -c ID); do
    openstack role add --user "$ACCOUNT" --user-domain "$DOMAIN" --domain "$id" --inherited admin
done
openstack user show --domain "$DOMAIN" "$ACCOUNT" -f value -c id
