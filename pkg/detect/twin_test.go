package detect

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"
)

// A twin computes what a Detector does in the plainest way: every list is
// searched from its beginning, and every sum is added up anew.
type twin struct {
	clock              bool
	n                  int
	usual              [24]float64
	seen, today, full  [24]int
	hour               int
	l, s, v, w, p      float64
	spreads            []float64
	views              [5]twinView
	calm               int
	peak               float64
	anomaly, surprise  float64
	a, b               [3]float64
	last, trend, scale float64
	up, down           float64
	e                  [7]float64
	fc, lower, upper   float64
}

type twinView struct {
	merge   float64
	centres []twinCentre
	counts  [528]int
	k       int
}

type twinCentre struct {
	at float64
	n  int
}

func (w *twin) push(hour int, x float64) {
	w.n++
	x = math.Max(-1e150, math.Min(1e150, x))
	usual, known := 0.0, false
	if w.clock {
		if hour != w.hour {
			w.full[hour], w.today[hour], w.hour = w.today[hour], 0, hour
		}
		usual, known = w.usual[hour], w.seen[hour] >= 2
	}
	w.detect(x, usual, known)
	w.foresee(x, usual, known)
	if w.clock {
		w.seen[hour]++
		w.today[hour]++
		rate := math.Max(math.Min(0.02, 0.24/math.Max(1, float64(w.full[hour]))), 1/float64(w.seen[hour]))
		w.usual[hour] += float64(rate * (x - w.usual[hour]))
	}
}

func (w *twin) detect(x, usual float64, known bool) {
	n := float64(w.n)
	r := x
	if w.clock && known {
		r = x - usual
	} else if w.clock {
		r = 0
	}
	a := math.Max(2.0/41, 1/n)
	if w.n == 1 {
		w.l, w.s = r, r
	}
	dev := r - w.l
	jump := r - w.s
	w.l += float64(a * dev)
	w.v = (1 - a) * (w.v + float64(a*float64(dev*dev)))
	w.w += float64(math.Max(1.0/4000, 1/n) * (float64(dev*dev) - w.w))
	w.s += float64(math.Max(0.5, 1/n) * jump)
	spread := 0.0
	if w.w >= math.Ldexp(1, -900) {
		spread = twinLog2(w.v+float64(w.w*math.Ldexp(1, -40))) / 2
	}
	w.spreads = append(w.spreads, spread)

	values := []float64{x, w.l, jump, spread, r}
	if !w.clock {
		values = values[:4]
	}
	s := make([]float64, 5)
	for i, value := range values {
		view := &w.views[i]
		gap := view.ask(value, w.n)
		if i == 3 {
			if w.n >= 21 {
				view.learn(w.spreads[w.n-21], w.n)
			}
		} else {
			view.learn(value, w.n)
		}
		if w.n <= 11 || i == 3 && w.n <= 31 {
			gap = 0
		}
		s[i] = view.surprise(gap)
	}
	p := s[0]
	if w.clock {
		p = s[4]
	}
	w.p += float64(a * (p - w.p))
	if w.n <= 200 {
		return
	}
	most := math.Max(math.Max(s[0], s[1]), math.Max(0.8*s[2], 0.9*s[3]))
	w.surprise = most + float64(0.5*(w.p-0.4343)) - float64(float64(0.77*log10of2)*twinLog2(math.Min(math.Max(n, 300), 20000)))
	score := 1 / (1 + twinExp2(-w.surprise/log10of2))
	if w.surprise >= 0 {
		w.calm = int(math.Max(20, math.Min(400, math.Floor(0.03*n))))
		w.peak = math.Max(w.peak, score)
	} else if w.calm > 0 {
		w.calm--
	}
	if w.calm == 0 {
		w.peak, w.anomaly = 0, score
	} else {
		w.anomaly = w.peak
	}
}

func (v *twinView) index(x float64) int {
	return sort.Search(len(v.centres), func(i int) bool { return v.centres[i].at >= x })
}

// nearest removes old centres beside x and returns which of those left is nearest.
func (v *twinView) nearest(x float64, n int) (at int, gap float64) {
	i := v.index(x)
	for i < len(v.centres) && n-v.centres[i].n > 4000 {
		v.centres = slices.Delete(v.centres, i, i+1)
	}
	for i > 0 && n-v.centres[i-1].n > 4000 {
		v.centres = slices.Delete(v.centres, i-1, i)
		i--
	}
	gap = math.Inf(1)
	if i < len(v.centres) {
		at, gap = i, v.centres[i].at-x
	}
	if i > 0 && x-v.centres[i-1].at < gap {
		at, gap = i-1, x-v.centres[i-1].at
	}
	return at, gap
}

func (v *twinView) ask(x float64, n int) float64 {
	_, gap := v.nearest(x, n)
	return gap
}

func (v *twinView) learn(x float64, n int) {
	young := func() {
		v.centres = slices.DeleteFunc(v.centres, func(c twinCentre) bool { return n-c.n > 4000 })
	}
	if at, gap := v.nearest(x, n); gap <= v.merge {
		v.centres[at].n = n
	} else {
		if len(v.centres) == 512 {
			young()
			v.thin()
		}
		v.centres = slices.Insert(v.centres, v.index(x), twinCentre{x, n})
	}
	if n%500 == 0 && v.merge > 0 {
		young()
		if len(v.centres) < 128 {
			v.merge /= 2
		}
	}
}

func (v *twinView) thin() {
	for len(v.centres) > 384 {
		if v.merge == 0 {
			v.merge = math.Inf(1)
			for i := 1; i < len(v.centres); i++ {
				v.merge = math.Min(v.merge, v.centres[i].at-v.centres[i-1].at)
			}
		}
		v.merge = math.Max(1.5*v.merge, math.Ldexp(1, -1000))
		var kept []twinCentre
		for _, c := range v.centres {
			if len(kept) == 0 || c.at-kept[len(kept)-1].at > v.merge {
				kept = append(kept, c)
			} else if last := &kept[len(kept)-1]; c.n > last.n {
				last.n = c.n
			}
		}
		v.centres = kept
	}
}

func (v *twinView) surprise(gap float64) float64 {
	b := int(math.Float64bits(gap)>>50) - 4*(1023-64)
	b = max(0, min(527, b))
	w := 1024 + 1024*v.k/2000
	c, total, top := v.counts[b]/2, 0, 0
	for i, k := range v.counts {
		total += k
		if k > 0 {
			top = i
		}
		if i > b {
			c += k
		}
	}
	s := float64(log10of2 * twinLog2(float64(total+w)/(float64(c)+float64(w)/2)))
	if c == 0 && top > 0 {
		s += float64(log10of2 / 4 * float64(b-top))
	}
	v.counts[b] += w
	if v.k++; v.k == 2000 {
		v.k = 0
		for i := range v.counts {
			v.counts[i] /= 2
		}
	}
	return s
}

func (w *twin) foresee(x, u float64, known bool) {
	if w.n == 1 {
		w.last, w.up, w.down = x, 3, 3
	}
	if !known {
		u = w.last
	}
	says := []float64{w.a[0], w.a[1], w.a[2], w.last + w.trend, w.b[0] + u, w.b[1] + u, w.b[2] + u}
	if !w.clock {
		says = says[:4]
	}
	if w.n > 1 {
		best := slices.Min(w.e[:len(says)])
		above, below := 0.0, 0.0
		for i, v := range says {
			weight := 1.0
			if w.e[i] > best {
				weight = best / w.e[i]
				for range 3 {
					weight *= weight
				}
			}
			above += float64(weight * (v - w.last))
			below += weight
		}
		w.fc = w.last + above/below
		w.lower = w.fc - float64(w.scale*w.down)
		w.upper = w.fc + float64(w.scale*w.up)
	}
	per := 1 / float64(w.n-1)
	if w.n > 10 {
		h := math.Max(0.2, 4*per)
		over, under := 0.0, 0.0
		if x > w.upper {
			over = 1
		}
		if x < w.lower {
			under = 1
		}
		w.up = math.Max(0, w.up+float64(h*(over-0.025)))
		w.down = math.Max(0, w.down+float64(h*(under-0.025)))
	}
	if w.n > 1 {
		g := math.Max(0.02, per)
		w.scale += float64(g * (math.Abs(x-w.fc) - w.scale))
		for i, v := range says {
			w.e[i] += float64(g * (math.Abs(x-v) - w.e[i]))
		}
	}
	n := float64(w.n)
	w.trend += float64(math.Max(0.03, 1/n) * (x - w.last - w.trend))
	w.last = x
	for i, alpha := range []float64{1, 0.3, 0.05} {
		w.a[i] += float64(math.Max(alpha, 1/n) * (x - w.a[i]))
		w.b[i] += float64(math.Max(alpha, 1/n) * (x - u - w.b[i]))
	}
}

// values are those of the stats in the order of Table.
func (w *twin) values() []float64 {
	all := []float64{w.anomaly, w.surprise, w.fc, w.lower, w.upper}
	for i, from := range []int{201, 201, 2, 11, 11} {
		if w.n < from {
			all[i] = math.NaN()
		}
	}
	return all
}

func twinLog2(x float64) float64 {
	m, e := math.Frexp(x) // m in [½, 1)
	m, e = 2*m, e-1
	if m > math.Sqrt2 {
		m, e = m/2, e+1
	}
	z := (m - 1) / (m + 1)
	q := z * z
	p := q / 13
	for i := 11.0; i > 1; i -= 2 {
		p = float64((1/i + p) * q)
	}
	return float64(e) + float64(2*math.Log2E*float64(z*(1+p)))
}

func twinExp2(x float64) float64 {
	x = math.Max(-1000, math.Min(1000, x))
	k := math.Floor(x + 0.5)
	t := float64((x - k) * math.Ln2)
	y, factorial := 0.0, 39916800.0
	for i := 11; i >= 0; i-- {
		y = 1/factorial + float64(y*t)
		factorial /= float64(max(i, 1))
	}
	return math.Ldexp(y, int(k))
}

// series are inputs of many kinds, n samples each, with the time of the i-th.
var series = []struct {
	name string
	x    func(r *rand.Rand, i int, last float64) float64
}{
	{"white", func(r *rand.Rand, _ int, _ float64) float64 { return r.NormFloat64() }},
	{"walk", func(r *rand.Rand, _ int, last float64) float64 { return last + r.NormFloat64() }},
	{"daily wave", func(r *rand.Rand, i int, _ float64) float64 {
		return math.Abs(float64(i%288-144)) + r.NormFloat64()
	}},
	{"whole numbers", func(r *rand.Rand, _ int, _ float64) float64 { return float64(r.IntN(9)) }},
	{"constant", func(*rand.Rand, int, float64) float64 { return 7 }},
	{"steps", func(r *rand.Rand, i int, _ float64) float64 { return float64(i / 700) }},
	{"ramp", func(_ *rand.Rand, i int, _ float64) float64 { return float64(i) }},
	{"spikes", func(r *rand.Rand, _ int, _ float64) float64 { return math.Pow(r.Float64(), -3) }},
	{"wide", func(r *rand.Rand, _ int, _ float64) float64 { return math.Ldexp(r.NormFloat64(), r.IntN(2000)-1000) }},
	{"extreme", func(r *rand.Rand, _ int, _ float64) float64 {
		return []float64{0, math.Copysign(0, -1), 5e-324, -1e300, math.MaxFloat64, 1, 1 + 0x1p-52}[r.IntN(7)]
	}},
}

// TestTwin compares every value with that of the slow twin, bit for bit.
func TestTwin(t *testing.T) {
	for _, c := range series {
		for _, clock := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/clock=%v", c.name, clock), func(t *testing.T) {
				r := rand.New(rand.NewPCG(3, 4))
				last := 0.0
				compare(t, clock, 6000, func(i int) (int64, float64) {
					last = c.x(r, i, last)
					return int64(i) * 300e9, last
				})
			})
		}
	}
}

// compare holds a detector to its twin over n samples.
func compare(t *testing.T, clock bool, n int, sample func(i int) (int64, float64)) {
	t.Helper()
	d, w := NewPlan(Table, clock, nil).New(), &twin{clock: clock}
	for i := range n {
		at, x := sample(i)
		d.Push(at, x)
		w.push(time.Unix(0, at).UTC().Hour(), x)
		for j, want := range w.values() {
			got := d.Value(j)
			if math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) {
				t.Fatalf("sample %d, x=%v: %s = %v, want %v", i+1, x, Table[j].Name, got, want)
			}
			if i >= quiet && (math.IsNaN(got) || math.IsInf(got, 0)) {
				t.Fatalf("sample %d, x=%v: %s = %v is not finite", i+1, x, Table[j].Name, got)
			}
		}
	}
}

// FuzzTwin gives detector and twin a series that the bytes make up: each is a
// new value, a repetition, a jump, or a step of time.
func FuzzTwin(f *testing.F) {
	f.Add([]byte{1, 2, 3, 200, 255}, uint64(1), true)
	f.Add([]byte{0}, uint64(2), false)
	f.Add([]byte("a series of letters, again and again"), uint64(3), true)
	f.Fuzz(func(t *testing.T, data []byte, seed uint64, clock bool) {
		if len(data) == 0 {
			return
		}
		r := rand.New(rand.NewPCG(seed, 5))
		at, x := int64(0), 0.0
		compare(t, clock, 1200, func(i int) (int64, float64) {
			op := data[i%len(data)]
			switch op >> 6 {
			case 0:
				x = r.NormFloat64() * float64(op+1)
			case 1:
				x += float64(op&63) - 32
			case 2:
				x = math.Ldexp(r.NormFloat64(), int(op&63)*33-1000)
			}
			at += int64(op&63) * 60e9
			return at, x
		})
	})
}
