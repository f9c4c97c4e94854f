package parse

import "io"

// A Source is one input: a FILE or stdin.
type Source struct {
	Name string // as complaints name it; "" for the only input: complaints then say "line N"
	Open func() (io.ReadCloser, error)
}

// A Block is a stretch of whole lines of one Source.
type Block struct {
	Data    []byte // lines with their ends; the last of a Source may have none
	Source  int    // index of the Source
	First   bool   // begins its Source: line numbers begin anew
	TooLong bool   // Data is the beginning of one line longer than MaxLine, the rest was thrown away
	Read    int64  // when it was read, ns since the Unix epoch, if the Reader has a Now
}
