#!/bin/sh
# Runs every fuzz target of the project for FUZZTIME each; stops at the first
# that finds something.
set -eu
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for package in $("$GO" list ./...); do
	for target in $("$GO" test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
		if "$GO" test -run '^$' -fuzz "^$target\$" -fuzztime "$FUZZTIME" -fuzzminimizetime 1x "$package" >"$log" 2>&1; then
			echo "$package $target $(tail -n 1 "$log")"
		else
			cat "$log"
			exit 1
		fi
	done
done
