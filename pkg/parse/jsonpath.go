package parse

import (
	"strconv"
	"strings"
)

// manySteps is the number of steps above which a map finds them faster than a
// loop.
const manySteps = 8

// A jsonNode says which members of an object, or elements of an array, a
// record is asked for.
type jsonNode struct {
	steps   []*jsonStep
	byName  map[string]*jsonStep // if there are many; while steps are added, always
	byIndex map[int]*jsonStep    // of an array's elements, nil if no step is an index
	most    int                  // the largest index
}

// A jsonStep is one step of the paths that go through it.
type jsonStep struct {
	name string
	flat int       // slot of the path that is the name as a whole, dots and all; -1 if none
	slot int       // slot of the path that ends here, behind other steps; -1 if none
	sub  *jsonNode // how the paths go on; nil if none does
	seen uint64    // the record in which it was last met
}

// add makes the path end in the slot: as the flat name and, if it has dots,
// step by step.
func (n *jsonNode) add(path string, slot int) {
	n.step(path).flat = slot
	steps := strings.Split(path, ".")
	if len(steps) == 1 || len(steps) > maxDepth {
		return
	}
	for _, name := range steps[:len(steps)-1] {
		s := n.step(name)
		if s.sub == nil {
			s.sub = &jsonNode{}
		}
		n = s.sub
	}
	n.step(steps[len(steps)-1]).slot = slot
}

// step is the step of the name, made if it is new.
func (n *jsonNode) step(name string) *jsonStep {
	if s := n.byName[name]; s != nil {
		return s
	}
	s := &jsonStep{name: name, flat: -1, slot: -1}
	n.steps = append(n.steps, s)
	if n.byName == nil {
		n.byName = map[string]*jsonStep{}
	}
	n.byName[name] = s
	return s
}

// index prepares for find and element when all steps are there.
func (n *jsonNode) index() {
	if len(n.steps) <= manySteps {
		n.byName = nil
	}
	for _, s := range n.steps {
		if i, ok := elementIndex(s.name); ok {
			if n.byIndex == nil {
				n.byIndex = map[int]*jsonStep{}
			}
			n.byIndex[i], n.most = s, max(n.most, i)
		}
		if s.sub != nil {
			s.sub.index()
		}
	}
}

// elementIndex is the index that a step means in an array: digits without a
// zero before them.
func elementIndex(name string) (i int, ok bool) {
	i, err := strconv.Atoi(name)
	return i, err == nil && i >= 0 && strconv.Itoa(i) == name
}

// isValue reports whether the value at the step itself is asked for.
func (s *jsonStep) isValue() bool { return s.flat >= 0 || s.slot >= 0 }

// find is the step for a member's name, nil if it is not asked for.
func (n *jsonNode) find(name []byte) *jsonStep {
	if n.byName != nil {
		return n.byName[string(name)]
	}
	for _, s := range n.steps {
		if s.name == string(name) {
			return s
		}
	}
	return nil
}

// element is the step for an array's i-th element, nil if it is not asked for.
func (n *jsonNode) element(i int) *jsonStep {
	if i > n.most {
		return nil
	}
	return n.byIndex[i]
}
