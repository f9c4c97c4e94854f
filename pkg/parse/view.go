package parse

import "unsafe"

// view is b as a string without a copy, for calls that do not keep it and
// while b does not change: strconv.ParseFloat would otherwise cost a garbage
// string for each number of more than 32 characters. It is the only place of
// the package that is unsafe.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
