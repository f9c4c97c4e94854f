#!/usr/bin/env bash
# Runs a simulated stream with faults through rtda, at full speed for half of
# the time and at 1 kHz for the other half, and watches it: memory and file
# descriptors must stay flat, no line may be lost and rules must fire.
#
#	soak.sh RTDA [SECONDS [HALF]]      60 seconds and both halves if not given
set -euo pipefail
rtda=$(realpath "$1")
half=$((${2:-60} / 2))
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$dir"' EXIT

# watch PID SECONDS: samples memory (KiB) and descriptors of a process.
watch() {
	local end=$((SECONDS + $2))
	while [ "$SECONDS" -lt "$end" ] && kill -0 "$1" 2>/dev/null; do
		{ echo "$(awk '/VmRSS/ { print $2 }' "/proc/$1/status") $(ls "/proc/$1/fd" | wc -l)"; } 2>/dev/null
		sleep 1
	done
}

# soak NAME SIMULATE-FLAGS…: one half.
soak() {
	local name=$1
	shift
	mkfifo "$dir/$name.pipe" "$dir/$name.notes"
	tally <"$dir/$name.notes" >"$dir/$name.err" &
	local tally=$!
	"$rtda" -t time -k sensor -f value -w 1000,10s,all -n 1000 -a count,mean,std,max -o csv \
		-r 'crit spike: abs(delta(2)) > 100' -r 'warn stuck: range(20) == 0 for 3 until range(20) > 0' \
		<"$dir/$name.pipe" >"$dir/$name.out" 2>"$dir/$name.notes" &
	local pid=$!
	timeout "$half" "$rtda" simulate "$@" --sensors 20 --shape walk --fault spike,drift,stuck,noise,gap -o json |
		tee "$dir/$name.pipe" | wc -l >"$dir/$name.in" &
	watch "$pid" $((half + 60)) >"$dir/$name.watch"
	wait "$pid" || { echo "$name: status $?"; exit 1; }
	wait "$tally"
	report "$name"
}

# most A B: the most memory between the A-th and the B-th part of the time.
most() {
	awk -v a="$1" -v b="$2" '{ m[NR] = $1 } END { for (i = int(NR / a) + 1; i <= NR / b; i++) if (m[i] > x) x = m[i]; print x + 0 }' "$dir/$name.watch"
}

# tally: counts the alerts, of which there may be many; other lines stay.
tally() {
	awk '/^ALERT / { n++; next } /^RESOLVED / { next } { print; fflush() } END { print "alerts", n + 0 }'
}

# report NAME: the figures, and the verdict.
report() {
	local name=$1 in used early late fds alerts
	in=$(cat "$dir/$name.in")
	alerts=$(sed -n 's/^alerts //p' "$dir/$name.err")
	used=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "value_count_all") c = i }
		NR > 1 { n[$2] = $c } END { for (k in n) s += n[k]; print s }' "$dir/$name.out")
	# windows are full after a quarter of the time
	early=$(most 4 2) late=$(most 2 1)
	fds=$(awk 'NR > 2 && NF == 2 && $2 { print $2 }' "$dir/$name.watch" | sort -nu | tr '\n' ' ')
	echo "$name: $in lines in, $used used, $alerts alerts;" \
		"memory $early KiB early, $late KiB late; descriptors $fds"
	if grep -v '^alerts ' "$dir/$name.err"; then
		echo "$name: complaints"
		exit 1
	fi
	[ "$alerts" -gt 0 ] || { echo "$name: no rule fired"; exit 1; }
	[ "$used" = "$in" ] || { echo "$name: lines were lost"; exit 1; }
	[ "$late" -le $((early * 12 / 10 + 2048)) ] || { echo "$name: memory grows"; exit 1; }
}

[ "${3:-full-speed}" != full-speed ] || soak full-speed --flat-out
[ "${3:-1kHz}" != 1kHz ] || soak 1kHz --hz 50 # of each of the 20 sensors
