package parse

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// What is known of an input and of all of them is either saved or found out again:
// whoever adds a field decides which, in snapshot.go, and here.
func TestSnapshotKnowsEveryField(t *testing.T) {
	for _, c := range []struct {
		of              any
		saved, foundOut string
	}{
		{Origin{}, "Name Lines Place header above", "Open Alone Within Refused passed"}, // who reads it on says how; a header that is searched for is so anew
		{Place{}, "End long format known header above kinds", ""},
		{header{}, "names above", "col"},
		{Schema{}, "Fields Shown format known chosen kinds", "cfg end maxLine time probe fixed headless used trial units unitBatch watched"},
	} {
		typ := reflect.TypeOf(c.of)
		names := strings.Fields(c.saved + " " + c.foundOut)
		for i := range typ.NumField() {
			if name := typ.Field(i).Name; !slices.Contains(names, name) {
				t.Errorf("%s.%s is in no snapshot: save it, or say here that it is found out again", typ.Name(), name)
			}
		}
		if typ.NumField() != len(names) {
			t.Errorf("%s has %d fields, not %d", typ.Name(), typ.NumField(), len(names))
		}
	}
}
