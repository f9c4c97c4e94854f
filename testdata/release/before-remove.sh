#!/bin/sh
# Stops the service where the package goes, not where a newer one comes: the first
# argument is remove of a deb, 0 of an rpm.
set -e
case $1 in
remove | 0) ;;
*) exit 0 ;;
esac
command -v systemctl >/dev/null || exit 0
[ ! -d /run/systemd/system ] || systemctl stop rtda.service
systemctl --quiet disable rtda.service
