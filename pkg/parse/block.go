package parse

import "io"

// A Source is one input: a FILE or stdin.
type Source struct {
	Name string // as complaints name it; "" for the only input: complaints then say "line N"
	Open func() (io.ReadCloser, error)
}

// A Block is a stretch of whole lines of one Source. The Reader fills it, the
// Schema marks in it what its Parser has to know, and it may be used again
// when nothing points into it any more.
type Block struct {
	Data    []byte // lines with their ends; the last of a Source may have none
	Source  int    // index of the Source
	First   bool   // begins its Source: line numbers begin anew
	TooLong bool   // Data is the beginning of one line longer than MaxLine, the rest was thrown away
	Read    int64  // when it was read, ns since the Unix epoch, if the Reader has a Now

	buf    []byte  // what Data is a part of
	roomy  int     // blocks in a row that did not need so large a buffer
	reader *Reader // who filled it, nil for a block made by hand

	format *Format // by which its lines are read; nil: undecided, all are bad
	ready  bool    // the lines behind skip are for the Parser
	early  Batch   // the bad lines before skip
	skip   int     // bytes of the lines that the Schema has read: headers, and all before the first good record
	header any     // what a headed decoder made of the Source's header
}
