#!/bin/sh
# Purged (which only a deb can be), rtda leaves nothing, also none of the alerts and
# states that the service wrote.
set -e
[ ! -d /run/systemd/system ] || systemctl daemon-reload
[ "$1" = purge ] || exit 0
rm -rf /etc/rtda
for kind in lib log; do
	rm -rf /var/$kind/rtda /var/$kind/private/rtda
done
