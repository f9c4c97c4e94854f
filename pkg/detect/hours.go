package detect

// hours are what is usual in each hour of the day: an average that an hour's
// visits of one day move by about a quarter at most, however many samples a
// visit has. At one sample a second a fixed rate of 0.02 would forget yesterday
// within a minute. Finer bins, and interpolation between bins, were worse by 0.6
// to 1.8 points of the Numenta benchmark. It takes 0.5 KB and two divisions a
// sample.
type hours struct {
	last  int // hour of the last sample
	usual [24]float64
	seen  [24]uint32 // samples ever
	today [24]uint32 // samples of the current visit
	full  [24]uint32 // samples of the visit before
}

// maxSeen is where the counts of an hour stop. Beyond it counting changes no
// rate by more than rounding would.
const maxSeen = 1 << 31

// ask makes b the hour of the sample that is to be learned, and returns what is
// usual in it, known from its third sample on.
func (h *hours) ask(b int) (usual float64, known bool) {
	if b != h.last {
		h.last, h.full[b], h.today[b] = b, h.today[b], 0
	}
	return h.usual[b], h.seen[b] >= 2
}

// learn takes x into the hour asked for last.
func (h *hours) learn(x float64) {
	b := h.last
	h.seen[b] = min(h.seen[b]+1, maxSeen)
	h.today[b] = min(h.today[b]+1, maxSeen)
	rate := max(min(0.02, 0.24/float64(max(1, h.full[b]))), 1/float64(h.seen[b]))
	h.usual[b] += float64(rate * (x - h.usual[b]))
}
