#!/bin/sh
# systemd learns of the unit; a service that runs goes on with the new rtda.
set -e
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
systemctl try-restart rtda.service
