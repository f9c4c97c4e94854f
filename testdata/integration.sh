#!/usr/bin/env bash
# Runs rtda against the real things: an InfluxDB that takes a day of its output,
# a Prometheus that scrapes it, a browser that shows its page, a terminal that
# shows its live view, a Telegraf that has it as a processor and sends to it, nc and
# curl that send to it, the types of Kubernetes for its manifests, a Debian that its
# package is installed in, and a server of NATS for rtda-nats.
# What is missing is installed where that is possible, and said to be skipped
# where it is not. Everything listens on loopback only.
set -euo pipefail
rtda=$(realpath "$1")
dir=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$dir"' EXIT
passed=0 failed=0 skipped=0

ok() { echo "ok      $1"; passed=$((passed + 1)); }
fail() { echo "FAILED  $1"; failed=$((failed + 1)); }
skip() { echo "skipped $1: $2"; skipped=$((skipped + 1)); }

# has COMMAND PACKAGE: is it there, or can it be installed?
has() {
	command -v "$1" >/dev/null && return
	[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
	[ -n "${updated:-}" ] || { apt-get update -q >"$dir/apt" 2>&1 || return 1; updated=1; }
	DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$2" >"$dir/apt" 2>&1
}

# free prints a free port of loopback.
free() {
	local port
	while port=$((20000 + RANDOM % 20000)); do
		(: >/dev/tcp/127.0.0.1/$port) 2>/dev/null || { echo "$port"; return; }
	done
}

# records N writes N records of three sensors, one a second each, whose names
# need every kind of escape.
records() {
	"$rtda" simulate --flat-out --hz 1 --count "$1" --sensors 3 --shape walk --fault spike,stuck,gap -o json |
		sed 's/"sensor":"s1"/"sensor":"hall 1, a=b \\\\"/; s/"sensor":"s2"/"sensor":"Zürich\\n"/'
}

influxdb() {
	has influxd influxdb && has curl curl || { skip influxdb "influxd or curl cannot be installed"; return; }
	local http rpc
	http=$(free) rpc=$(free)
	cat >"$dir/influx.conf" <<-END
		reporting-disabled = true
		bind-address = "127.0.0.1:$rpc"
		[meta]
		  dir = "$dir/influx/meta"
		[data]
		  dir = "$dir/influx/data"
		  wal-dir = "$dir/influx/wal"
		[http]
		  bind-address = "127.0.0.1:$http"
		  max-body-size = 0
	END
	influxd -config "$dir/influx.conf" >"$dir/influxd.log" 2>&1 &
	pids+=($!)
	local url=http://127.0.0.1:$http
	curl -s --retry 30 --retry-delay 1 --retry-connrefused -o /dev/null "$url/ping"
	curl -sS -o /dev/null -XPOST "$url/query" --data-urlencode 'q=CREATE DATABASE day'
	# a day
	records 259200 | "$rtda" -t time -k sensor -f value -w 5m -n 10s -a count,mean,std,min,max,skew,rate -o influx >"$dir/points"
	local written stored codes
	written=$(wc -l <"$dir/points")
	split -l 5000 "$dir/points" "$dir/part."
	for part in "$dir"/part.*; do
		curl -sS -o "$dir/answer" -w '%{http_code}\n' -XPOST "$url/write?db=day&precision=ns" --data-binary "@$part"
		cat "$dir/answer" >>"$dir/answers"
	done >"$dir/codes"
	codes=$(sort -u "$dir/codes" | tr '\n' ' ')
	stored=$(curl -sS -G "$url/query?db=day" --data-urlencode 'q=SELECT count(value_mean) FROM rtda' |
		sed 's/.*,\([0-9]*\)\]\].*/\1/')
	if [ "$codes" = "204 " ] && [ "$stored" = "$written" ] && [ "$written" -gt 20000 ]; then
		ok "influxdb takes a day of output: $stored points, none rejected"
	else
		fail "influxdb: $written points written, $stored stored, answers $codes $(head -c 300 "$dir/answers")"
	fi
}

scraped() {
	has promtool prometheus || { skip prometheus "promtool cannot be installed"; return; }
	records 5000 | "$rtda" -t time -k sensor -f value -w 100,1m -n end -a count,sum,mean,std,p99.9,rate,age -o prom >"$dir/metrics"
	if promtool check metrics <"$dir/metrics" >"$dir/promtool" 2>&1 && [ -s "$dir/metrics" ]; then
		ok "promtool accepts $(grep -c '^rtda' "$dir/metrics") metrics"
	else
		fail "promtool: $(head -n 5 "$dir/promtool")"
	fi
	has prometheus prometheus && has curl curl || { skip scraping "prometheus or curl cannot be installed"; return; }
	local run server
	run=$(free) server=$(free)
	"$rtda" simulate --hz 20 --sensors 3 --shape walk -o json |
		"$rtda" -t time -k sensor -f value -w 10s -n 1s -r 'crit high: max > 0' --http "127.0.0.1:$run" -o none 2>"$dir/scraped.log" &
	pids+=($!)
	curl -s --retry 30 --retry-delay 1 --retry-connrefused -o /dev/null "http://127.0.0.1:$run/healthz"
	until grep -q ALERT "$dir/scraped.log" || ! kill -0 $! 2>/dev/null; do sleep 0.1; done
	curl -sS "http://127.0.0.1:$run/metrics" >"$dir/metrics"
	if promtool check metrics <"$dir/metrics" >"$dir/promtool" 2>&1 && grep -q '^rtda_alert{.*sensor="s1"' "$dir/metrics"; then
		ok "promtool accepts $(grep -c '^rtda' "$dir/metrics") metrics of --http"
	else
		fail "promtool on --http: $(head -n 5 "$dir/promtool") $(head -n 5 "$dir/metrics")"
	fi
	cat >"$dir/rules.yml" <<-END
		groups:
		- name: rtda
		  rules:
		  - alert: RtdaFires
		    expr: rtda_alert{severity="crit"} == 1
	END
	cat >"$dir/prometheus.yml" <<-END
		global:
		  scrape_interval: 1s
		  evaluation_interval: 1s
		rule_files: ["$dir/rules.yml"]
		scrape_configs:
		- job_name: rtda
		  static_configs:
		  - targets: ["127.0.0.1:$run"]
	END
	prometheus --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/tsdb" --web.listen-address="127.0.0.1:$server" >"$dir/prometheus.log" 2>&1 &
	pids+=($!)
	local asked=0
	until curl -s "http://127.0.0.1:$server/api/v1/alerts" >"$dir/alerts" && grep -q '"state":"firing"' "$dir/alerts"; do
		asked=$((asked + 1))
		[ "$asked" -lt 60 ] || break
		sleep 0.5
	done
	if grep -q '"alertname":"RtdaFires".*"sensor":"s[123]".*"state":"firing"' "$dir/alerts"; then
		ok "a Prometheus scrapes rtda, and a rule of its own fires on rtda_alert"
	else
		fail "prometheus: no alert: $(head -c 300 "$dir/alerts") $(tail -n 2 "$dir/prometheus.log")"
	fi
}

browser() {
	has chromium chromium || { skip browser "chromium cannot be installed"; return; }
	(cd "$(dirname "$0")/browser" && go build -o "$dir/browser" .) >"$dir/go" 2>&1 ||
		{ skip browser "go build: $(tail -n 1 "$dir/go")"; return; }
	if "$dir/browser" "$rtda" >"$dir/seen" 2>&1; then
		ok "the page of --http in a browser: $(grep -c '^ok' "$dir/seen") checks"
	else
		fail "the page of --http in a browser: $(grep -v '^ok' "$dir/seen")"
	fi
}

live() {
	has tmux tmux || { skip live "tmux cannot be installed"; return; }
	local live
	live=$(dirname "$0")/live.sh
	if bash "$live" "$rtda" >"$dir/seen" 2>&1; then
		ok "$(tail -n 1 "$dir/seen")"
	else
		fail "$(cat "$dir/seen")"
	fi
}

with_telegraf() {
	local tags=custom,inputs.file,outputs.file,outputs.nats,outputs.socket_writer,processors.execd,parsers.influx,serializers.influx
	export GOBIN=$dir/bin
	PATH=$PATH:$(go env GOPATH)/bin
	command -v telegraf >/dev/null ||
		go install -tags "$tags" github.com/influxdata/telegraf/cmd/telegraf@v1.37.2 >"$dir/go" 2>&1 ||
		{ skip telegraf "go install: $(tail -n 1 "$dir/go")"; return; }
	PATH=$PATH:$GOBIN
	"$rtda" simulate --flat-out --count 300 --hz 10 --sensors 3 --shape walk -o influx >"$dir/input"
	cat >"$dir/telegraf.conf" <<-END
		[agent]
		  interval = "1s"
		  flush_interval = "1s"
		  omit_hostname = true
		  precision = "1ns"
		[[inputs.file]]
		  files = ["$dir/input"]
		  data_format = "influx"
		[[processors.execd]]
		  command = ["$rtda", "-i", "influx", "-o", "influx", "-k", "sensor", "-f", "value", "-w", "10",
		    "--stderr-prefix", "telegraf", "-r", "crit hot: max > 0"]
		  data_format = "influx"
		[[outputs.file]]
		  files = ["$dir/output"]
		  data_format = "influx"
	END
	"$rtda" -i influx -o influx -k sensor -f value -w 10 <"$dir/input" 2>/dev/null | sort >"$dir/direct"
	timeout 60 "$(command -v telegraf)" --config "$dir/telegraf.conf" --once --test-wait 3 >"$dir/telegraf.log" 2>&1 || true
	sort "$dir/output" 2>/dev/null >"$dir/through" || true
	# telegraf may order fields in its own way: compare the words of each line
	words() { tr ', ' '\n\n' <"$1" | sort; }
	if [ -s "$dir/direct" ] && cmp -s <(words "$dir/direct") <(words "$dir/through"); then
		ok "telegraf with rtda as a processor: $(wc -l <"$dir/through") lines, all as without it"
	else
		fail "telegraf: $(wc -l <"$dir/direct") lines expected, $(wc -l <"$dir/through") came; $(tail -n 3 "$dir/telegraf.log")"
	fi
	local port
	port=$(free)
	cat >"$dir/socket.conf" <<-END
		[agent]
		  omit_hostname = true
		  precision = "1ns"
		[[inputs.file]]
		  files = ["$dir/input"]
		  data_format = "influx"
		[[outputs.socket_writer]]
		  address = "tcp://127.0.0.1:$port"
		  data_format = "influx"
	END
	"$rtda" --listen "tcp://127.0.0.1:$port" -i influx -o influx -k sensor -f value -w 10 >"$dir/listened" 2>"$dir/listened.log" &
	local listener=$!
	pids+=($listener)
	timeout 60 "$(command -v telegraf)" --config "$dir/socket.conf" --once >"$dir/socket.log" 2>&1 || true
	for _ in $(seq 100); do # what was sent is read before the end
		[ "$(wc -l <"$dir/listened")" -lt "$(wc -l <"$dir/direct")" ] || break
		sleep 0.1
	done
	kill -TERM "$listener" 2>/dev/null || true
	wait "$listener" 2>/dev/null || true
	if cmp -s "$dir/direct" <(sort "$dir/listened"); then
		ok "telegraf's socket_writer sends to --listen: $(wc -l <"$dir/listened") lines, all as without it"
	else
		fail "socket_writer: $(wc -l <"$dir/listened") lines came; $(tail -n 2 "$dir/listened.log" "$dir/socket.log")"
	fi
	if grep -q '^.*E! .*ALERT crit hot' "$dir/telegraf.log"; then
		ok "telegraf sees an alert at its level"
	else
		fail "telegraf: no alert at level E in its log: $(tail -n 3 "$dir/telegraf.log")"
	fi
}

# senders feeds --listen with the programs that docs/recipes.md names: nc over TCP and UDP,
# curl line by line and with a whole file.
senders() {
	has curl curl && has nc netcat-openbsd || { skip senders "curl or nc cannot be installed"; return; }
	local lines http run answer=
	lines=$(free) http=$(free)
	"$rtda" --listen "tcp://:$lines" --listen "udp://:$lines" --listen "http://:$http" -a count,sum -w all >"$dir/sent" 2>"$dir/sent.log" &
	run=$!
	pids+=($run)
	for _ in $(seq 100); do grep -q '^rtda: http' "$dir/sent.log" && break; sleep 0.1; done
	seq 100 >"$dir/hundred"
	nc -N 127.0.0.1 "$lines" <"$dir/hundred"
	echo 1000 | nc -u -w1 127.0.0.1 "$lines"
	answer+=$(curl -sS -o "$dir/answer" -w '%{http_code} ' -T- "http://127.0.0.1:$http/" <"$dir/hundred")
	answer+=$(curl -sS -o "$dir/answer" -w '%{http_code}' --data-binary @- "http://127.0.0.1:$http/" <"$dir/hundred")
	for _ in $(seq 100); do grep -q '^count=301 sum=16150$' "$dir/sent" && break; sleep 0.1; done
	kill -TERM "$run" 2>/dev/null || true
	wait "$run" 2>/dev/null || true
	if grep -q '^count=301 sum=16150$' "$dir/sent" && [ "$answer" = "204 204" ]; then
		ok "nc and curl send to --listen, and all arrives"
	else
		fail "nc and curl: http answers $answer, the last row is $(tail -n 1 "$dir/sent"); $(tail -n 2 "$dir/sent.log")"
	fi
}

# kubernetes decodes the manifests as strictly as Kubernetes does, and looks whether
# a field that does not exist would be found.
kubernetes() {
	local contrib
	contrib=$(dirname "$0")/../contrib
	(cd "$(dirname "$0")/kubernetes" && go build -o "$dir/kubernetes" .) >"$dir/go" 2>&1 ||
		{ skip kubernetes "go build: $(tail -n 1 "$dir/go")"; return; }
	sed 's/  replicas: 3/  replica: 3/' "$contrib/kubernetes-nats.yaml" >"$dir/wrong.yaml"
	if ! "$dir/kubernetes" "$contrib"/kubernetes*.yaml >"$dir/seen" 2>&1; then
		fail "manifests of Kubernetes: $(grep -v '^ok' "$dir/seen")"
	elif "$dir/kubernetes" "$dir/wrong.yaml" >"$dir/wrong" 2>&1 || ! grep -q 'unknown field "spec.replica"' "$dir/wrong"; then
		fail "manifests of Kubernetes: an unknown field is not found: $(tail -n 1 "$dir/wrong")"
	else
		ok "manifests of Kubernetes: $(grep -c '^ok' "$dir/seen") objects, decoded strictly"
	fi
}

packages() {
	local made used failing missing
	make -s --no-print-directory -C "$(dirname "$0")/.." packages | tee "$dir/seen" || true
	made=$(tail -n 1 "$dir/seen") # release: N passed, N failed, N skipped
	if read -r _ used _ failing _ missing _ <<<"$made" && [[ $made == release:* ]]; then
		passed=$((passed + used)) failed=$((failed + failing)) skipped=$((skipped + missing))
	else
		fail "make packages did not come to its end"
	fi
}

# many kills workers of rtda-nats and runs the commands of docs/scale.md, with a
# nats-server that the test builds. Commands whose tools are missing are left out.
many() {
	local here tools=$dir/tools
	here=$(dirname "$0")
	mkdir -p "$tools"
	has mosquitto_pub mosquitto-clients || skip "docs/scale.md, MQTT devices" "mosquitto_pub cannot be installed"
	has kcat kcat || skip "docs/scale.md, Kafka" "kcat cannot be installed"
	has pkill procps || skip "docs/scale.md, Redpanda Connect" "pkill cannot be installed"
	(cd "$here/kafka" && go build -o "$tools/kafka" .) >"$dir/go" 2>&1 ||
		skip "docs/scale.md, Kafka" "go build: $(tail -n 1 "$dir/go")"
	(cd "$here/connect" && go build -o "$tools/connect" .) >"$dir/go" 2>&1 ||
		skip "docs/scale.md, Redpanda Connect" "go build: $(tail -n 1 "$dir/go")"
	command -v nats >/dev/null || GOBIN=$tools go install github.com/nats-io/natscli/nats@v0.5.1 >"$dir/go" 2>&1 ||
		skip "docs/scale.md, by hand" "go install: $(tail -n 1 "$dir/go")"
	if (cd "$here/.." && PATH=$tools:$PATH go test ./testdata/cluster -count=1 -v -timeout 15m) >"$dir/seen" 2>&1; then
		ok "rtda-nats: $(grep -c '^ *--- PASS' "$dir/seen") tests, $(grep -c '^ *--- SKIP' "$dir/seen") left out; $(sed -n 's/.*: \([^:]* lines in\)/\1/p' "$dir/seen" | tail -n 1)"
	else
		fail "rtda-nats: $(grep -v '^ *--- PASS\|^=== ' "$dir/seen" | tail -n 40)"
	fi
}

influxdb
scraped
browser
live
with_telegraf
senders
kubernetes
packages
many
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
