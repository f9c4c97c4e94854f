package run

import (
	"math"
	"slices"
	"strings"
	"testing"

	"rtda/pkg/format"
	"rtda/pkg/rule"
	"rtda/pkg/stream"
)

func TestAlertEnv(t *testing.T) {
	set := &rule.Set{Rules: []rule.Rule{{Name: "mean(temp) > 80"}, {Name: "hot"}}}
	const noon = 1777636803250000000 // date -u -d @1777636803.25
	for _, c := range []struct {
		name  string
		note  stream.Note
		keys  []string
		clock bool
		want  []string
	}{
		{
			"all there is",
			stream.Note{Line: 1204, Alert: &stream.Alert{
				Change: rule.Change{Rule: 1, Level: rule.Crit},
				Key:    &stream.Key{Parts: []string{"s042"}},
				Time:   noon, Seq: 7, Values: []float64{91.3125, 2},
			}},
			[]string{"sensor"}, true,
			[]string{
				"RTDA_STATE=firing", "RTDA_SEVERITY=crit", "RTDA_RULE=hot", "RTDA_KEY=sensor=s042",
				"RTDA_VALUE=91.3125", "RTDA_LINE=1204", "RTDA_TIME=2026-05-01T12:00:03.25Z", "RTDA_SEQ=7", "RTDA_TEXT=ALERT crit",
			},
		},
		{
			"the least there is",
			stream.Note{Alert: &stream.Alert{Change: rule.Change{Resolved: true, Level: rule.Warn}, Values: []float64{math.NaN(), 1}}},
			nil, false,
			[]string{
				"RTDA_STATE=resolved", "RTDA_SEVERITY=warn", "RTDA_RULE=mean(temp) > 80", "RTDA_KEY=",
				"RTDA_VALUE=", "RTDA_LINE=", "RTDA_TIME=", "RTDA_SEQ=0", "RTDA_TEXT=ALERT crit",
			},
		},
		{
			"two keys, one with NUL and quotes",
			stream.Note{Line: 1, Alert: &stream.Alert{
				Change: rule.Change{Level: rule.Info},
				Key:    &stream.Key{Parts: []string{"a\x00b c", `";$(x)`}},
			}},
			[]string{"site", "sensor"}, false,
			[]string{
				"RTDA_STATE=firing", "RTDA_SEVERITY=info", "RTDA_RULE=mean(temp) > 80", `RTDA_KEY=site=ab c sensor=";$(x)`,
				"RTDA_VALUE=", "RTDA_LINE=1", "RTDA_TIME=", "RTDA_SEQ=0", "RTDA_TEXT=ALERT crit",
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := alertEnv(&c.note, set, &format.Layout{Keys: c.keys, Clock: c.clock}, "ALERT\x00 crit"); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestEnvText(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
	}{
		{"short", "abc", "abc"},
		{"just fits", strings.Repeat("x", maxEnv), strings.Repeat("x", maxEnv)},
		{"NUL does not count", strings.Repeat("x\x00", maxEnv), strings.Repeat("x", maxEnv)},
		{"long", strings.Repeat("x", maxEnv+1), strings.Repeat("x", maxEnv)},
		{"cut before a character", strings.Repeat("x", maxEnv-1) + "é", strings.Repeat("x", maxEnv-1)},
		{"cut before a long character", strings.Repeat("x", maxEnv-3) + "😀😀", strings.Repeat("x", maxEnv-3)},
		{"cut behind a character", strings.Repeat("x", maxEnv-2) + "éx", strings.Repeat("x", maxEnv-2) + "é"},
		{"no characters", strings.Repeat("\x80", maxEnv+9), strings.Repeat("\x80", maxEnv)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := envText(c.in); got != c.want {
				t.Errorf("%d bytes became %d: …%q, want %d: …%q", len(c.in), len(got), got[max(0, len(got)-8):], len(c.want), c.want[max(0, len(c.want)-8):])
			}
		})
	}
}
