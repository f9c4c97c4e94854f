package format

import (
	"slices"
	"strings"
	"testing"
)

func TestName(t *testing.T) {
	for _, c := range []struct {
		name    string
		keys    []string
		columns []Column
		clock   bool
		several bool
		taken   []string
		want    []string // keys, then columns
	}{
		{"plain numbers", nil, []Column{{Agg: "mean"}, {Agg: "p99.9"}}, false, false, nil, []string{"mean", "p99_9"}},
		{"several windows", nil, []Column{{Agg: "mean", Window: "1m"}, {Agg: "mean", Window: "all"}}, true, true, nil,
			[]string{"mean_1m", "mean_all"}},
		{"a field", []string{"sensor"}, []Column{{Agg: "mean", Field: "env.temp", Window: "1h"}}, true, true, nil,
			[]string{"sensor", "env_temp_mean_1h"}},
		{"every character", []string{"größe\xff"}, []Column{{Agg: "mean", Field: "a b\n"}}, false, false, nil,
			[]string{"größe_", "a_b__mean"}},
		{"twice", nil, []Column{{Agg: "mean"}, {Agg: "mean"}, {Agg: "mean"}}, false, false, nil,
			[]string{"mean", "mean_2", "mean_3"}},
		{"a key like a column", []string{"x_mean", "x.mean"}, []Column{{Agg: "mean", Field: "x"}}, false, false, nil,
			[]string{"x_mean", "x_mean_2", "x_mean_3"}},
		{"time with a clock", []string{"time"}, []Column{{Agg: "last"}}, true, false, nil, []string{"time_2", "last"}},
		{"time without", []string{"time"}, []Column{{Agg: "last"}}, false, false, nil, []string{"time", "last"}},
		{"taken", []string{"error"}, []Column{{Agg: "last"}}, false, false, OneToOneNames, []string{"error_2", "last"}},
		{"empty", []string{""}, nil, false, false, nil, []string{"_"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			keys := slices.Clone(c.keys)
			l := Layout{Keys: keys, Columns: c.columns, Clock: c.clock}
			Name(&l, c.several, c.taken...)
			got := slices.Clone(l.Keys)
			for _, column := range l.Columns {
				got = append(got, column.Name)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if !slices.Equal(keys, c.keys) {
				t.Errorf("the caller's keys became %q", keys)
			}
		})
	}
}

func TestRename(t *testing.T) {
	for _, c := range []struct {
		name   string
		fit    func(string) string
		keys   []string
		column string
		want   []string
	}{
		{"influx", tagName, []string{"time_2", "time", "_field", "host"}, "_field_2", []string{"time_2", "time_2_2", "_field_2_2", "host"}},
		{"prom", labelName, []string{"0", "key_0", "__name__", "le", "a", "größe", "gr__e", "温度"}, "", []string{"key_0_2", "key_0", "key___name__", "le_2", "a", "gr__e_2", "gr__e", "key___"}},
	} {
		l := Layout{Keys: c.keys, Columns: []Column{{Name: c.column}}}
		if got := rename(&l, c.fit); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// Names that clean to the same text take no longer than others.
func TestManyNames(t *testing.T) {
	l := Layout{Columns: make([]Column, 50_000)}
	for i := range l.Columns {
		l.Columns[i] = Column{Agg: "mean", Field: strings.Repeat("-", 1+i%2) + strings.Repeat("+", 1-i%2)}
	}
	Name(&l, false)
	for i, want := range map[int]string{0: "___mean", 1: "___mean_2", 49_999: "___mean_50000"} {
		if got := l.Columns[i].Name; got != want {
			t.Errorf("column %d is %s, want %s", i, got, want)
		}
	}
}
