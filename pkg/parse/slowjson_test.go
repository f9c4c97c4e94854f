package parse

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/valyala/fastjson"
)

// A slowJSON is the twin of jsonDecoder: encoding/json says what is JSON and
// how deep it is, fastjson finds the values in a tree, and every path is
// walked by itself.
type slowJSON struct {
	s *Schema
	p fastjson.Parser
}

func (d *slowJSON) fields([]byte, func([]byte, bool)) {}

func (d *slowJSON) decode(r *record, whole []byte) {
	line := whole
	text := strings.Trim(string(line), " \t\r\n")
	if text == "[" || text == "]" || text == "]," {
		r.ignore()
		return
	}
	if i := strings.Index(text, "{"); i > 0 {
		if before := strings.TrimRight(text[:i], " \t\r\n"); before[0] != '"' || before[len(before)-1] != ':' {
			line = []byte(text[i:])
		}
	}
	if cut, ok := bytes.CutSuffix(bytes.TrimRight(line, " \t\r\n"), []byte(",")); ok {
		line = cut
	}
	switch {
	case slowDepth(line) > maxDepth:
		r.fail(TooDeep, nil)
		return
	case !json.Valid(line) || !strings.HasPrefix(strings.TrimLeft(string(line), " \t\r\n"), "{"):
		r.fail(NotJSON, whole)
		return
	}
	root, err := d.p.ParseBytes(line)
	if err != nil {
		panic("fastjson refuses what encoding/json does not: " + string(line))
	}
	paths := append(append([]string(nil), d.s.cfg.Keys...), d.s.Fields...)
	if d.s.timed() {
		paths = append(paths, d.s.cfg.Time)
	}
	if name := firstTwice(root, paths); name != "" {
		r.fail(DuplicateField, []byte(name))
	}
	for i, k := range d.s.cfg.Keys {
		d.giveKey(r, i, slowFind(root, k))
	}
	if d.s.timed() {
		d.giveTime(r, slowFind(root, d.s.cfg.Time))
	}
	for i, f := range d.s.Fields {
		d.giveField(r, i, slowFind(root, f))
	}
}

// slowDepth is how deep the first value of line is nested up to where it
// stops being JSON.
func slowDepth(line []byte) int {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	depth, most := 0, 0
	for {
		t, err := dec.Token()
		if err != nil {
			return most
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
			most = max(most, depth)
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 || most > maxDepth {
			return most
		}
	}
}

// slowMember is the first value at the name in v, and how often the name is there.
func slowMember(v *fastjson.Value, name string) (found *fastjson.Value, n int) {
	switch v.Type() {
	case fastjson.TypeArray:
		a, _ := v.Array()
		if i, err := strconv.Atoi(name); err == nil && strconv.Itoa(i) == name && i >= 0 && i < len(a) {
			return a[i], 1
		}
	case fastjson.TypeObject:
		o, _ := v.Object()
		o.Visit(func(k []byte, m *fastjson.Value) {
			if string(k) == name {
				n++
				if found == nil {
					found = m
				}
			}
		})
	}
	return found, n
}

// firstTwice is a name that is there twice on one of the paths, "" if none is.
// The tests have no line with two such names.
func firstTwice(root *fastjson.Value, paths []string) string {
	for _, path := range paths {
		if _, n := slowMember(root, path); n > 1 {
			return path
		}
		v := root
		for _, step := range strings.Split(path, ".") {
			next, n := slowMember(v, step)
			if n > 1 {
				return step
			}
			if next == nil {
				break
			}
			v = next
		}
	}
	return ""
}

func slowFind(root *fastjson.Value, path string) *fastjson.Value {
	if v, n := slowMember(root, path); n > 0 {
		return v
	}
	v := root
	for _, step := range strings.Split(path, ".") {
		if v, _ = slowMember(v, step); v == nil {
			return nil
		}
	}
	return v
}

// slowText is the raw value, a string's content decoded, and what it is.
func slowText(v *fastjson.Value) (raw, text []byte, ok bool, t fastjson.Type) {
	if v == nil {
		return nil, nil, false, fastjson.TypeNull
	}
	raw = v.MarshalTo(nil) // before Type, which decodes strings
	t = v.Type()
	switch t {
	case fastjson.TypeString:
		raw = raw[1 : len(raw)-1]
		text, ok = slowUnescape(raw)
		return raw, text, ok, t
	case fastjson.TypeObject, fastjson.TypeArray:
		raw = []byte("[")
	}
	return raw, raw, true, t
}

var escapes = regexp.MustCompile(`\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.`)

func slowUnescape(raw []byte) (text []byte, ok bool) {
	ok = true
	text = escapes.ReplaceAllFunc(raw, func(e []byte) []byte {
		var s string
		json.Unmarshal([]byte(`"`+string(e)+`"`), &s)
		if len(e) == 6 {
			c, _ := strconv.ParseUint(string(e[2:]), 16, 16)
			ok = ok && !utf16.IsSurrogate(rune(c))
		}
		return []byte(s)
	})
	if text == nil {
		text = []byte{}
	}
	return text, ok
}

func (d *slowJSON) giveKey(r *record, i int, v *fastjson.Value) {
	raw, text, ok, t := slowText(v)
	switch {
	case t == fastjson.TypeNull:
	case t == fastjson.TypeObject || t == fastjson.TypeArray || !ok:
		r.badKey(i, raw)
	default:
		r.key(i, text)
	}
}

func (d *slowJSON) giveTime(r *record, v *fastjson.Value) {
	raw, text, ok, t := slowText(v)
	switch {
	case t == fastjson.TypeNull:
	case ok && (t == fastjson.TypeString || t == fastjson.TypeNumber):
		if ns, east, ok := r.time.Parse(text, '.'); ok {
			r.setTime(ns, east)
		} else {
			r.fail(BadTime, text)
		}
	default:
		r.fail(BadTime, raw)
	}
}

func (d *slowJSON) giveField(r *record, i int, v *fastjson.Value) {
	raw, text, ok, t := slowText(v)
	x, good := 0.0, false
	switch {
	case t == fastjson.TypeNull:
		return
	case t == fastjson.TypeNumber:
		x, good = slowNumber(string(text), ".")
	case t == fastjson.TypeString && d.s.cfg.Coerce:
		x, good = slowNumber(string(text), ".")
	}
	if good {
		r.vals[i] = x
		return
	}
	if !ok {
		text = raw
	}
	r.badValue(i, text, str)
}
