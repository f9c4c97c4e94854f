// Package agg keeps running statistics over the last n numbers or the last d
// of time. It knows float64 and nothing else: no names, no parsing, no output.
package agg

// Kind says what bounds a window.
type Kind uint8

const (
	Count    Kind = iota // the last N samples
	Duration             // the samples in (t−D, t]
	All                  // every sample
)

// A Width is how far back a window reaches.
type Width struct {
	Kind Kind
	N    int   // samples, for Count
	D    int64 // nanoseconds, for Duration
}
