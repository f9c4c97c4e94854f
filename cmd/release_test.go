package cmd

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A release is built for the systems that docs/releasing.md lists, and for each of
// them from the same files: no part of rtda, such as --live, is left out anywhere.
// Only how a system is asked for something differs, in files of the same names.
func TestReleaseTargets(t *testing.T) {
	script, err := os.ReadFile("../testdata/release/build.sh")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../docs/releasing.md")
	if err != nil {
		t.Fatal(err)
	}
	targets := strings.Fields(string(regexp.MustCompile(`(?m)^targets=\((.*)\)$`).FindSubmatch(script)[1]))
	var listed []string
	for _, m := range regexp.MustCompile(`rtda-VERSION-([a-z]+)-([a-z0-9]+)\.tar\.gz`).FindAllStringSubmatch(string(doc), -1) {
		listed = append(listed, m[1]+"/"+m[2])
	}
	if !slices.Equal(targets, listed) {
		t.Errorf("built for %v, listed for %v", targets, listed)
	}
	var want string
	for _, target := range targets {
		goos, goarch, _ := strings.Cut(target, "/")
		list := exec.Command("go", "list", "-deps", "-f", `{{with .Module}}{{if .Main}}{{range $.GoFiles}}{{$.ImportPath}}/{{.}}
{{end}}{{end}}{{end}}`, "rtda", "rtda/cmd/rtda-nats")
		list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+strings.Replace(goarch, "armv7", "arm", 1))
		out, err := list.Output()
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		files := strings.NewReplacer("_bsd.go", "_linux.go", "_other.go", "_linux.go").Replace(string(out))
		if !strings.Contains(files, "rtda/pkg/view/termios_linux.go\n") {
			t.Errorf("%s: the modes of a terminal are not there", target)
		}
		if want == "" {
			want = files
		}
		if files != want {
			t.Errorf("%s is built from\n%s, %s from\n%s", target, files, targets[0], want)
		}
	}
}
