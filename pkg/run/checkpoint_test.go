package run

import (
	"reflect"
	"testing"

	"rtda/pkg/state"
)

// A state is read as it was written, each field of it.
func TestSavedComesBack(t *testing.T) {
	s := &saved{Stream: []byte("stream")}
	n := int64(0)
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) { // each field has another value
		for i := range v.NumField() {
			f := v.Field(i)
			if n++; !f.CanSet() {
				continue
			}
			switch f.Kind() {
			case reflect.Int, reflect.Int64:
				f.SetInt(n)
			case reflect.Uint64:
				f.SetUint(uint64(n))
			case reflect.Bool:
				f.SetBool(true)
			case reflect.String:
				f.SetString(v.Type().Field(i).Name)
			case reflect.Struct:
				fill(f)
			case reflect.Slice:
				if f.Type().Elem().Kind() == reflect.Struct {
					f.Set(reflect.MakeSlice(f.Type(), 2, 2))
					fill(f.Index(0))
				}
			}
		}
	}
	fill(reflect.ValueOf(s).Elem())
	b := append(s.append(nil), s.Stream...)
	got, err := readSaved(b)
	if err != nil || !reflect.DeepEqual(got, s) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, s)
	}
	for i := range b {
		if _, err := readSaved(b[:i]); err == nil {
			t.Fatalf("%d bytes of %d are a state", i, len(b))
		}
	}
}

// No bytes make reading panic, or take much more memory than they are.
func FuzzReadSaved(f *testing.F) {
	s := &saved{Version: "v", Flags: []flagText{{"-w", "3"}}, Inputs: []savedFile{{Name: "in", Can: true, Position: state.Position{Offset: 7}}}}
	f.Add(s.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := readSaved(b)
		if err == nil && len(got.Flags)+len(got.Inputs)+len(got.Outputs) > len(b) {
			t.Fatalf("%d bytes are %d files", len(b), len(got.Inputs))
		}
	})
}
