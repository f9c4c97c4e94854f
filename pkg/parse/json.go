package parse

// maxFields is how many fields are measured when none is named.
const maxFields = 1000

// A jsonDecoder reads JSON objects. There are three ways to the values:
//
//   - a line like one before is compared with its skeleton (skeleton.go);
//   - of another fastjson makes a tree (jsontree.go);
//   - what fastjson is not given, or cannot tell exactly, is walked over in one
//     pass without a tree (jsonwalk.go).
//
// Which way a line goes depends on the lines before it, so nothing may show it:
// FuzzJSON holds that all three make the same of every line, JSON or not.
type jsonDecoder struct {
	jsonScanner
	coerce bool
	root   jsonNode
	keys   []int // slots of the key fields
	time   int   // slot of the time, -1 if there is none
	fields []int // slots of the measured fields
	flat   [][]byte
	deep   [][]byte  // by slot: the raw value at the flat name and along the path, nil if absent
	record uint64    // records read, marks the steps met in this one
	twice  *jsonStep // the first step met twice in this record
	buf    []byte    // an unescaped text

	tree treeReader
	raw  []byte // values copied out of the tree

	known   skeletons
	end     byte // of a line
	maxLine int
}

func newJSON(s *Schema) decoder { return newJSONDecoder(s) }

func newJSONDecoder(s *Schema) *jsonDecoder {
	d := &jsonDecoder{coerce: s.cfg.Coerce, time: -1, end: s.end, maxLine: s.maxLine}
	slots := map[string]int{}
	slot := func(path string) int {
		i, ok := slots[path]
		if !ok {
			i = len(slots)
			slots[path] = i
			d.root.add(path, i)
		}
		return i
	}
	for _, k := range s.cfg.Keys {
		d.keys = append(d.keys, slot(k))
	}
	if s.timed() {
		d.time = slot(s.cfg.Time)
	}
	for _, f := range s.Fields {
		d.fields = append(d.fields, slot(f))
	}
	d.flat, d.deep = make([][]byte, len(slots)), make([][]byte, len(slots))
	d.root.index()
	return d
}

func (d *jsonDecoder) decode(r *record, line []byte) {
	d.tell(r, line, d.climb(line) || d.walk(line))
	if r.reason == numReasons {
		d.learn(line)
	}
}

// begin forgets the values of the record before.
func (d *jsonDecoder) begin() {
	d.record++
	d.twice = nil
	clear(d.flat)
	clear(d.deep)
}

// meet notes that a member of the step is there.
func (d *jsonDecoder) meet(step *jsonStep) {
	if step.seen == d.record && d.twice == nil {
		d.twice = step
	}
	step.seen = d.record
}

// put notes the raw value of a step.
func (d *jsonDecoder) put(step *jsonStep, raw []byte) {
	if step.flat >= 0 {
		d.flat[step.flat] = raw
	}
	if step.slot >= 0 {
		d.deep[step.slot] = raw
	}
}
