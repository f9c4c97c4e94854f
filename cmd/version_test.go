package cmd

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// `rtda version` tells the release, or what is known of the source, then the
// commit and its date, Go and the system.
func TestVersion(t *testing.T) {
	here := runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH
	tagged := &debug.BuildInfo{
		Main: debug.Module{Version: "v0.2.0"},
		Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"},
			{Key: "vcs.time", Value: "2026-05-01T12:00:00Z"},
		},
	}
	for _, c := range []struct {
		name                  string
		version, commit, date string // as the linker sets them
		info                  *debug.BuildInfo
		want                  string
	}{
		{"no build information", "", "", "", nil, "devel (" + here + ")"},
		{"a folder without history", "", "", "", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "devel (" + here + ")"},
		{"go build at a tag", "", "", "", tagged, "0.2.0 (commit 0123456789ab, 2026-05-01, " + here + ")"},
		{"a release", "1.2.3", "89abcdef0123", "2026-11-26", tagged, "1.2.3 (commit 89abcdef0123, 2026-11-26, " + here + ")"},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() { version, commit, date = "", "", "" }()
			version, commit, date = c.version, c.commit, c.date
			if got := versionText(c.info) + " (" + buildText(c.info) + ")"; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
