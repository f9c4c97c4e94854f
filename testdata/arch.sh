#!/usr/bin/env bash
# The same bytes on every machine: builds the command for several CPUs, runs it
# under QEMU where this machine is another, and compares stdout, stderr and the
# status of many command lines with those of amd64. Then the tests of the
# packages that compute run on an emulated arm64. QEMU is installed where that
# is possible; without it only what this machine can run itself is compared.
set -euo pipefail
cd "$(dirname "$0")/.."
export GOFLAGS=-trimpath CGO_ENABLED=0
GO=${GO:-go}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

[ "$($GO env GOHOSTARCH)" = amd64 ] || { echo "skipped: the reference is amd64, which this machine is not"; exit; }
if ! command -v qemu-aarch64-static >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	{ apt-get update -q && apt-get install -qy --no-install-recommends qemu-user-static; } >"$dir/apt" 2>&1 || true
fi

# emulator ARCH prints what runs the programs of ARCH here, which may be nothing.
emulator() {
	local name
	case $1 in
	amd64 | v3 | 386) return ;;
	arm64) name=qemu-aarch64 ;;
	*) name=qemu-$1 ;;
	esac
	command -v "$name-static" || command -v "$name"
}

archs=()
for arch in amd64 v3 386 arm64 arm riscv64 s390x; do
	if [ "$arch" = v3 ] && ! grep -qm1 ' avx2 .* bmi2 ' /proc/cpuinfo; then
		echo "skipped $arch: this machine has no AVX2"
	elif ! with=$(emulator $arch); then
		echo "skipped $arch: no QEMU"
	else
		case $arch in
		v3) GOAMD64=v3 $GO build -o "$dir/$arch.program" . ;;
		*) GOARCH=$arch $GO build -o "$dir/$arch.program" . ;;
		esac
		printf '#!/bin/sh\nexec %s %s "$@"\n' "$with" "$dir/$arch.program" >"$dir/$arch.run"
		chmod +x "$dir/$arch.run"
		archs+=("$arch")
	fi
done

all=count,sum,mean,min,max,range,first,last,var,std,cv,rms,skew,kurt,median,p25,p99.9,iqr,mad,z,rz,delta,slope,increase,rate,twa,ewma
commands=$(
	cat <<-'END'
		seq 1000 -1 1 | $rtda -w 300 -a slope
		seq 1000 -1 1 | $rtda -w 7,100,all -a $all -o json
		{ yes 0 | head -n 20; echo 1; } | $rtda -w 21 -n end -a p95
		$rtda -w 10 -a $all -o csv numbers
		$rtda -w 100 -a $all -o json numbers
		$rtda -w 1000,all -n 100 -a $all -o json numbers
		$rtda --hz 10 -w 30s,1h -n 10s -a $all -o json numbers
		$rtda --hz 1/60 -w 1h -a slope,rate,increase,twa,ewma -o csv numbers
		$rtda -w 50 --ddof 1 -a var,std,cv,z numbers
		$rtda -w 50 -a $all faulty
		$rtda -w 400 -a $all -o influx wide
		$rtda -w 20 -a $all -o csv wide
		$rtda -p 17 -w 5 wide
		$rtda -p 1 -w 5 -a $all wide
		$rtda -w 3 -a sum,var -o json huge
		$rtda -t time -k sensor -w 20s -n 5s -a $all -o json records.json
		$rtda -t time -k sensor -w 1m -n 1m -a mean,p90,count -o csv records.json
		$rtda -t time -k sensor -w 1m -n end -a $all -o prom records.json
		$rtda -t time -k sensor -w 30 --late 2s -a ewma,rate -o text records.json
		$rtda -i csv -t time -k sensor -f value -w 10s,100 -a $all -o tsv records.csv
		$rtda -i csv -t time -k sensor -f value -w 30s --gap 3s --warmup 5 -a mean,skew -o json records.csv
		$rtda -i logfmt -t time -k sensor -f value -w 60 -n 7 -a $all -o influx records.logfmt
		$rtda -i influx -t time -k sensor -f value -w 60 -a slope -o csv records.influx
		$rtda -q -w 50 -r 'spike: abs(z) > 3 for 2/5' -r 'crit high: mean > 55 for 3 until mean < 50' faulty
		$rtda -q -w 50 -r 'mean * 1.1 - std / 3 > 50' -r 'sqrt(var) + abs(last) > 120' -r 'log(max) * exp(0.5) > 7' numbers
		$rtda -q -t time -k sensor -w 10s -r 'dead: age > 2s' -r 'slope > 2 or slope < -2' --alert-format json records.json
		$rtda -e -w 20 -r 'warn l: p90 > 90' -r 'crit l: p90 > 97' --repeat 50s --hz 1 numbers
		$rtda --check -w 1m --hz 3 -a $all -r 'mean > 5 and std(3) < 2'
		$rtda --strict -w 3 broken
		$rtda -w 3 -a mean,std broken
		$rtda simulate --flat-out -c 300 --sensors 3 --shape sine -o json
		$rtda simulate --flat-out -c 300 --shape walk --fault spike,drift,noise,gap -o csv --hz 7
	END
)
cd "$dir"
rtda=$dir/amd64.run
$rtda simulate --flat-out -c 3000 >numbers
$rtda simulate --flat-out -c 3000 --shape walk --fault spike,drift,stuck,noise >faulty
for form in json csv logfmt influx; do
	$rtda simulate --flat-out -c 2000 --sensors 4 --shape sine --fault noise,gap -o $form >records.$form
done
awk 'NR <= 1000 {printf "%s%se%d\n", NR % 3 ? "" : "-", $1, NR * 37 % 600 - 300}' numbers >wide
printf '%s\n' 1.7e308 1.7e308 -1.7e308 5e-324 1e-310 0 9007199254740993 1e15 123456789012345680 >huge
printf '%s\n' 1 x 3 1e999 5 >broken

# outcome ARCH FILE writes what all command lines do on ARCH.
outcome() {
	local rtda=$dir/$1.run command
	while read -r command; do
		echo "\$ $command"
		eval "$command" </dev/null 2>stderr || echo "status $?"
		cat stderr
	done <<<"$commands" >"$2"
}

failed=0
for arch in "${archs[@]}"; do
	outcome "$arch" "$arch.out"
	if [ "$arch" = amd64 ]; then
		continue
	elif cmp -s amd64.out "$arch.out"; then
		echo "$arch: the same $(wc -c <amd64.out) bytes of $(grep -c '^\$' amd64.out) command lines"
	else
		failed=1
		echo "$arch differs from amd64:"
		diff amd64.out "$arch.out" | head -n 20 || true
	fi
done

cd - >/dev/null
if with=$(emulator arm64); then
	for package in agg rule format; do
		GOARCH=arm64 $GO test -c -o "$dir/$package.test" ./pkg/$package
		# Two tests measure memory and take long; they have nothing to do with the CPU.
		(cd pkg/$package && "$with" "$dir/$package.test" -test.skip 'BytesHeld|AsGoodAsTwoPasses') || failed=1
	done
fi
exit $failed
