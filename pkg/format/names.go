package format

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Name gives a Layout the names that its rows bear, keys and columns: AGG for
// plain numbers, FIELD_AGG otherwise, with _WINDOW behind it when there are
// several windows. Every character but letters and digits, of any script,
// becomes _, and a name that is taken gets _2. The time, where there is a clock, is taken
// first, then what the caller says, the keys, the kept fields and the columns in
// their order.
// The slices it was given with stay as they are.
func Name(l *Layout, several bool, taken ...string) {
	names := used{}
	if l.Clock {
		names["time"] = 1
	}
	for _, name := range taken {
		names[name] = 1
	}
	l.Keys, l.Keep, l.Columns = slices.Clone(l.Keys), slices.Clone(l.Keep), slices.Clone(l.Columns)
	for _, fields := range [][]string{l.Keys, l.Keep} {
		for i, field := range fields {
			fields[i] = names.take(cleanName(field, isAlphanumeric))
		}
	}
	for i := range l.Columns {
		c := &l.Columns[i]
		c.Name = names.take(cleanName(columnName(c, several), isAlphanumeric))
	}
}

// columnName is the name of a column as it was asked for. A field without a
// name is the one of plain numbers.
func columnName(c *Column, several bool) string {
	name := c.Agg
	if c.Field != "" {
		name = c.Field + "_" + name
	}
	if several && c.Window != "" {
		name += "_" + c.Window
	}
	return name
}

// cleanName is s with _ for every character that stays not.
func cleanName(s string, stays func(rune) bool) string {
	clean := strings.Map(func(r rune) rune {
		if stays(r) {
			return r
		}
		return '_'
	}, s)
	if clean == "" {
		return "_"
	}
	return clean
}

// isAlphanumeric reports whether r is a letter or a digit, of any script.
func isAlphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// used are the names that are taken, each with the greatest n up to which
// name_n is known to be taken too.
type used map[string]int

// take takes name, or the first of name_2, name_3… that is free.
func (u used) take(name string) string {
	n := u[name]
	if n == 0 {
		u[name] = 1
		return name
	}
	for {
		n++
		if free := name + "_" + strconv.Itoa(n); u[free] == 0 {
			u[name], u[free] = n, 1
			return free
		}
	}
}

// rename is the keys of a Layout for a format that some of them may not have:
// fit says what a key is called there; all names stay unique.
func rename(l *Layout, fit func(key string) string) []string {
	names := used{}
	for _, c := range l.Columns {
		names[c.Name] = 1
	}
	for _, key := range l.Keys {
		if fit(key) == key {
			names[key] = 1
		}
	}
	keys := slices.Clone(l.Keys)
	for i, key := range keys {
		if name := fit(key); name != key {
			keys[i] = names.take(name)
		}
	}
	return keys
}
