package cmd

import (
	"fmt"
	"html"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"rtda/testdata/console"
)

// pictured is the command of which the README has a picture.
const pictured = `rtda -t time -k boiler -f temp -w 1m -n 1m -a mean,max \
    -r 'crit hot: mean > 78 until mean < 70' testdata/docs/boilers.json`

// TestPicture keeps docs/terminal.svg, the picture in the README, what a terminal
// shows of a command. With -update it is drawn anew.
func TestPicture(t *testing.T) {
	root := t.TempDir()
	if err := os.CopyFS(root+"/testdata/docs", os.DirFS("../testdata/docs")); err != nil {
		t.Fatal(err)
	}
	shown := console.Part{Command: "$ " + strings.Replace(pictured, "rtda ", "rtda -o table --color always ", 1)}
	shown.Want = shown.Output(root)
	got := terminalSVG("$ " + pictured + "\n" + shown.Want)
	const file = "../docs/terminal.svg"
	if want, err := os.ReadFile(file); err == nil && string(want) == got {
		return
	}
	if !*update {
		t.Fatal("docs/terminal.svg is not what the command shows: run the test with -update, and look at it")
	}
	if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
		t.Fatal(err)
	}
}

// styles are the ways in which text is dressed on a terminal, by the codes that
// say so.
var styles = map[string]string{"31;1": "crit", "33": "warn", "36": "info", "32": "good", "2": "dim", "1": "bold"}

var codes = regexp.MustCompile("\x1b\\[([0-9;]*)m")

// terminalSVG is a picture of a terminal that shows a text.
func terminalSVG(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	width := 0
	for _, line := range lines {
		width = max(width, utf8.RuneCountInString(codes.ReplaceAllString(line, "")))
	}
	const char, line, edge = 8.43, 19, 16
	w, h := int(float64(width)*char)+2*edge, len(lines)*line+2*edge
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">
<style>
rect { fill: #1b1f27 } text { font: 14px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d6dae2; white-space: pre }
.crit { fill: #ff6b68; font-weight: bold } .warn { fill: #e6c34a } .info { fill: #56c8d8 } .good { fill: #7fd67f } .dim { fill: #8a93a3 } .bold { font-weight: bold }
</style>
<rect width="%d" height="%d" rx="8"/>
`, w, h, w, h, w, h)
	for i, s := range lines {
		fmt.Fprintf(&b, `<text x="%d" y="%d" xml:space="preserve">`, edge, edge+(i+1)*line-5)
		style, from := "", 0
		for _, at := range append(codes.FindAllStringSubmatchIndex(s, -1), []int{len(s), len(s), len(s), len(s)}) {
			if piece := html.EscapeString(s[from:at[0]]); piece != "" && style != "" {
				fmt.Fprintf(&b, `<tspan class="%s">%s</tspan>`, style, piece)
			} else {
				b.WriteString(piece)
			}
			style, from = styles[s[at[2]:at[3]]], at[1]
		}
		b.WriteString("</text>\n")
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func TestTerminalSVG(t *testing.T) {
	got := terminalSVG("a <b>\n\x1b[31;1mcrit\x1b[0;22m x\n")
	for _, want := range []string{">a &lt;b&gt;</text>", `><tspan class="crit">crit</tspan> x</text>`, `height="70"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in\n%s", want, got)
		}
	}
}
