#!/usr/bin/env bash
# build.sh DIR builds a release into DIR: for each target an archive, for Linux a
# deb and an rpm too, for each program what it is made of (an SBOM), and checksums.
# The same commit and the same Go give the same bytes.
#
# The version is that of the tag of the commit, which must be the newest of
# CHANGELOG.md; without a tag it is a version before that one. VERSION, COMMIT and
# SOURCE_DATE_EPOCH are taken where they are set, as a source without history needs.
set -euo pipefail
umask 022
out=$(mkdir -p "$1" && realpath "$1")
cd "$(dirname "$0")/../.."
targets=(linux/amd64 linux/arm64 linux/armv7 linux/386 darwin/amd64 darwin/arm64 freebsd/amd64)
export GOFLAGS='-trimpath -buildvcs=false' CGO_ENABLED=0 GOTOOLCHAIN=local LC_ALL=C TZ=UTC
go=${GO:-go}

newest=$(sed -n 's/^## \([^,]*\),.*/\1/p' CHANGELOG.md | head -n 1)
tag=$(git describe --tags --exact-match --match 'v[0-9]*' 2>/dev/null || true)
: "${COMMIT:=$(git rev-parse HEAD)}" "${SOURCE_DATE_EPOCH:=$(git show -s --format=%ct HEAD)}"
date=$(date -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d)
dirty=$(git status --porcelain 2>/dev/null || true)
if [ -z "${VERSION:-}" ] && [ -n "$tag" ]; then
	VERSION=${tag#v}
	[ "$VERSION" = "$newest" ] || { echo "the tag is $tag, and CHANGELOG.md begins with $newest"; exit 1; }
	! grep -q "^## $VERSION, not yet released" CHANGELOG.md || { echo "CHANGELOG.md says that $VERSION is not yet released"; exit 1; }
	[ -z "$dirty" ] || { echo "there are changes that are not in $tag:"; echo "$dirty" | head -n 5; exit 1; }
fi
: "${VERSION:=$newest-dev.$(date -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S)${dirty:+.changed}}"
export VERSION SOURCE_DATE_EPOCH

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
rm -f "$out"/*
(cd testdata/release && $go build -o "$tmp/tools/" github.com/goreleaser/nfpm/v2/cmd/nfpm github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod)

# place COMMAND: its package.
place() { [ "$1" = rtda ] && echo . || echo "./cmd/$1"; }

# for_target TARGET COMMAND...: the command with Go set to build for it.
for_target() {
	local arch=${1#*/}
	GOOS=${1%/*} GOARCH=${arch/armv7/arm} GOARM=7 "${@:2}"
}

# The licences of all that is linked, which those who pass the programs on must show.
licenses() {
	echo "The programs of rtda have these modules in them, whose licences follow."
	for target in "${targets[@]}"; do
		for c in $COMMANDS; do
			for_target "$target" $go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' "$(place "$c")"
		done
	done | sort -u >"$tmp/modules"
	echo "go $($go env GOVERSION) $($go env GOROOT)" >>"$tmp/modules"
	while read -r module version dir; do
		ls "$dir"/LICEN[CS]E* "$dir"/COPYING* >"$tmp/files" 2>/dev/null || true
		[ -s "$tmp/files" ] || { echo "$module has no licence in $dir" >&2; exit 1; }
		while read -r file; do
			printf '\n==== %s %s, %s\n\n' "$module" "$version" "$(basename "$file")"
			cat "$file"
		done <"$tmp/files"
	done <"$tmp/modules"
}

# What is the same for all targets.
make -s build install PREFIX= DESTDIR="$tmp/tree"
licenses >"$tmp/tree/share/doc/rtda/LICENSE-MODULES"

# packages ARCH: deb and rpm of the tree.
packages() {
	local root=$tmp/packages doc=$tmp/packages/usr/share/doc/rtda
	rm -rf "$root"
	mkdir "$root"
	cp -R "$tmp/tree" "$root/usr"
	gzip -9n "$root"/usr/share/man/man1/*
	cat "$doc/LICENSE" "$doc/LICENSE-MODULES" >"$root/copyright"
	rm "$doc"/LICENSE*
	sed 's,/usr/local/bin,/usr/bin,' contrib/rtda.service >"$root/rtda.service"
	for kind in deb rpm; do
		TREE=$root ARCH=$1 \
			"$tmp/tools/nfpm" package -f testdata/release/nfpm.yaml -p $kind -t "$out" >"$tmp/log" || { cat "$tmp/log"; exit 1; }
	done
}

for target in "${targets[@]}"; do
	name=$VERSION-${target/\//-}
	for c in $COMMANDS; do
		for_target "$target" $go build $TAGS -o "$tmp/tree/bin/$c" \
			-ldflags "-s -w -X rtda/cmd.version=$VERSION -X rtda/cmd.commit=$COMMIT -X rtda/cmd.date=$date" "$(place "$c")"
		"$tmp/tools/cyclonedx-gomod" bin -json -std -noserial -notimestamp -version "v$VERSION" \
			-output "$out/$c-$name.cdx.json" "$tmp/tree/bin/$c" 2>"$tmp/log" || { cat "$tmp/log"; exit 1; }
	done
	# Files only: unpacked into /usr/local, folders there stay as they are.
	(cd "$tmp" && find tree -type f | sort) | tar -C "$tmp" -T - --transform "s,^tree,rtda-$name," --owner=0 --group=0 \
		--numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --format=ustar -cf - | gzip -9n >"$out/rtda-$name.tar.gz"
	case $target in
	linux/armv7) packages arm7 ;;
	linux/*) packages "${target#*/}" ;;
	esac
	echo "built $target"
done
(cd "$out" && sha256sum -- * >SHA256SUMS)
