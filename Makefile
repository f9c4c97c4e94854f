# rtda needs Go and make, nothing else. `make help` lists what can be made.

GO       ?= go
FUZZTIME ?= 3s
# HTTP/2, which needs TLS, is left out: half a megabyte, and a twentieth of the start.
TAGS     := -tags nethttpomithttp2
# The race detector needs a C compiler; Go says whether it found one.
RACE     := $(shell [ "$$($(GO) env CGO_ENABLED 2>/dev/null)" = 1 ] && echo -race)

# The commands: rtda, and each folder of cmd that has a main.go.
COMMANDS := rtda $(patsubst cmd/%/main.go,%,$(wildcard cmd/*/main.go))
PREFIX   ?= /usr/local
RELEASE  ?= build/release
export COMMANDS TAGS

.PHONY: all help build install uninstall release packages demo pictures record test race fuzz bench count tables compare detect lint fused arch check man integration crash cluster soak clean

all: build

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' Makefile | expand -t 14

build: ## the command, ./rtda
	@CGO_ENABLED=0 $(GO) build $(TAGS) -o rtda . # static: it starts a quarter faster
	@for c in $(filter-out rtda,$(COMMANDS)); do CGO_ENABLED=0 $(GO) build $(TAGS) -o $$c ./cmd/$$c || exit; done

install: ## what make has built, man page, completions and documents to PREFIX (/usr/local) below DESTDIR
	@sh testdata/release/install.sh "$(DESTDIR)$(PREFIX)"

uninstall: ## takes away what install has put there
	@sh testdata/release/install.sh -u "$(DESTDIR)$(PREFIX)"

release: ## archives and packages for every system, to build/release (docs/releasing.md)
	@GO="$(GO)" bash testdata/release/build.sh "$(RELEASE)"

packages: ## a release is made twice, compared, installed and used
	@bash testdata/release/test.sh

demo: build ## what rtda does, in 15 seconds
	@./rtda demo

pictures: build ## what -o svg draws, docs/run.svg
	./rtda simulate --flat-out -c 18000 --sensors 3 --hz 10 --shape sine --fault drift,gap -o json | \
	./rtda -t time -k sensor -f value -w 1m -n 5s -a mean,max -r 'hot: mean(value) > 62 until mean(value) < 55' -o svg 2>/dev/null >docs/run.svg

record: build ## the demo as text, docs/demo.txt
	@./rtda demo --flat-out > docs/demo.txt

test: ## the whole test suite
	$(GO) test ./...

race: ## the test suite under the race detector, which needs a C compiler
	@[ -n "$(RACE)" ] || echo "no C compiler found: the race detector cannot run"
	@[ -z "$(RACE)" ] || $(GO) test $(RACE) -timeout 30m ./...

lint: ## gofmt, vet (as for macOS and FreeBSD, too) and staticcheck
	@unformatted=$$(gofmt -l cmd pkg main.go); [ -z "$$unformatted" ] || { echo "not gofmt'ed: $$unformatted"; exit 1; }
	$(GO) vet ./...
	GOOS=darwin GOARCH=arm64 $(GO) vet -trimpath ./...
	GOOS=freebsd GOARCH=amd64 $(GO) vet -trimpath ./...
	$(GO) tool staticcheck ./...

fuzz: ## every fuzz target for FUZZTIME (3s)
	@GO="$(GO)" FUZZTIME="$(FUZZTIME)" sh testdata/fuzz.sh

fused: ## no product is fused with a sum: results are the same on every CPU
	@GO="$(GO)" sh testdata/fused.sh arm64

arch: ## the command on other CPUs, emulated, against this one
	@GO="$(GO)" bash testdata/arch.sh

check: lint fused test race fuzz ## lint, fused, test, race and a short run of every fuzz target

bench: ## the benchmarks of each room, then the comparison with other tools
	$(GO) test -run '^$$' -bench . -benchtime 0.3s ./...
	@$(MAKE) --no-print-directory compare

count: ## instructions a line of the usual runs, held within 5 % of those recorded (RECORD=1 records them)
	@$(GO) run ./testdata/measure count $(if $(RECORD),-record)

tables: build ## what a line costs for every format, aggregate, window, number of keys and rules, for cliffs to be seen
	@$(GO) run ./testdata/measure tables ./rtda

compare: build ## the whole command against every peer that is installed
	$(GO) run ./testdata/measure peers ./rtda
	$(GO) run ./testdata/measure accuracy ./rtda

detect: ## how well faults are found and samples foreseen: on a real series (FILE), noise, made-up faults
	@$(GO) run ./testdata/detect $(FILE)

integration: build ## with a real InfluxDB, Prometheus, browser, terminal, Telegraf and Debian, where they can be had
	@bash testdata/integration.sh ./rtda

crash: ## runs with --state are killed a thousand times, and meet full disks
	RTDA_KILLS=1000 $(GO) test ./cmd -run '^TestCrash' -v -timeout 60m

cluster: ## rtda-nats with a real nats-server: workers, puts and servers are killed
	RTDA_KILLS=200 $(GO) test ./testdata/cluster -v -timeout 60m

soak: build ## a long run, memory and file descriptors watched (SOAK=60 seconds), and 8 connections of a million lines
	@bash testdata/soak.sh ./rtda $(SOAK)
	RTDA_LOAD=1000000 $(GO) test ./cmd -run '^TestListenIsAPipe$$' -v

man: build ## the man page, ./rtda.1
	@./rtda man > rtda.1

clean:
	rm -rf rtda rtda.1 build
