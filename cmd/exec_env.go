package cmd

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"rtda/pkg/format"
	"rtda/pkg/rule"
	"rtda/pkg/stream"
)

// maxEnv is how many bytes of a value the environment of an action tells.
const maxEnv = 4 << 10

// alertEnv is what the environment of an action tells of an alert. All names
// are always there, with an empty value where there is nothing to tell; so
// none is inherited from an rtda further up. Several keys are joined by a
// blank. The numbers are the shortest that read back to the same.
func alertEnv(n *stream.Note, set *rule.Set, keys []string, clock bool) []string {
	a := n.Alert
	state, line, value, moment := "firing", "", "", ""
	if a.Resolved {
		state = "resolved"
	}
	if n.Line > 0 {
		line = strconv.Itoa(n.Line)
	}
	if len(a.Values) > 0 && !math.IsNaN(a.Values[0]) {
		value = string(format.AppendShortest(nil, a.Values[0]))
	}
	if clock {
		moment = time.Unix(0, a.Time).UTC().Format(time.RFC3339Nano)
	}
	return []string{
		"RTDA_STATE=" + state,
		"RTDA_SEVERITY=" + a.Level.String(),
		"RTDA_RULE=" + envText(set.Rules[a.Rule].Name),
		"RTDA_KEY=" + envText(keyText(keys, a.Key)),
		"RTDA_VALUE=" + value,
		"RTDA_LINE=" + line,
		"RTDA_TIME=" + moment,
	}
}

// keyText is a key as name=text, several of them with a blank between.
func keyText(names []string, key *stream.Key) string {
	if key == nil {
		return ""
	}
	var b strings.Builder
	for i, part := range key.Parts {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(names[i])
		b.WriteByte('=')
		b.WriteString(part)
	}
	return b.String()
}

// envText is s as it may stand in an environment: without NUL, which would end
// it, and not longer than maxEnv, cut between characters.
func envText(s string) string {
	s = strings.ReplaceAll(s, "\x00", "")
	if len(s) <= maxEnv {
		return s
	}
	end := maxEnv
	for end > maxEnv-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}
