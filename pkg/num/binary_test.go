package num

import (
	"math"
	"reflect"
	"slices"
	"testing"
)

// A tuple is one of everything that can be written.
type tuple struct {
	uint   uint64
	int    int64
	bool   bool
	text   string
	float  uint64 // its bits: a NaN too must come back
	floats []float64
	times  []int64
}

func (v *tuple) append(dst []byte) []byte {
	dst = AppendInt(AppendUint(dst, v.uint), v.int)
	dst = AppendText(AppendBool(dst, v.bool), v.text)
	dst = AppendFloat(dst, math.Float64frombits(v.float))
	return AppendTimes(AppendFloats(dst, v.floats), v.times)
}

func readTuple(d *Decoder) tuple {
	return tuple{
		uint: d.Uint(), int: d.Int(), bool: d.Bool(), text: d.Text(), float: math.Float64bits(d.Float()),
		floats: d.Floats(nil), times: d.Times(nil),
	}
}

var tuples = []tuple{
	{},
	{math.MaxUint64, math.MinInt64, true, "sensor\xff1", math.Float64bits(math.NaN()) | 5, []float64{0, math.Copysign(0, -1), math.Inf(1), 5e-324}, []int64{math.MinInt64, math.MaxInt64, 0}},
	{1 << 7, -65, false, "", math.Float64bits(1e300), []float64{1}, []int64{1e18, 1e18 + 1e9, 1e18 + 2e9}},
}

func TestBinary(t *testing.T) {
	for _, want := range tuples {
		b := want.append(nil)
		d := NewDecoder(b)
		got := readTuple(d)
		if err := d.Finish(); err != nil {
			t.Errorf("%+v: %v", want, err)
		}
		if !reflect.DeepEqual(got.append(nil), b) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		for cut := range b {
			d := NewDecoder(b[:cut])
			readTuple(d)
			if d.Finish() == nil {
				t.Errorf("%+v cut at %d of %d bytes is read as whole", want, cut, len(b))
			}
		}
	}
}

// A steady clock takes a byte a sample once two samples have told its step.
func TestSteadyTimesAreSmall(t *testing.T) {
	var ts []int64
	for i := range int64(1000) {
		ts = append(ts, 1777636800e9+i*1e9)
	}
	if n := len(AppendTimes(nil, ts)); n > 1030 {
		t.Errorf("1000 times of a steady clock take %d bytes", n)
	}
}

func TestDecoderBounds(t *testing.T) {
	d := NewDecoder(AppendUint(nil, 7))
	if d.Index(7); d.Err() == nil {
		t.Error("an index of 7 among 7 is read")
	}
	d = NewDecoder(append(AppendUint(nil, 2), make([]byte, 15)...))
	if d.Count(8); d.Err() == nil {
		t.Error("15 bytes are believed to hold 2 elements of 8")
	}
	if d.Uint() != 0 || d.Text() != "" || d.Len() != 0 {
		t.Error("something is read behind a mistake")
	}
	d = NewDecoder(AppendBool(nil, true))
	if d.Finish() == nil {
		t.Error("a byte that is left over is not seen")
	}
}

// What is read from any bytes and written is read again to the same, and no
// length makes more than was there.
func FuzzDecoder(f *testing.F) {
	for _, v := range tuples {
		f.Add(v.append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d := NewDecoder(b)
		v := readTuple(d)
		if 8*len(v.floats)+len(v.times)+len(v.text) > len(b) {
			t.Fatalf("%d bytes give %d floats, %d times and a text of %d", len(b), len(v.floats), len(v.times), len(v.text))
		}
		if d.Finish() != nil {
			return
		}
		again := NewDecoder(v.append(nil))
		w := readTuple(again)
		if again.Finish() != nil || !slices.Equal(w.append(nil), v.append(nil)) {
			t.Fatalf("read %+v, written and read again %+v", v, w)
		}
	})
}
