package cmd

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rtda/pkg/run"
)

// The command lines of contrib/ are ones that rtda understands. Files that they
// name and contrib/ does not have are made here.
func TestContrib(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../contrib")); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"alerts.log": "", "token": "secret\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for file, arguments := range map[string]func(text string) []string{
		"rtda.service":        unitArguments,
		"rtda-follow.service": unitArguments,
		"kubernetes.yaml":     manifestArguments,
	} {
		text, err := os.ReadFile("../contrib/" + file)
		if err != nil {
			t.Fatal(err)
		}
		args := arguments(string(text))
		if len(args) < 5 {
			t.Fatalf("%s: only %q", file, args)
		}
		for i, arg := range args {
			if strings.HasPrefix(arg, "/") {
				args[i] = filepath.Join(dir, filepath.Base(arg))
			}
		}
		var stderr strings.Builder
		if status := Main(append(args, "--check"), strings.NewReader(""), io.Discard, &stderr); status != run.StatusOK {
			t.Errorf("%s: rtda %q: status %d, %s", file, args, status, &stderr)
		}
	}
}

// unitArguments are those of ExecStart, which has no quotes, with the flags of
// rtda.conf in their place.
func unitArguments(text string) []string {
	_, line, _ := strings.Cut(text, "\nExecStart=")
	line, _, _ = strings.Cut(line, "\n")
	conf, err := os.ReadFile("../contrib/rtda.conf")
	if err != nil {
		return nil
	}
	_, flags, _ := strings.Cut(string(conf), "\nRTDA_FLAGS=\"")
	flags, _, _ = strings.Cut(flags, "\"\n")
	return strings.Fields(strings.ReplaceAll(line, "$RTDA_FLAGS", flags))[1:]
}

// manifestArguments are those of args, which is a list as JSON has it.
func manifestArguments(text string) []string {
	var args []string
	list := regexp.MustCompile(`(?s)args: (\[.*?\])\n`).FindStringSubmatch(text)
	if list == nil || json.Unmarshal([]byte(list[1]), &args) != nil {
		return nil
	}
	return args
}
