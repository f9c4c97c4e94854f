package cmd

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floor is the ground floor, which every room may see.
var floor = []string{"pkg/num", "pkg/clock", "pkg/text"}

// arrows are the rooms that each room may see beside the ground floor. Files of
// tests are free.
var arrows = map[string][]string{
	".":             {"cmd"},
	"cmd":           {"pkg/run", "pkg/socket", "pkg/agg", "pkg/rule", "pkg/parse", "pkg/stream", "pkg/format", "pkg/simulate"},
	"cmd/rtda-nats": {"cmd", "pkg/cluster", "pkg/run"},
	"pkg/cluster":   {"pkg/run", "pkg/stream", "pkg/parse", "pkg/state"},
	"pkg/run":       {"pkg/agg", "pkg/detect", "pkg/rule", "pkg/parse", "pkg/stream", "pkg/format", "pkg/state", "pkg/board", "pkg/serve", "pkg/socket", "pkg/feed", "pkg/view", "pkg/plot"},
	"pkg/format":    {"pkg/stream", "pkg/rule", "pkg/parse"},
	"pkg/stream":    {"pkg/agg", "pkg/detect", "pkg/rule", "pkg/parse"},
	"pkg/agg":       nil,
	"pkg/detect":    nil,
	"pkg/rule":      nil,
	"pkg/parse":     nil,
	"pkg/simulate":  nil,
	"pkg/feed":      {"pkg/parse", "pkg/socket"},
	"pkg/view":      {"pkg/board", "pkg/rule"},
	"pkg/plot":      {"pkg/board", "pkg/rule"},
	"pkg/serve":     {"pkg/board", "pkg/stream", "pkg/rule"},
	"pkg/board":     {"pkg/stream", "pkg/rule"},
	"pkg/socket":    nil,
	"pkg/state":     nil,
	"pkg/num":       nil,
	"pkg/clock":     nil,
	"pkg/text":      nil,
}

// outside are the modules from elsewhere that each room may see.
var outside = map[string][]string{
	"cmd": {
		"github.com/cpuguy83/go-md2man/v2/md2man", "github.com/spf13/cobra", "github.com/spf13/pflag",
	},
	"cmd/rtda-nats": {"golang.org/x/sys/unix"},
	"pkg/run":       {"github.com/fatih/color", "github.com/mattn/go-isatty", "golang.org/x/term"},
	"pkg/view":      {"github.com/gdamore/tcell/v2", "github.com/rivo/uniseg", "golang.org/x/sys/unix"},
	"pkg/parse": {
		"github.com/go-logfmt/logfmt", "github.com/influxdata/line-protocol/v2/lineprotocol",
		"github.com/valyala/fastjson",
	},
	"pkg/cluster": {"github.com/klauspost/compress/s2", "github.com/nats-io/nats.go", "github.com/nats-io/nats.go/jetstream", "github.com/synadia-io/orbit.go/jetstreamext"},
	"pkg/feed":    {"github.com/fsnotify/fsnotify"},
	"pkg/plot":    {"golang.org/x/image/font", "golang.org/x/image/font/gofont/goregular", "golang.org/x/image/font/opentype", "golang.org/x/image/math/fixed"},
	"pkg/text":    {"github.com/rivo/uniseg"},
}

// TestArrows keeps the arrows between the rooms: what a file imports is what
// its room may see.
func TestArrows(t *testing.T) {
	root := ".."
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if d.IsDir() && d.Name() == "testdata" {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		room, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		sees, known := arrows[room]
		if !known {
			t.Errorf("%s: the room %s is in no picture", path, room)
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			checkArrow(t, path, room, name, sees)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestNoNATS keeps the client of NATS out of rtda, which it would make a third
// larger: it is linked into rtda-nats alone.
func TestNoNATS(t *testing.T) {
	deps, err := exec.Command("go", "list", "-deps", "..").Output()
	if err != nil {
		t.Skipf("go list: %v", err)
	}
	for path := range strings.Lines(string(deps)) {
		if strings.Contains(path, "nats") || strings.Contains(path, "pkg/cluster") {
			t.Errorf("rtda links %s", path)
		}
	}
	if !strings.Contains(string(deps), "rtda/pkg/run\n") {
		t.Errorf("go list -deps does not list what rtda is made of: %.200s", deps)
	}
}

func checkArrow(t *testing.T, path, room, name string, sees []string) {
	t.Helper()
	inside, own := strings.CutPrefix(name, "rtda/")
	switch {
	case own && !slices.Contains(sees, inside) && !slices.Contains(floor, inside):
		t.Errorf("%s: %s must not see %s", path, room, inside)
	case !own && strings.Contains(name, ".") && !slices.Contains(outside[room], name):
		t.Errorf("%s: %s must not import %s", path, room, name)
	}
}
