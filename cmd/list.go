package cmd

import "strings"

// splitList reads a list with commas between its items. Blanks around an item
// are not part of it; an item in double quotes may have commas and blanks in
// it, and a doubled quote stands for one, as in csv.
func splitList(s string) ([]string, error) {
	var items []string
	for rest := s; ; {
		item, after, ok := cutItem(rest, ",")
		if !ok || item == "" {
			return nil, &badValue{"must be a list like a,b with something between the commas", s}
		}
		items = append(items, item)
		if after == "" {
			return items, nil
		}
		rest = after[1:]
	}
}

// cutItem reads an item up to one of seps or the end of s and returns what comes
// behind it, from that on. It is not ok if a quote is not closed or something
// stands behind it.
func cutItem(s, seps string) (item, rest string, ok bool) {
	s = strings.TrimLeft(s, " \t")
	if quoted, isQuoted := strings.CutPrefix(s, `"`); isQuoted {
		if item, rest, ok = cutQuoted(quoted); !ok {
			return "", "", false
		}
		rest = strings.TrimLeft(rest, " \t")
		return item, rest, rest == "" || strings.IndexByte(seps, rest[0]) >= 0
	}
	end := strings.IndexAny(s, seps)
	if end < 0 {
		end = len(s)
	}
	return strings.TrimRight(s[:end], " \t"), s[end:], true
}

// cutQuoted reads the text up to the closing quote.
func cutQuoted(s string) (text, rest string, ok bool) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, `"`)
		b.WriteString(before)
		if !found {
			return "", "", false
		}
		if !strings.HasPrefix(after, `"`) {
			return b.String(), after, true
		}
		b.WriteByte('"')
		s = after[1:]
	}
}
