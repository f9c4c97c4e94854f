package run

import (
	"rtda/pkg/agg"
	"rtda/pkg/detect"
)

// An Aggregate is a number that -a and rules can ask for: one that is read out of
// a window, or of the detector of a field.
type Aggregate struct {
	Name, Doc, Unit string
	OfNoWindow      bool // a detector's, which learns from all samples of the field
}

// Aggregates are all of them, in the order in which help shows them.
func Aggregates() []Aggregate {
	var all []Aggregate
	for i := range agg.Table {
		all = append(all, ofWindow(&agg.Table[i]))
	}
	for i := range detect.Table {
		all = append(all, ofDetector(&detect.Table[i]))
	}
	return all
}

func ofWindow(a *agg.Agg) Aggregate {
	return Aggregate{Name: a.Name, Doc: a.Doc, Unit: a.Unit.String()}
}

func ofDetector(s *detect.Stat) Aggregate {
	return Aggregate{Name: s.Name, Doc: s.Doc, Unit: s.Unit, OfNoWindow: true}
}

// LookupAggregate returns the aggregate of that name, and whether there is one.
func LookupAggregate(name string) (Aggregate, bool) {
	if a, ok := agg.Lookup(name); ok {
		return ofWindow(&a), true
	}
	s, ok := detect.Lookup(name)
	return ofDetector(&s), ok
}

// OfNoWindow tells whether an aggregate is of no window.
func OfNoWindow(name string) bool {
	_, ok := detect.Lookup(name)
	return ok
}

// aggregates are those of -a, parted into those of windows and those of none.
func (o *Options) aggregates() (ofWindow, ofNone []Aggregate) {
	for _, a := range o.Aggs {
		if a.OfNoWindow {
			ofNone = append(ofNone, a)
		} else {
			ofWindow = append(ofWindow, a)
		}
	}
	return ofWindow, ofNone
}

// AggNames returns the names of the aggregates.
func AggNames() []string { return namesOf(Aggregates()) }

func namesOf(aggs []Aggregate) []string {
	names := make([]string, len(aggs))
	for i, a := range aggs {
		names[i] = a.Name
	}
	return names
}
