#!/bin/sh
# Runs every fuzz target of the project for FUZZTIME each; stops at the first
# that finds something. Go's fuzzer now and then ends with an error of its own
# when its time is up, without an input to show; such a run is done once more.
set -eu
log=$(mktemp)
trap 'rm -f "$log"' EXIT

fuzz() { # fuzz PACKAGE TARGET
	"$GO" test -run '^$' -fuzz "^$2\$" -fuzztime "$FUZZTIME" -fuzzminimizetime 1x "$1" >"$log" 2>&1
}

for package in $("$GO" list ./...); do
	for target in $("$GO" test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
		if fuzz "$package" "$target" || { ! grep -q 'Failing input' "$log" && fuzz "$package" "$target"; }; then
			echo "$package $target $(tail -n 1 "$log")"
		else
			cat "$log"
			exit 1
		fi
	done
done
