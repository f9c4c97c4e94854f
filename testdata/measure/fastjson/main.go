// Command fastjson parses each line of a file with fastjson and does nothing
// else: what any filter of JSON lines built on it costs at least.
package main

import (
	"bufio"
	"log"
	"os"

	"github.com/valyala/fastjson"
)

func main() {
	in, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 256<<10), 1<<20)
	var p fastjson.Parser
	for lines.Scan() {
		if _, err := p.ParseBytes(lines.Bytes()); err != nil {
			log.Fatal(err)
		}
	}
}
