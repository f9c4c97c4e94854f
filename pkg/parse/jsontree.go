package parse

import (
	"bytes"

	"github.com/valyala/fastjson"
)

// A tree is made of lines that have at most maxTree bytes and maxValues values.
// It takes 88 bytes for a value, and making it leaves four times that to the
// garbage collector. With the bytes alone bounded, a file of lines of 64 KiB
// that are arrays of digits took rtda to 168 MB and 20 times as long.
const (
	maxTree   = 64 << 10
	maxValues = 1 << 10
)

// climb finds the values asked for in the tree that fastjson makes of the line.
// It is false for lines on which walk has to decide: those that are large, or
// not good, or of which the tree does not tell exactly what stands there.
//
// fastjson only gets what isObject has passed. It takes 01, 1-2, NaN and raw
// control characters itself, goes 300 levels deep, and the text of its errors
// can be many times as long as the line. Of the values only raw text is taken,
// because its floats are off by an ulp or more for a third of the numbers with
// an exponent.
func (d *jsonDecoder) climb(line []byte) bool {
	if len(line) > maxTree || hasManyValues(line) || !d.isObject(line) || hasSurrogate(line) {
		return false
	}
	o := d.tree.parse(line)
	if o == nil {
		return false
	}
	d.begin()
	d.raw = d.raw[:0]
	return d.visit(o, &d.root)
}

// visit takes from an object the members that are asked for. It goes over all
// of them, as Get would not see that a name is there twice.
func (d *jsonDecoder) visit(o *fastjson.Object, n *jsonNode) bool {
	exact := true
	o.Visit(func(name []byte, v *fastjson.Value) {
		if step := n.find(name); step != nil {
			d.meet(step)
			exact = exact && d.take(v, step)
		}
	})
	return exact
}

// visitElements takes from an array the elements that are asked for.
func (d *jsonDecoder) visitElements(a []*fastjson.Value, n *jsonNode) bool {
	for i, v := range a {
		if step := n.element(i); step != nil && !d.take(v, step) {
			return false
		}
	}
	return true
}

// take notes the value at a step and what is asked for inside it. An object or
// array that is asked for itself is not told exactly: complaints quote it, and
// the white space in it is lost.
func (d *jsonDecoder) take(v *fastjson.Value, step *jsonStep) bool {
	// Neither of these decodes strings in place, as Type would.
	o, a := v.GetObject(), v.GetArray()
	switch {
	case step.isValue() && (o != nil || a != nil):
		return false
	case step.isValue():
		n := len(d.raw)
		d.raw = v.MarshalTo(d.raw)
		d.put(step, d.raw[n:])
		return d.raw[n] != '[' // an empty array is nil
	case o != nil:
		return d.visit(o, step.sub)
	case step.sub.byIndex != nil:
		return d.visitElements(a, step.sub)
	}
	return true
}

// hasManyValues reports whether there may be more than maxValues values in the
// line: each of them has a comma or an opening bracket before it. Those that
// stand in strings are counted too; walk reads such a line as well.
func hasManyValues(line []byte) bool {
	if len(line) <= maxValues {
		return false
	}
	n := 0
	for _, c := range [...]string{",", "[", "{"} {
		n += bytes.Count(line, []byte(c))
	}
	return n > maxValues
}

// hasSurrogate reports whether there may be the escape of half a surrogate pair
// in the line: where the other half is missing fastjson makes up a text, which
// must not pass for the name of a member.
func hasSurrogate(line []byte) bool {
	return bytes.IndexByte(line, '\\') >= 0 &&
		(bytes.Contains(line, []byte(`\ud`)) || bytes.Contains(line, []byte(`\uD`)))
}

// A treeReader makes trees in memory that it uses again, but not for ever. A
// fastjson.Parser keeps, for the first value of a line, the second and so on,
// the longest array and object that stood there in any line. Lines that are
// made for it let that grow with the square of their values: to 6 MB with as
// many as a tree may have, for each worker (TestClimbMemory).
type treeReader struct {
	parser fastjson.Parser
	large  int // bytes of large lines that the parser has read
}

const (
	largeLine = 512     // longer ones are large
	maxLarge  = 8 << 10 // bytes of large lines after which a parser is dropped
)

// parse is the object that the line holds, nil if fastjson finds none. It is
// valid until the next call.
func (t *treeReader) parse(line []byte) *fastjson.Object {
	v, err := t.parser.ParseBytes(line)
	if len(line) > largeLine {
		t.large += len(line)
	}
	if t.large > maxLarge {
		*t = treeReader{} // the tree lives on as long as it is used
	}
	if err != nil {
		return nil
	}
	return v.GetObject()
}
