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
	metrics := []rule.Metric{{Text: "mean(temp)"}, {Text: "count"}, {Text: "site", IsText: true}}
	set := &rule.Set{Metrics: metrics, Rules: []rule.Rule{
		{Name: "mean(temp) > 80", Text: "mean(temp) > 80", Metrics: []int{0, 1}}, {Name: "hot", Text: "mean(temp) > 80", Metrics: []int{0, 1}},
		{Name: "there", Text: `site == "a b"`, Metrics: []int{2, 1}},
	}}
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
				"RTDA_VALUE=91.3125", "RTDA_LINE=1204", "RTDA_TIME=2026-05-01T12:00:03.25Z", "RTDA_SEQ=7",
				`RTDA_TEXT=ALERT crit hot sensor=s042 mean(temp)=91.3125 count=2 line=1204 time=2026-05-01T12:00:03.25Z rule="mean(temp) > 80"`,
			},
		},
		{
			"the least there is",
			stream.Note{Alert: &stream.Alert{Change: rule.Change{Resolved: true, Level: rule.Warn}, Values: []float64{math.NaN(), 1}}},
			nil, false,
			[]string{
				"RTDA_STATE=resolved", "RTDA_SEVERITY=warn", "RTDA_RULE=mean(temp) > 80", "RTDA_KEY=",
				"RTDA_VALUE=", "RTDA_LINE=", "RTDA_TIME=", "RTDA_SEQ=0", `RTDA_TEXT=RESOLVED warn "mean(temp) > 80" count=1 rule="mean(temp) > 80"`,
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
				"RTDA_VALUE=", "RTDA_LINE=1", "RTDA_TIME=", "RTDA_SEQ=0", `RTDA_TEXT=ALERT info "mean(temp) > 80" site="a\u0000b c" sensor="\";$(x)" line=1 rule="mean(temp) > 80"`,
			},
		},
		{
			"a text first",
			stream.Note{Alert: &stream.Alert{Change: rule.Change{Rule: 2, Level: rule.Info}, Values: []float64{math.NaN(), 4}, Texts: [][]byte{[]byte("a\x00 b"), nil}}},
			nil, false,
			[]string{
				"RTDA_STATE=firing", "RTDA_SEVERITY=info", "RTDA_RULE=there", "RTDA_KEY=",
				"RTDA_VALUE=a b", "RTDA_LINE=", "RTDA_TIME=", "RTDA_SEQ=0", `RTDA_TEXT=ALERT info there site="a\u0000 b" count=4 rule="site == \"a b\""`,
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx := format.Context{Layout: format.Layout{Keys: c.keys, Clock: c.clock}, Rules: set, JSON: true}
			got := alertEnv(ctx.AppendNote(nil, &c.note))
			if value := firstValue(c.note.Alert); c.note.Alert.Texts == nil && !slices.Contains(got, "RTDA_VALUE="+value) {
				t.Errorf("the first number is %s, but not in %q", value, got)
			}
			for i := range got {
				if strings.HasPrefix(got[i], "RTDA_VALUE=") {
					got[i] = "RTDA_VALUE=" + firstValue(c.note.Alert)
				}
			}
			if !slices.Equal(got, c.want) {
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
