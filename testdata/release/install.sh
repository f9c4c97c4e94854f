#!/bin/sh
# install.sh PREFIX copies the commands (COMMANDS) that make has built, with man
# pages, completions and documents, below PREFIX; install.sh -u PREFIX takes them
# away again.
set -eu
umask 022
undo=
[ "$1" != -u ] || { undo=yes; shift; }
prefix=$1

# put FILE COMMAND...: FILE below the prefix is what the command prints.
put() {
	file=$prefix/$1
	shift
	rm -f "$file"
	[ -z "$undo" ] || return 0
	mkdir -p "$(dirname "$file")"
	"$@" >"$file"
}

for c in $COMMANDS; do
	[ -n "$undo" ] || [ -x "./$c" ] || { echo "./$c is not there: run make first"; exit 1; }
	put bin/$c cat ./$c
	[ -n "$undo" ] || chmod 755 "$prefix/bin/$c"
	put share/man/man1/$c.1 ./$c man
	put share/bash-completion/completions/$c ./$c completion bash
	put share/zsh/site-functions/_$c ./$c completion zsh
	put share/fish/vendor_completions.d/$c.fish ./$c completion fish
done
doc=$prefix/share/doc/rtda
rm -rf "$doc"
[ -z "$undo" ] || exit 0
mkdir -p "$doc/testdata"
cp -R README.md CHANGELOG.md LICENSE docs contrib "$doc"
cp -R testdata/docs "$doc/testdata" # what the commands of the documents read
chmod -R u=rwX,go=rX "$doc"
