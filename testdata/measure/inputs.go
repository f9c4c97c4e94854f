package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"time"
)

// A kind is one kind of input: how its lines are written, and the flags with
// which rtda reads them by key.
type kind struct {
	name   string
	flags  []string
	header string
	line   func(dst []byte, s sample) []byte
}

// A sample is what one line says. The same number of line has the same sample
// in every kind, so that kinds can be held against each other.
type sample struct {
	i    int
	time []byte // RFC 3339, a millisecond after that of the line before
	nano int64
	key  []byte
	temp []byte // 0 to 100 with three decimals
	hum  []byte // 0 to 100 with two
	odd  uint64 // random bits
}

var byKey = []string{"-k", "sensor", "-f", "temp"}

func in(format string, more ...string) []string {
	return append([]string{"-i", format}, more...)
}

// keyed is the flags of an input of the format whose records have a key.
func keyed(format string, more ...string) []string {
	return append(in(format, byKey...), more...)
}

var kinds = []kind{
	{name: "num", flags: in("num"), line: func(dst []byte, s sample) []byte { return append(dst, s.temp...) }},
	{name: "json", flags: keyed("json"), line: func(dst []byte, s sample) []byte {
		return fmt.Appendf(dst, `{"time":"%s","sensor":"%s","temp":%s,"hum":%s,"ok":true,"site":"north-1"}`, s.time, s.key, s.temp, s.hum)
	}},
	{name: "json, optional members", flags: keyed("json"), line: optional},
	{name: "json, any order", flags: keyed("json"), line: shuffled},
	{name: "json, escaped text", flags: keyed("json"), line: func(dst []byte, s sample) []byte {
		return fmt.Appendf(dst, `{"time":"%s","note":"says \"all well\"\\%x\n","sensor":"%s","temp":%s,"hum":%s,"site":"north\/1"}`, s.time, s.odd%4096, s.key, s.temp, s.hum)
	}},
	{name: "csv", flags: keyed("csv"), header: "time,sensor,temp,hum,ok,site\n", line: func(dst []byte, s sample) []byte {
		return fmt.Appendf(dst, "%s,%s,%s,%s,true,north-1", s.time, s.key, s.temp, s.hum)
	}},
	{name: "csv, quoted", flags: keyed("csv"), header: "time,sensor,temp,hum,ok,site\n", line: func(dst []byte, s sample) []byte {
		return fmt.Appendf(dst, `"%s","%s",%s,%s,true,"north, 1"`, s.time, s.key, s.temp, s.hum)
	}},
	{name: "tsv", flags: keyed("tsv"), header: "time\tsensor\ttemp\thum\tok\tsite\n", line: func(dst []byte, s sample) []byte {
		return fmt.Appendf(dst, "%s\t%s\t%s\t%s\ttrue\tnorth-1", s.time, s.key, s.temp, s.hum)
	}},
	{name: "cols", flags: keyed("cols"), header: "time sensor temp hum ok site\n", line: func(dst []byte, s sample) []byte {
		return fmt.Appendf(dst, "%s  %-8s %8s %8s  true north-1", s.time, s.key, s.temp, s.hum)
	}},
	{name: "logfmt", flags: keyed("logfmt"), line: logfmt},
	{name: "influx", flags: keyed("influx"), line: func(dst []byte, s sample) []byte {
		return fmt.Appendf(dst, "room,site=north-1,sensor=%s temp=%s,hum=%s,ok=true %d", s.key, s.temp, s.hum, s.nano)
	}},
	{name: "match", flags: append([]string{"--match", `sensor=(?P<sensor>\S+) temp=(?P<temp>\S+)`}, byKey...), line: logfmt},
	{name: "lines", flags: in("lines", "-a", "count"), line: logfmt},
}

// kindNamed is the kind with the name.
func kindNamed(name string) kind {
	for _, k := range kinds {
		if k.name == name {
			return k
		}
	}
	panic("measure: no kind of input " + name)
}

func logfmt(dst []byte, s sample) []byte {
	return fmt.Appendf(dst, `time=%s sensor=%s temp=%s hum=%s ok=true site="north 1"`, s.time, s.key, s.temp, s.hum)
}

// optional writes a record of which five members are there in half of all
// lines each.
func optional(dst []byte, s sample) []byte {
	dst = fmt.Appendf(dst, `{"time":"%s"`, s.time)
	for bit, member := range []string{`,"volt":3.3`, `,"site":"north-1"`, `,"ok":true`, `,"run":17`, `,"by":"anna"`} {
		if bit == 3 {
			dst = fmt.Appendf(dst, `,"sensor":"%s","temp":%s`, s.key, s.temp)
		}
		if s.odd>>bit&1 == 1 {
			dst = append(dst, member...)
		}
	}
	return append(dst, '}')
}

// shuffled writes a record of five members in one of a hundred and twenty
// orders.
func shuffled(dst []byte, s sample) []byte {
	members := [][]byte{
		fmt.Appendf(nil, `"time":"%s"`, s.time), fmt.Appendf(nil, `"sensor":"%s"`, s.key), fmt.Appendf(nil, `"temp":%s`, s.temp),
		fmt.Appendf(nil, `"hum":%s`, s.hum), []byte(`"site":"north-1"`),
	}
	sep, odd := byte('{'), s.odd
	for n := uint64(len(members)); n > 0; n-- {
		i := odd % n
		odd /= n
		dst = append(append(dst, sep), members[i]...)
		members = append(members[:i], members[i+1:]...)
		sep = ','
	}
	return append(dst, '}')
}

// write makes the file PATH of n lines, of as many keys. They come a
// millisecond apart and are the same on every machine.
func (k kind) write(path string, n, keys int) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	defer func() {
		if e := w.Flush(); err == nil {
			err = e
		}
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	if _, err := w.WriteString(k.header); err != nil {
		return err
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r := rand.New(rand.NewPCG(1, 2))
	var s sample
	var line []byte
	for i := range n {
		at := start.Add(time.Duration(i) * time.Millisecond)
		s.i, s.nano = i, at.UnixNano()
		s.time = at.AppendFormat(s.time[:0], "2006-01-02T15:04:05.000Z")
		s.key = append(s.key[:0], 's')
		s.key = strconv.AppendInt(s.key, int64(r.IntN(keys)), 10)
		s.temp = strconv.AppendFloat(s.temp[:0], 100*r.Float64(), 'f', 3, 64)
		s.hum = strconv.AppendFloat(s.hum[:0], 100*r.Float64(), 'f', 2, 64)
		s.odd = r.Uint64()
		line = append(k.line(line[:0], s), '\n')
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}
