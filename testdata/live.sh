#!/usr/bin/env bash
# Looks at --live in a real terminal, tmux: whatever ends a run, the terminal is as
# before. Usage: testdata/live.sh RTDA
set -u
rtda=$(realpath "$1")
command -v tmux >/dev/null || { echo "live: skipped: there is no tmux"; exit 0; }
dir=$(mktemp -d)
socket=rtda-live-$$
failed=0 passed=0
trap 'tmux -L "$socket" kill-server 2>/dev/null; rm -rf "$dir"' EXIT

t() { tmux -L "$socket" "$@"; }
screen() { t capture-pane -p -t live; }
keys() { t send-keys -t live "$@"; }
until_seen() { # until_seen TEXT: waits until the screen shows it, 10 s at most
	for _ in $(seq 100); do
		screen | grep -qF -- "$1" && return
		sleep 0.05
	done
	return 1
}
ok() { # ok NAME CONDITION...: counts
	local name=$1
	shift
	if "$@"; then passed=$((passed + 1)); else
		failed=$((failed + 1))
		echo "live: failed: $name"
		screen | sed 's/^/    /'
	fi
}

# Numbers of three sensors, for ever, some twenty times a second. It starts no other
# command: a shell that is stopped while it starts one never says that it stopped.
mkfifo "$dir/clock"
cat >"$dir/gen.sh" <<GEN
exec 3<>"$dir/clock"
for ((i = 1; ; i++)); do
	for s in 1 2 3; do echo "{\"sensor\":\"s\$s\",\"temp\":\$((20 + s * 20 + i % 7))}"; done
	read -rt 0.05 -u 3
done
GEN
run="bash $dir/gen.sh | $rtda -k sensor -f temp -t now -w 5s -r 'crit hot: mean(temp) > 81' --live"

t new-session -d -s keep cat # so that the server stays when a session ends
start() { # start COMMAND: a new shell in a terminal of 80 by 24 that runs it
	t kill-session -t live 2>/dev/null
	t new-session -d -x "${2:-80}" -y "${3:-24}" -s live "env LANG=C.UTF-8 PS1='ready> ' bash --norc"
	until_seen 'ready>'
	keys "stty -g >$dir/before" Enter
	keys "clear" Enter
	sleep 0.2
	keys "$1; echo \"status \$?\"; stty -g >$dir/after; echo gone\$((1+1))" Enter
}
restored() { # the terminal is as it was, and not on its second screen
	until_seen gone2 && cmp -s "$dir/before" "$dir/after" &&
		[ "$(t display-message -p -t live '#{alternate_on} #{cursor_flag}')" = "0 1" ]
}
child() { pgrep -n -f "^$rtda -k sensor"; }

start "$run"
ok 'a picture' until_seen 'temp_mean'
ok 'keys of the table' until_seen 's3'
ok 'the alert' until_seen 'ALERT crit hot s3'
keys Down Down
ok 'a threshold' until_seen '81!!'
keys Up Up Right
ok 'the next column' until_seen 'temp_std  s1'
keys '?'
ok 'help' until_seen 'pause the picture'
keys '?' ' '
ok 'pause' until_seen 'paused'
t resize-window -t live -x 46 -y 16
ok 'another size at once' until_seen 's1'
keys q
ok 'q' restored
ok 'q is no error' until_seen 'status 0'

for how in 'C-c 130' 'TERM 143' 'HUP 129' 'QUIT 131' 'ABRT 134'; do
	set -- $how
	start "$run"
	until_seen 'temp_mean'
	if [ "$1" = C-c ]; then # the shell leaves out the rest of the line then
		keys C-c
		sleep 0.5
		keys "echo \"status \$?\"; stty -g >$dir/after; echo gone\$((1+1))" Enter
	else
		kill -"$1" "$(child)"
	fi
	ok "$1" restored
	ok "$1 gives status $2" until_seen "status $2"
done

start "$run"
until_seen 'temp_mean'
keys C-z
ok 'Ctrl-Z' until_seen 'Stopped'
ok 'Ctrl-Z gives the terminal back' [ "$(t display-message -p -t live '#{alternate_on}')" = 0 ]
keys 'fg' Enter
ok 'fg' until_seen 'temp_mean'
keys q
ok 'q after fg' until_seen 'gone2'

start "$run"
until_seen 'temp_mean'
keys C-z
until_seen 'Stopped'
keys 'bg' Enter # the terminal is not its own, so it stops again, as any full-screen program
stopped_again() { # and the shell has seen it, without which its fg does not let it go on
	for _ in $(seq 100); do
		[ "$(screen | grep -c Stopped)" -ge 2 ] && return
		keys Enter
		sleep 0.1
	done
	return 1
}
ok 'bg' stopped_again
keys 'fg' Enter
ok 'bg and fg' until_seen 'temp_mean'
child=$(child)
kill -TSTP "$child"
kill -CONT "$child"
sleep 0.5
ok 'a stop that is taken back' until_seen 'temp_mean'
keys q
until_seen 'gone2'

if script --version 2>/dev/null | grep -q util-linux; then
	start "seq 1 300 >$dir/file; exec env TERM=$TERM script -qec '$rtda --live $dir/file' /dev/null"
	ok 'a session without a shell' until_seen 'ended'
	keys C-z
	sleep 0.5
	keys '?'
	ok 'Ctrl-Z where nothing could let it go on' until_seen 'pause the picture'
	keys q
	for _ in $(seq 200); do t has-session -t live 2>/dev/null || break; sleep 0.05; done
	ok 'q ends it there' eval '! t has-session -t live 2>/dev/null'
fi

start "$run | head -n 3"
ok 'a closed stdout' restored

start "seq 1 300 | $rtda --live"
ok 'it stays at the end' until_seen 'ended'
kill -USR1 "$(pgrep -n -f "^$rtda --live")"
ok 'SIGUSR1 at the end' until_seen '300 lines read, 0 skipped'
keys q
ok 'q at the end' restored
ok 'what was told is written to the terminal then' until_seen 'rtda: 300 lines read, 0 skipped, 300 rows written, 0 alerts, 1 keys'
for how in 'C-c 130' 'TERM 143'; do
	set -- $how
	start "seq 1 300 | $rtda --live"
	until_seen 'ended'
	if [ "$1" = C-c ]; then
		keys C-c
		sleep 0.5
		keys "echo \"status \$?\"; stty -g >$dir/after; echo gone\$((1+1))" Enter
	else
		kill -"$1" "$(pgrep -n -f "^$rtda --live")"
	fi
	ok "$1 at the end" restored
	ok "$1 at the end gives status $2" until_seen "status $2"
done
start "seq 1 300 | $rtda --live -n end -a count,max >$dir/rows"
until_seen 'ended'
keys q
restored
ok 'stdout has what it has without a view' [ "$(cat "$dir/rows")" = "$(seq 1 300 | "$rtda" -n end -a count,max)" ]
start "seq 1 300 | $rtda -o svg"
ok 'no picture to a terminal' until_seen 'status 2'
start "export LC_ALL=C; $run"
until_seen 'temp_mean'
ok 'nothing but ASCII in a C locale' eval '! screen | LC_ALL=C grep -q "[^ -~]"'
keys q
restored
start "export NO_COLOR=1; $run"
until_seen 'ALERT crit hot s3'
ok 'NO_COLOR' eval "! t capture-pane -e -p -t live | grep -qE \$'\\e\\[[0-9;]*3[1-7]'"
keys q
restored
start "seq 1 300 | $rtda --live --hold=no"
ok '--hold=no' restored

start "seq 1 300 | TERM=dumb $rtda --live"
ok 'TERM=dumb' until_seen 'status 2'
start "$rtda --live"
ok 'the terminal as input' until_seen 'status 2'

start "$run 2>/dev/null" 20 6
ok 'a terminal of 20 by 6' until_seen 's3'
keys q
ok 'q there' restored

# A terminal that takes nothing: the run goes on, and TERM ends it.
start "(bash $dir/gen.sh | $rtda -k sensor -f temp -a count --live >$dir/rows)"
until_seen 'temp_count'
pid=$(pgrep -f "^$rtda -k sensor -f temp -a count" | head -n 1)
t suspend-client 2>/dev/null
kill -STOP "$(t display-message -p '#{pid}')"
sleep 1.5
before=$(wc -l <"$dir/rows")
sleep 1.5
after=$(wc -l <"$dir/rows")
kill -TERM "$pid"
for _ in $(seq 40); do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
ended=$(kill -0 "$pid" 2>/dev/null && echo no || echo yes)
kill -CONT "$(pgrep -f "tmux -L $socket" | head -n 1)"
ok 'a stuck terminal delays nothing' [ "$after" -gt "$before" ]
ok 'a stuck terminal can be ended' [ "$ended" = yes ]

echo "live: $passed passed, $failed failed"
[ "$failed" = 0 ]
