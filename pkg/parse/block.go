package parse

import "io"

// An Origin is one input: a FILE, stdin, a connection. What is known of it and
// lasts longer than a block stands here, so that blocks of several may
// alternate.
type Origin struct {
	Name  string                        // as complaints name it; "" for stdin alone: complaints then say "line N"
	Open  func() (io.ReadCloser, error) // called once by the Reader
	Lines int                           // lines that the stream has taken; it belongs to whoever has the stream's turn

	header any // what a headed decoder made of its header, nil until it has come; for Enter alone
}

// A Block is a stretch of whole lines of one Origin. The Reader fills it, the
// Schema marks in it what its Parser has to know, and it may be used again
// when nothing points into it any more.
type Block struct {
	Origin  *Origin
	Data    []byte // lines with their ends; the last of an Origin may have none
	End     int64  // bytes of the Origin up to the end of Data, a BOM and what was thrown away too
	TooLong bool   // Data is the beginning of one line longer than MaxLine, the rest was thrown away
	Read    int64  // when it was read, ns since the Unix epoch, if the Reader has a Now

	buf    []byte  // what Data is a part of
	roomy  int     // blocks in a row that did not need so large a buffer
	reader *Reader // who filled it, nil for a block made by hand

	format *Format // by which its lines are read; nil: undecided, all are bad
	ready  bool    // the lines behind skip are for the Parser
	early  Batch   // the bad lines before skip
	skip   int     // bytes of the lines that the Schema has read: headers, and all before the first good record
	header any     // what a headed decoder made of the Origin's header
}
