package cmd

import (
	"os"
	"path/filepath"
	"testing"

	"rtda/testdata/console"
)

// TestCases runs the situations that people have reported: a folder each, with a
// command, its input and what it shall print.
func TestCases(t *testing.T) {
	cases, err := filepath.Glob(dataFile(t, "cases") + "/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range cases {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			command, err := os.ReadFile(filepath.Join(folder, "cmd"))
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(filepath.Join(folder, "want"))
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(folder)); err != nil {
				t.Fatal(err)
			}
			shell := console.Part{Command: "{ " + string(command) + "\n} 2>stderr"}
			if got := shell.Output(dir); got != string(want) {
				t.Errorf("%s\ngot:\n%swant:\n%s", command, got, want)
			}
		})
	}
}
