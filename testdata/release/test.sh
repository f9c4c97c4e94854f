#!/usr/bin/env bash
# Makes a release and uses it as those who install it do: the listing of
# docs/releasing.md, the same bytes at the second time and elsewhere, archives
# (those of other CPUs under QEMU), make install and uninstall, the container's
# root as a user without rights, the deb in a clean Debian with its man page,
# completion and service under a systemd of its own, and the rpm. What cannot be
# done here is said to be skipped: most needs root, and Debian's debootstrap.
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=$(mktemp -d)
debian=$dir/debian
init='' unshared=''
cleanup() {
	[ -z "$unshared" ] || kill -9 "$unshared" 2>/dev/null || true
	wait 2>/dev/null || true
	! mountpoint -q "$debian/proc" || umount "$debian/proc"
	rm -rf --one-file-system "$dir"
}
trap cleanup EXIT
passed=0 failed=0 skipped=0
skip() { echo "skipped $1"; skipped=$((skipped + 1)); }

# check WHAT FUNCTION...: each step of the function works. If not, the steps and what they printed are shown.
check() {
	local status=0
	(set -ex; "${@:2}") >"$dir/log" 2>&1 & # a function in a condition would go on after a step that fails
	wait $! || status=$?
	if [ $status = 0 ]; then
		echo "ok      $1" && passed=$((passed + 1))
	else
		echo "FAILED  $1:" && tail -n 15 "$dir/log" && failed=$((failed + 1))
	fi
}

# has COMMAND PACKAGE: is it there, or can it be installed?
has() {
	command -v "$1" >/dev/null && return
	[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
	{ apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$2"; } >"$dir/apt" 2>&1
}

# files FOLDER lists what is in it and is no folder.
files() { (cd "$1" && find . ! -type d | sort); }

# computes COMMAND...: the program reads numbers and writes the right rows.
computes() {
	seq 5 | "$@" -w 3 | diff - <(printf '%s\n' 'mean=1 std=0 max=1' 'mean=1.5 std=0.5 max=2' \
		'mean=2 std=0.816497 max=3' 'mean=3 std=0.816497 max=4' 'mean=4 std=0.816497 max=5')
}

# documented TEXT: the commands of docs/install.md that have the text in them, of this
# release, without sudo.
documented() { sed -n "/$1/s/^    //p" docs/install.md | sed "s/sudo //g; s/0\.1\.0/$VERSION/g"; }

export SOURCE_DATE_EPOCH=1795710346 COMMIT=0123456789abcdef VERSION=9.8.7
out=$dir/release

listing() {
	for c in $COMMANDS; do
		sed -n 's/^    \(rtda.VERSION.*\)/\1/p' docs/releasing.md | if [ $c = rtda ]; then cat; else grep cdx | sed "s/^rtda/$c/"; fi
	done | sed "s/VERSION/$VERSION/; \$aSHA256SUMS" | sort | diff - <(ls "$out" | sort)
	(cd "$out" && sha256sum --quiet -c SHA256SUMS)
}

# The files of this folder, without its history, somewhere else.
elsewhere() {
	mkdir -p "$dir/a/longer/path/of a copy"
	git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$dir/a/longer/path/of a copy"
	make -s -C "$dir/a/longer/path/of a copy" release RELEASE=build/again
	diff "$out/SHA256SUMS" "$dir/a/longer/path/of a copy/build/again/SHA256SUMS"
}

# Each program is stripped, for the system that its archive is for, and what it is
# made of is told.
programs() {
	local archive target c
	for archive in "$out"/*.tar.gz; do
		target=${archive##*/rtda-$VERSION-} target=${target%.tar.gz}
		mkdir "$dir/$target"
		tar -xzf "$archive" -C "$dir/$target" --strip-components 1
		for c in $COMMANDS; do
			go version -m "$dir/$target/bin/$c" >"$dir/built"
			grep "GOOS=${target%-*}" "$dir/built"
			grep "GOARCH=$(sed 's/.*-//; s/armv7/arm/' <<<"$target")" "$dir/built"
			grep CGO_ENABLED=0 "$dir/built"
			[ "$(go tool nm "$dir/$target/bin/$c" 2>/dev/null | grep -c main.main)" = 0 ]
			grep '"version": "v9.8.7"' "$out/$c-$VERSION-$target.cdx.json"
			# rtda, its modules and Go itself
			[ "$(grep -c '^      "bom-ref"' "$out/$c-$VERSION-$target.cdx.json")" = $(($(grep -c '^	dep' "$dir/built") + 2)) ]
		done
	done
}

# An archive is complete, and its documents' links lead somewhere.
archive() {
	local page link c prefix=$dir/linux-amd64
	"$prefix/bin/rtda" version | grep '^rtda 9\.8\.7 (commit 0123456789ab, 2026-11-26, go.*, linux/amd64)$'
	computes "$prefix/bin/rtda"
	for c in $COMMANDS; do
		"$prefix/bin/$c" version | grep "^$c $VERSION "
		grep -q "^.TH.*$c" "$prefix/share/man/man1/$c.1"
		bash -n "$prefix/share/bash-completion/completions/$c"
	done
	mkdir "$dir/local"
	(cd "$out" && eval "$(cd "$OLDPWD" && documented 'tar -xzf' | sed "s,/usr/local,$dir/local,")")
	diff <(files "$dir/local") <(files "$prefix")
	(cd "$out" && eval "$(cd "$OLDPWD" && documented 'tar -tzf' | sed "s,/usr/local,$dir/local,")")
	[ -z "$(files "$dir/local")" ]
	grep -q '==== github.com/spf13/cobra ' "$prefix/share/doc/rtda/LICENSE-MODULES"
	cd "$prefix/share/doc/rtda"
	for page in README.md docs/*.md; do
		for link in $(grep -o '][(][^):#]*[):#]' $page | grep -v ':$' | tr -d '](#)'); do
			[ -e "$(dirname $page)/$link" ]
		done
	done
	"$prefix/bin/rtda" -w all -n end -a count testdata/docs/boiler.txt | grep '^count=21$'
}

# What make install puts somewhere is what archives have, and make uninstall takes
# it away.
installed() {
	touch "$dir/before"
	make -s build
	make -s install PREFIX=/usr DESTDIR="$dir/root"
	diff <(files "$dir/root/usr") <(files "$dir/linux-amd64" | grep -v LICENSE-MODULES)
	computes "$dir/root/usr/bin/rtda"
	make -s uninstall PREFIX=/usr DESTDIR="$dir/root"
	[ -z "$(files "$dir/root")" ]
}

# contained PROGRAM ARGUMENT...: what the Containerfile says, without an engine.
contained() {
	local word rest user entry program=$1 root=$dir/container-$1
	while read -r word rest; do
		rest=${rest//\$PROGRAM/$program}
		case $word in
		FROM) [ "$rest" = scratch ] && mkdir -p "$root" ;;
		COPY) cp "$dir/linux-amd64/bin/${rest% *}" "$root${rest#* }" ;;
		USER) user=$rest ;;
		ENTRYPOINT) entry=$(tr -d '"[]' <<<"$rest") ;;
		ARG | '#' | '') ;;
		*) echo "not understood: $word" && return 1 ;;
		esac
	done <contrib/Containerfile
	chroot --userspec="$user" "$root" "$entry" "${@:2}"
}

container() {
	computes contained rtda
	echo '{"t":"2026-05-01T12:00:00Z","x":1}' | contained rtda -t t -f x --tz Europe/Berlin | grep '^time=2026-05-01T14:00:00+02:00'
	! echo 1 | contained rtda --state s || return 1 # nothing there may be written to
	for c in $COMMANDS; do
		contained $c version | grep "^$c $VERSION "
	done
}

bootstrap() {
	debootstrap --variant=minbase --include=man-db,bash-completion,systemd,logrotate bookworm "$debian"
	mount -t proc proc "$debian/proc"
	echo 'APT::Get::Assume-Yes "true";' >"$debian/etc/apt/apt.conf.d/yes"
}

# boot starts the Debian's own systemd in namespaces of its own, with a loopback of
# its own; what the kernel shares, as /proc/sys, it cannot write to.
boot() {
	unshare -m -p -f -u -i -n -C --kill-child sh -e -s "$debian" >"$dir/boot" 2>&1 <<-'END' &
		mount --bind "$1" "$1" # a service's namespace begins at a mount
		cd "$1"
		mount -t proc proc proc
		mount --bind proc/sys proc/sys
		mount -o remount,ro,bind proc/sys
		mount -t sysfs -o ro sysfs sys
		if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
			mount -t cgroup2 cgroup2 sys/fs/cgroup
		else
			mount -t tmpfs tmpfs sys/fs/cgroup
			mkdir sys/fs/cgroup/systemd
			mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
		fi
		mount -t tmpfs tmpfs run
		mount -t tmpfs tmpfs dev
		cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty dev
		mkdir dev/shm dev/pts
		container=test exec chroot . /lib/systemd/systemd --log-target=null systemd.unit=basic.target
	END
	unshared=$!
	for _ in $(seq 100); do
		init=$(pgrep -P "$unshared" || true)
		[ -z "$init" ] || ! inside systemctl is-active --quiet basic.target 2>/dev/null || return 0
		sleep 0.2
	done
	kill -9 "$unshared"
	init=
	return 1
}

# inside COMMAND... runs it in the Debian, as it was booted if it was.
inside() {
	local as=(chroot "$debian")
	[ -z "$init" ] || as=(nsenter -t "$init" -m -p -u -i -n -C -r -w)
	"${as[@]}" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive timeout 100 "$@"
}

# everything lists the files of the Debian that a package could have made.
everything() {
	(cd "$debian" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./run -o -path ./dev -o -path ./var/cache \
		-o -path ./var/lib/systemd -o -path ./var/lib/apt -o -path ./var/lib/logrotate -o -path ./var/log/apt -o -path ./var/log/journal \) -prune -o -print | sort)
}

deb() {
	cp "$out"/*_amd64.deb "$debian/root"
	inside sh -c "cd && $(documented 'apt install')"
	rm "$debian"/root/*.deb
	computes inside rtda
	inside dpkg --verify rtda
}

manual() {
	for c in $COMMANDS; do
		inside man $c | grep "^ *$c - "
	done
}

completion() {
	inside bash -c '
		. /usr/share/bash-completion/bash_completion
		_completion_loader rtda || [ $? = 124 ] # the status for: try again
		COMP_WORDS=(rtda --windo) COMP_CWORD=1 COMP_LINE="rtda --windo" COMP_POINT=12 COMP_TYPE=9
		$(complete -p rtda | sed "s/.*-F \([^ ]*\).*/\1/")
		echo "${COMPREPLY[@]}"' | grep '^--window'
}

verified() { [ -z "$(inside systemd-analyze verify rtda.service 2>&1 | grep -v '^+')" ]; }

# send RECORD to the service.
send() { inside bash -c 'echo "$1" >/dev/tcp/127.0.0.1/8000' - "$1"; }

# alerted TEXT waits for an alert of the service.
alerted() {
	for _ in $(seq 100); do
		! inside grep "$1" /var/log/rtda/alerts.log || return 0
		sleep 0.1
	done
	inside journalctl --no-pager -u rtda
	return 1
}

# The service starts as it comes, takes up flags and rules, is no root, goes on in a
# new file when logrotate has taken the old one away, and keeps a state.
service() {
	inside systemctl start rtda || { inside journalctl --no-pager -u rtda; false; }
	echo 'RTDA_FLAGS="-k oven -f temp --listen tcp://127.0.0.1:8000 --state /var/lib/rtda/state"' >"$debian/etc/rtda/rtda.conf"
	echo 'crit hot: last(temp) > 80' >"$debian/etc/rtda/rtda.rules"
	inside systemctl restart rtda
	[ "$(inside sh -c 'stat -c %u /proc/$(systemctl show -P MainPID rtda)')" -gt 60000 ]
	send '{"oven":"a","temp":90}'
	alerted 'ALERT crit hot oven=a'
	inside logrotate --force /etc/logrotate.d/rtda
	send '{"oven":"b","temp":90}'
	alerted 'ALERT crit hot oven=b'
	[ "$(inside grep -c ALERT /var/log/rtda/alerts.log)" = 1 ]
	inside systemctl restart rtda
	inside rtda state /var/lib/rtda/state | grep '^firing *2$'
	inside systemctl enable rtda
}

purged() {
	touch "$debian/etc/rtda/token"
	mkdir -p "$debian/var/lib/private/rtda"
	inside sh -c "$(documented 'apt purge')"
	everything | diff "$dir/before" -
	[ -z "$init" ] || ! inside systemctl is-active rtda || return 1
}

with_rpm() {
	local rpm=(rpm --root "$debian" --force-debian)
	"${rpm[@]}" --nodeps -i "$out"/*.x86_64.rpm
	computes inside rtda
	"${rpm[@]}" -V --nodeps rtda
	"${rpm[@]}" -e rtda
	! everything | diff "$dir/before" - | grep rtda || return 1
}

make -s release RELEASE="$out"
check "a release is what docs/releasing.md lists" listing
check "made again elsewhere it is the same bytes" elsewhere
check "programs are static, stripped, for their systems, and made of what is told" programs
check "an archive is complete" archive
check "make install and make uninstall" installed
[ "$(id -u)" = 0 ] && check "the container's root, as a user without rights" container || skip "the container: not root"
has qemu-arm-static qemu-user-static || true
check "the program for 386" computes "$dir/linux-386/bin/rtda"
for target in arm64 armv7; do
	with=qemu-$(sed 's/arm64/aarch64/; s/armv7/arm/' <<<$target)-static
	command -v "$with" >/dev/null && check "the program for $target" computes "$with" "$dir/linux-$target/bin/rtda" || skip "the program for $target: no QEMU"
done
if [ "$(id -u)" = 0 ] && has debootstrap debootstrap && bootstrap >"$dir/debootstrap" 2>&1; then
	boot || skip "the service: no systemd in namespaces here: $(tail -n 3 "$dir/boot")"
	everything >"$dir/before"
	check "the deb is installed in a clean Debian" deb
	check "man there" manual
	check "completion there" completion
	check "the unit there is verified" verified
	[ -z "$init" ] || check "the service there" service
	check "purge leaves nothing" purged
	has rpm rpm && check "the rpm is installed and removed" with_rpm || skip "the rpm: no rpm"
else
	skip "deb and rpm: no root, or no debootstrap: $(tail -n 3 "$dir/debootstrap" 2>/dev/null)"
fi
echo "release: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
