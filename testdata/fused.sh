#!/bin/sh
# fused.sh [ARCH...] (default arm64): fails where the compiler has fused a
# product with a sum in one of our packages. Some CPUs have such an instruction
# and some do not, so that results would differ in their last digits; a product
# within float64() is rounded for itself on all. math.FMA is exact everywhere
# and may stay. Conversions of a float64 to an unsigned integer are refused as
# well: what a negative one becomes differs, too. Convert by way of int64.
set -eu
cd "$(dirname "$0")/.."
listing=$(mktemp)
trap 'rm -f "$listing"' EXIT
module=$(${GO:-go} list -m)
failed=0
for arch in "${@:-arm64}"; do
	GOARCH=$arch CGO_ENABLED=0 ${GO:-go} build -trimpath -gcflags="$module/...=-S" ./... 2>"$listing"
	grep -q '	FMOVD	' "$listing" || grep -q '	[MF]*MOVD	' "$listing" || { echo "no listing for $arch"; exit 1; }
	for place in $(grep -E "	(W?FN?M(ADD|SUB)[SD]?|WFN?M[AS][SD]B|V?FN?M(ADD|SUB)[SD]?[PB]?|FCVTZU[SD]W?|FCVT(LU|WU)[SD]|CLG[DE]BR|FTINTRZ.*U)	" "$listing" |
		sed -n "s,^[^(]*($module/\([^):]*:[0-9]*\)).*,\1,p" | sort -u); do
		line=$(sed -n "${place#*:}p" "${place%:*}")
		case $line in
		*math.FMA\(*) ;;
		*) failed=1; echo "$place: fused or unsigned on $arch: $line" ;;
		esac
	done
done
exit $failed
