// Package num reads and writes numbers: as text, to the nearest float64 and back
// with as many digits as asked for, and as the bytes that a saved state is made
// of. It knows nothing of lines, fields or windows.
package num

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// The saved state of a run is written with the functions below, field by field,
// and read back by a Decoder that trusts nothing of what it reads.

// AppendUint appends n in as many bytes as it needs, 1 to 10, of seven bits each.
func AppendUint(dst []byte, n uint64) []byte { return binary.AppendUvarint(dst, n) }

// AppendInt appends n in 1 to 10 bytes; numbers near 0 take the fewest.
func AppendInt(dst []byte, n int64) []byte { return binary.AppendVarint(dst, n) }

// AppendFloat appends the 8 bytes of x, so that NaN and -0 come back as they were.
func AppendFloat(dst []byte, x float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(x))
}

// AppendFloats appends how many numbers the pieces have together and 8 bytes for
// each.
func AppendFloats(dst []byte, pieces ...[]float64) []byte {
	dst = AppendUint(dst, lengthOf(pieces))
	for _, xs := range pieces {
		n := len(dst)
		dst = slices.Grow(dst, 8*len(xs))[:n+8*len(xs)]
		for i, b := 0, dst[n:]; i < len(xs) && len(b) >= 8; i, b = i+1, b[8:] {
			binary.LittleEndian.PutUint64(b, math.Float64bits(xs[i]))
		}
	}
	return dst
}

func lengthOf[T any](pieces [][]T) (n uint64) {
	for _, p := range pieces {
		n += uint64(len(p))
	}
	return n
}

// AppendBool appends b in one byte.
func AppendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// AppendText appends the length of s and its bytes.
func AppendText[T string | []byte](dst []byte, s T) []byte {
	return append(AppendUint(dst, uint64(len(s))), s...)
}

// AppendTimes appends how many times the pieces have together and their
// differences, in which a steady stream of samples takes a few bytes for each.
func AppendTimes(dst []byte, pieces ...[]int64) []byte {
	dst = AppendUint(dst, lengthOf(pieces))
	last, step := int64(0), int64(0)
	for _, ts := range pieces {
		for len(ts) > 0 {
			dst = slices.Grow(dst, binary.MaxVarintLen64+len(ts))
			b, n := dst[len(dst):cap(dst)], 0
			for len(ts) > 0 && len(b)-n >= binary.MaxVarintLen64 {
				d := ts[0] - last - step // wraps around as it is read back
				last, step, ts = ts[0], ts[0]-last, ts[1:]
				if z := uint64(d)<<1 ^ uint64(d>>63); z < 0x80 {
					b[n] = byte(z)
					n++
				} else {
					n += binary.PutUvarint(b[n:], z)
				}
			}
			dst = dst[:len(dst)+n]
		}
	}
	return dst
}

// ErrDamaged says that bytes are not what one of the Append functions wrote.
var ErrDamaged = errors.New("damaged")

// A Decoder reads what the Append functions wrote. At the first thing that
// cannot be, it stops: Err tells, and all that is read from then on is zero. No
// length is believed that the bytes left could not fill, so reading takes no
// more memory than a small factor of what is read (16 for texts and times of
// one byte each).
type Decoder struct {
	b   []byte
	err error
}

// NewDecoder reads b, to which the texts it gives do not point.
func NewDecoder(b []byte) *Decoder { return &Decoder{b: b} }

// Err is nil as long as all that was asked for was there.
func (d *Decoder) Err() error { return d.err }

// Len is how many bytes are left.
func (d *Decoder) Len() int { return len(d.b) }

// Fail makes the Decoder stop; for values that are read well and cannot be.
func (d *Decoder) Fail() {
	if d.err == nil {
		d.err = ErrDamaged
	}
	d.b = nil
}

// Finish is Err, or ErrDamaged where something is left over.
func (d *Decoder) Finish() error {
	if len(d.b) > 0 {
		d.Fail()
	}
	return d.err
}

// Uint reads what AppendUint wrote.
func (d *Decoder) Uint() uint64 {
	n, size := binary.Uvarint(d.b)
	if size <= 0 {
		d.Fail()
		return 0
	}
	d.b = d.b[size:]
	return n
}

// Int reads what AppendInt wrote.
func (d *Decoder) Int() int64 {
	n := d.Uint()
	return int64(n>>1) ^ -int64(n&1)
}

// Index reads what AppendUint wrote and must be below n.
func (d *Decoder) Index(n int) int {
	i := d.Uint()
	if i >= uint64(max(n, 0)) {
		d.Fail()
		return 0
	}
	return int(i)
}

// Count reads a length that AppendUint wrote; as many elements of size bytes
// or more must follow.
func (d *Decoder) Count(size int) int {
	n := d.Uint()
	if n > uint64(len(d.b)/max(size, 1)) {
		d.Fail()
		return 0
	}
	return int(n)
}

// Float reads what AppendFloat wrote.
func (d *Decoder) Float() float64 {
	if len(d.b) < 8 {
		d.Fail()
		return 0
	}
	x := math.Float64frombits(binary.LittleEndian.Uint64(d.b))
	d.b = d.b[8:]
	return x
}

// Floats appends to dst what AppendFloats wrote.
func (d *Decoder) Floats(dst []float64) []float64 {
	for range d.Count(8) {
		dst = append(dst, d.Float())
	}
	return dst
}

// Times appends to dst what AppendTimes wrote.
func (d *Decoder) Times(dst []int64) []int64 {
	last, step := int64(0), int64(0)
	for range d.Count(1) {
		t := d.Int() + last + step
		dst = append(dst, t)
		last, step = t, t-last
	}
	return dst
}

// Bool reads what AppendBool wrote.
func (d *Decoder) Bool() bool {
	if len(d.b) == 0 || d.b[0] > 1 {
		d.Fail()
		return false
	}
	b := d.b[0] == 1
	d.b = d.b[1:]
	return b
}

// Text reads what AppendText wrote.
func (d *Decoder) Text() string { return string(d.Bytes()) }

// Bytes reads what AppendText wrote; it points into what is decoded.
func (d *Decoder) Bytes() []byte {
	n := d.Count(1)
	b := d.b[:n:n]
	d.b = d.b[n:]
	return b
}
