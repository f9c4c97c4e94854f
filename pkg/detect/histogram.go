package detect

import "math"

// A histogram counts gaps and says how rare one is. Its bins are a quarter of an
// octave each, from 2^−64 to 2^68. A gap weighs twice as much as one 2000
// earlier: an exponential memory in whole numbers, which no order of adding can
// change. It takes 2.3 KB; a gap costs some 15 additions and a logarithm.
type histogram struct {
	counts [bins]uint32
	blocks [bins / block]uint32 // sums of 16 bins each
	total  uint32
	top    int16 // highest bin with a count, 0 if there is none
	k      int16 // gaps since the last halving
}

const (
	bins   = 528
	block  = 16
	halfAt = 2000 // gaps after which the counts are halved
)

// bin is where a gap ≥ 0 is counted: by its exponent and the two highest bits of
// its mantissa.
func bin(gap float64) int {
	return min(max(int(math.Float64bits(gap)>>50)-4*(1023-64), 0), bins-1)
}

// add counts a gap and returns its surprise: −log10 of the share of gaps that
// were as large, and where none was, a decade for each decade beyond the largest.
func (h *histogram) add(gap float64) float64 {
	b := bin(gap)
	w := uint32(1024 + 1024*int(h.k)/halfAt)
	c := h.counts[b]/2 + h.above(b)
	s := float64(log10of2 * log2(float64(h.total+w)/(float64(2*c+w)/2)))
	if c == 0 && h.top > 0 {
		s += float64(log10of2 / 4 * float64(b-int(h.top)))
	}
	h.counts[b] += w
	h.blocks[b/block] += w
	h.total += w
	h.top = max(h.top, int16(b))
	if h.k++; h.k == halfAt {
		h.k = 0
		for i := range h.counts {
			h.counts[i] /= 2
		}
		h.sum()
	}
	return s
}

// above is the sum of the counts of all bins higher than b.
func (h *histogram) above(b int) uint32 {
	c := uint32(0)
	for _, n := range h.counts[b+1 : (b/block+1)*block] {
		c += n
	}
	for _, n := range h.blocks[b/block+1:] {
		c += n
	}
	return c
}

// sum computes what follows from the counts.
func (h *histogram) sum() {
	clear(h.blocks[:])
	h.total, h.top = 0, 0
	for i, n := range h.counts {
		h.blocks[i/block] += n
		h.total += n
		if n > 0 {
			h.top = int16(i)
		}
	}
}
