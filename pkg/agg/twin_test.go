package agg

import (
	"math"
	"math/big"
)

// prec is enough bits for the squares of deviations of what does not cancel out
// in float64 to cancel out exactly.
const prec = 400

// slow computes every aggregate from the samples of one window alone, in
// arithmetic of prec bits.
type slow struct {
	xs   []float64
	ts   []int64
	now  int64  // to which the last sample is held
	prev sample // the one before
	plan *Plan
	memo *[4]*big.Float // exact of xs
}

func exactly(x float64) *big.Float { return new(big.Float).SetPrec(prec).SetFloat64(x) }

func (s slow) value(a Agg) float64 {
	n := len(s.xs)
	if n == 0 {
		return map[bool]float64{true: 0, false: math.NaN()}[a.Name == "count"]
	}
	first, last, ddof := s.xs[0], s.xs[n-1], int(s.plan.ddof)
	switch a.Name {
	case "count":
		return float64(n)
	case "first":
		return first
	case "last":
		return last
	case "min", "max", "range":
		lo, hi := math.Inf(1), math.Inf(-1)
		for _, x := range s.xs {
			lo, hi = math.Min(lo, x), math.Max(hi, x)
		}
		return map[string]float64{"min": lo, "max": hi, "range": finite(hi - lo)}[a.Name]
	case "delta":
		return finite(last - first)
	case "z":
		if n == 1 {
			return math.NaN()
		}
		mean, m2, _, _ := exact(s.xs[:n-1])
		if n-1 <= ddof || m2.Sign() == 0 {
			return math.NaN()
		}
		sd := new(big.Float).Sqrt(quo(m2, exactly(float64(n-1-ddof))))
		return float(quo(sub(exactly(last), mean), sd))
	case "ewma":
		return s.ewma()
	case "increase":
		return float(s.increase())
	case "rate":
		return s.rate()
	case "twa":
		return s.twa()
	case "slope":
		return s.slope()
	case "median", "iqr", "mad", "rz":
		return s.ranks(a.Name)
	}
	if _, ok := percent(a.Name); ok {
		return quantileOf(s.xs, a.q)
	}
	return s.moment(a.Name, ddof)
}

func (s slow) moment(name string, ddof int) float64 {
	n := exactly(float64(len(s.xs)))
	mean, m2, m3, m4 := s.exact()
	v := quo(m2, n)
	switch name {
	case "sum":
		return float(mul(mean, n))
	case "mean":
		return float(mean)
	case "rms":
		return float(new(big.Float).Sqrt(add(v, mul(mean, mean))))
	case "skew", "kurt":
		if m2.Sign() == 0 {
			return math.NaN()
		}
		if name == "kurt" {
			return float(sub(quo(quo(m4, n), mul(v, v)), exactly(3)))
		}
		return float(quo(quo(m3, n), mul(v, new(big.Float).Sqrt(v))))
	}
	if len(s.xs) <= ddof {
		return math.NaN()
	}
	v = quo(m2, exactly(float64(len(s.xs)-ddof)))
	sd := new(big.Float).Sqrt(v)
	switch name {
	case "var":
		return float(v)
	case "std":
		return float(sd)
	case "cv":
		if float(mean) == 0 {
			return math.NaN()
		}
		return float(quo(sd, mean))
	}
	panic("teach the twin " + name)
}

func quo(a, b *big.Float) *big.Float { return new(big.Float).Quo(a, b) }
func mul(a, b *big.Float) *big.Float { return new(big.Float).Mul(a, b) }
func add(a, b *big.Float) *big.Float { return new(big.Float).Add(a, b) }
func sub(a, b *big.Float) *big.Float { return new(big.Float).Sub(a, b) }

func float(x *big.Float) float64 {
	f, _ := x.Float64()
	return finite(f)
}

// exact is exact of all samples, worked out once.
func (s slow) exact() (mean, m2, m3, m4 *big.Float) {
	if s.memo[0] == nil {
		s.memo[0], s.memo[1], s.memo[2], s.memo[3] = exact(s.xs)
	}
	return s.memo[0], s.memo[1], s.memo[2], s.memo[3]
}

// exact returns the mean and the sums of the powers of the deviations.
func exact(xs []float64) (mean, m2, m3, m4 *big.Float) {
	sum := exactly(0)
	for _, x := range xs {
		sum.Add(sum, exactly(x))
	}
	mean = quo(sum, exactly(float64(len(xs))))
	m2, m3, m4 = exactly(0), exactly(0), exactly(0)
	constant := true
	for _, x := range xs {
		constant = constant && x == xs[0]
		d := sub(exactly(x), mean)
		dd := mul(d, d)
		m2.Add(m2, dd)
		m3.Add(m3, mul(dd, d))
		m4.Add(m4, mul(dd, dd))
	}
	if constant {
		m2, m3, m4 = exactly(0), exactly(0), exactly(0)
	}
	return mean, m2, m3, m4
}

func quantileOf(xs []float64, q float64) float64 {
	return slowOrder(xs).sorted().quantile(q)
}

func (s slow) ranks(name string) float64 {
	switch name {
	case "median":
		return slowOrder(s.xs).sorted().median()
	case "iqr":
		return finite(quantileOf(s.xs, 0.75) - quantileOf(s.xs, 0.25))
	case "mad":
		return finite(slowOrder(s.xs).sorted().mad())
	}
	before := slowOrder(s.xs[:len(s.xs)-1]).sorted()
	if len(before) == 0 || before.mad() == 0 {
		return math.NaN()
	}
	d := sub(exactly(s.xs[len(s.xs)-1]), exactly(before.median()))
	return float(quo(quo(d, exactly(before.mad())), exactly(1.4826)))
}

func (s slow) time(i int) *big.Float {
	if s.plan.clock {
		return quo(new(big.Float).SetPrec(prec).SetInt64(s.ts[i]), exactly(1e9))
	}
	return exactly(float64(i))
}

// from returns the samples from the one before the window on, if there is one.
func (s slow) from() slow {
	if s.prev.ok && s.plan.width.Kind != All {
		s.xs, s.ts = append([]float64{s.prev.x}, s.xs...), append([]int64{s.prev.t}, s.ts...)
	}
	return s
}

func (s slow) increase() *big.Float {
	xs, sum := s.from().xs, exactly(0)
	for i, x := range xs[1:] {
		if sum.Add(sum, exactly(x)); x >= xs[i] {
			sum.Sub(sum, exactly(xs[i]))
		}
	}
	return sum
}

func (s slow) rate() float64 {
	f := s.from()
	dt := sub(f.time(len(f.xs)-1), f.time(0))
	if dt.Sign() == 0 {
		return math.NaN()
	}
	return float(quo(s.increase(), dt))
}

func (s slow) twa() float64 {
	if !s.plan.clock {
		mean, _, _, _ := s.exact()
		return float(mean)
	}
	f := s.from()
	if len(f.xs) > len(s.xs) && s.plan.width.Kind == Duration {
		f.ts[0] = s.now - s.plan.width.D
	}
	sum, passed := exactly(0), exactly(0)
	for i, x := range f.xs {
		until := exactly(0).SetInt64(s.now)
		if i+1 < len(f.xs) {
			until.SetInt64(f.ts[i+1])
		}
		dt := sub(until, exactly(0).SetInt64(f.ts[i]))
		sum.Add(sum, mul(dt, exactly(x)))
		passed.Add(passed, dt)
	}
	if passed.Sign() == 0 {
		return f.xs[len(f.xs)-1]
	}
	return float(quo(sum, passed))
}

func (s slow) slope() float64 {
	n := exactly(float64(len(s.xs)))
	mean, _, _, _ := s.exact()
	meanT, tt, tx := exactly(0), exactly(0), exactly(0)
	for i := range s.xs {
		meanT.Add(meanT, s.time(i))
	}
	meanT.Quo(meanT, n)
	for i, x := range s.xs {
		dt := sub(s.time(i), meanT)
		tt.Add(tt, mul(dt, dt))
		tx.Add(tx, mul(dt, sub(exactly(x), mean)))
	}
	if s.time(0).Cmp(s.time(len(s.xs)-1)) == 0 {
		return math.NaN()
	}
	return float(quo(tx, tt))
}

func (s slow) ewma() float64 {
	sum, weight := exactly(0), exactly(0)
	n := len(s.xs)
	for i, x := range s.xs {
		w := math.Pow(1-2/(float64(s.plan.width.N)+1), float64(n-1-i))
		switch s.plan.width.Kind {
		case All:
			w = 1
		case Duration:
			w = math.Exp(-2 * float64(s.ts[n-1]-s.ts[i]) / float64(s.plan.width.D))
		}
		sum.Add(sum, mul(exactly(w), exactly(x)))
		weight.Add(weight, exactly(w))
	}
	return float(quo(sum, weight))
}

// tolerance is how far got may be from want: relative to want itself or, where
// what is computed can cancel out, to the magnitude of what it is made of.
func (s slow) tolerance(a Agg, want float64) float64 {
	const rel = 1e-12
	tol := rel * math.Abs(want)
	largest := max(largest(s.xs), math.Abs(s.prev.x))
	switch a.Name {
	case "mean", "ewma", "twa":
		tol = rel * largest
	case "sum", "increase":
		tol = rel * largest * float64(len(s.xs))
	case "cv":
		mean, _, _, _ := s.exact()
		tol = rel * math.Abs(want) * (1 + largest/math.Abs(float(mean)))
	case "skew", "kurt":
		tol = rel * float64(len(s.xs)) * (1 + math.Abs(want))
	case "z":
		if n := len(s.xs) - 1; n > 0 {
			_, m2, _, _ := exact(s.xs[:n])
			sd := float(new(big.Float).Sqrt(quo(m2, exactly(float64(n)))))
			tol += rel * largest * 1e-3 / sd
		}
	case "rate":
		tol = rel*math.Abs(want) + rel*largest*float64(len(s.xs))/math.Max(s.from().seconds(), 1e-9)
	case "slope":
		_, m2, _, _ := s.exact()
		sd := float(new(big.Float).Sqrt(quo(m2, exactly(float64(len(s.xs))))))
		tol = rel*math.Abs(want) + rel*100*sd/math.Max(s.seconds(), 1e-9)
	}
	return tol + 5e-324*float64(1+len(s.xs)) // a sum of subnormal samples has no more digits than they
}

// meanLost reports whether the samples cancel out so far that a mean may have no
// digit, so that what is divided by it has none either.
func (s slow) meanLost() bool {
	mean, _, _, _ := s.exact()
	return math.Abs(float(mean)) <= 1e-12*largest(s.xs)
}

func (s slow) seconds() float64 {
	x, _ := sub(s.time(len(s.xs)-1), s.time(0)).Float64()
	return x
}

// reach returns the samples in the window after the last of xs.
func reach(w Width, xs []float64, ts []int64) slow {
	if ts == nil {
		return reachAt(w, xs, nil, 0, 0)
	}
	return reachAt(w, xs, ts, ts[len(ts)-1], ts[len(ts)-1])
}

// reachAt returns the samples in the window at the time now, which reaches up to
// last, and is empty where they are.
func reachAt(w Width, xs []float64, ts []int64, now, last int64) slow {
	from, end := 0, len(xs)
	switch w.Kind {
	case Count:
		from = max(0, len(xs)-w.N)
	case Duration:
		for end > 0 && ts[end-1] > last {
			end--
		}
		for from < end && ts[from] <= last-w.D {
			from++
		}
	}
	s := slow{xs: xs[from:end], now: now, memo: new([4]*big.Float)}
	if from > 0 {
		s.prev = sample{x: xs[from-1], ok: true}
	}
	if ts != nil {
		s.ts = ts[from:end]
		if from > 0 {
			s.prev.t = ts[from-1]
		}
	}
	return s
}
