package rule

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		rule, fields, keys string
		want               string // without "rule 1, column "
	}{
		// names
		{"maen > 80", "", "", `1: unknown metric "maen" (did you mean mean?)`},
		{"mean > 1 and tmep > 2", "temp", "", `14: unknown metric "tmep" (did you mean temp?)`},
		{"é == 1 and maen > 1", "é", "", `12: unknown metric "maen" (did you mean mean?)`},
		{"qqqqq > 1", "", "", `1: unknown metric "qqqqq" (it is no key or measured field, and none of the aggregates count, sum, mean, min, max, range, first, last, var, std, cv, rms, skew, kurt, median, pNN, iqr, mad, z, rz, delta, rate, slope, ewma, age, anomaly)`},
		{"p101 > 1", "", "", `1: unknown metric "p101" (quantiles are p0 to p100)`},
		{"sqrt > 1", "", "", `1: unknown metric "sqrt" (write sqrt(x))`},
		{"AND > 1", "", "", `1: unknown metric "AND" (did you mean and?)`},
		{"mean(temp) > 1", "", "", `1: unknown field "temp" (plain numbers have no fields: write mean)`},
		{"mean(temp, 1m) > 1", "", "", `1: unknown field "temp" (plain numbers have no fields: write mean(1m))`},
		{"`temp` > 1", "", "", `1: unknown field "temp" (plain numbers have no fields: write last)`},
		{"mean > 80", "temp hum", "", `1: mean needs a field: there are 2 (write mean(temp))`},
		{"mean(1m) > 80", "a-b hum", "", "1: mean needs a field: there are 2 (write mean(`a-b`, 1m))"},
		{`hoss == "a"`, "", "host", `1: unknown field "hoss" (did you mean host?)`},
		{`zone == "a"`, "", "host rack", `1: unknown field "zone" (plain numbers have no fields)`},
		{`zone > "a"`, "x", "", `6: a text cannot be ordered (texts are compared with == and != only)`},
		{`x > "a"`, "x", "", `5: a text compared with a number: "a" (only keys and fields are compared with a text: NAME == "text")`},
		{`state == down`, "x", "", `10: unknown metric "down" (a text stands in quotes: state == "down")`},
		{`state == 'down'`, "x", "", `10: unexpected "'" (write ")`},
		{`state == 5`, "x", "", `1: unknown metric "state" (did you mean rate?)`},
		{`hour == "5"`, "x", "", `9: a text compared with a number: "5" (write 5 without quotes)`},
		{"abz(mean) > 1", "", "", `1: unknown function "abz" (did you mean abs?)`},
		{"maen(temp) > 1", "temp", "", `1: unknown function "maen" (did you mean mean?)`},
		{"floor(temp) > 1", "temp", "", `1: unknown function "floor" (the functions are abs, sqrt, log, exp, the aggregates count, sum, mean, min, max, range, first, last, var, std, cv, rms, skew, kurt, median, pNN, iqr, mad, z, rz, delta, rate, slope, ewma, age, anomaly)`},
		{"maen > 80 for 5x", "", "", `1: unknown metric "maen" (did you mean mean?)`},
		// operands and brackets
		{"", "", "", `1: the rule is empty (write one like mean > 80)`},
		{"  ", "", "", `1: the rule is empty (write one like mean > 80)`},
		{"crit hot: ", "", "", `10: missing operand behind ":"`},
		{"mean >", "", "", `7: missing operand behind ">"`},
		{"mean > ", "", "", `7: missing operand behind ">"`},
		{"> 80", "", "", `1: missing operand before ">"`},
		{"mean > * 5", "", "", `8: missing operand before "*"`},
		{"mean > 80 and", "", "", `14: missing operand behind "and"`},
		{"mean > 80 and or max > 1", "", "", `15: missing operand before "or"`},
		{"mean > 80 until", "", "", `16: missing operand behind "until"`},
		{"for 30s", "", "", `1: missing operand before "for"`},
		{"abs() > 1", "", "", `5: missing operand before ")"`},
		{"(mean > 80", "", "", `11: missing ")" for the "(" in column 1`},
		{"mean > 80)", "", "", `10: unexpected ")" (there is no "(" for it)`},
		{"abs(mean > 1", "", "", `10: a condition is no number (conditions are joined with and, or and not)`},
		{"abs(mean", "", "", `9: missing ")" for the "(" in column 4`},
		{"(mean > 80 for 3)", "", "", `12: missing ")" before "for" (for and until stand behind the whole condition, not in brackets)`},
		{"(mean > 80 5)", "", "", `12: unexpected "5" (an operator is missing before it)`},
		{"abs(mean, 2) > 1", "", "", `9: abs takes one operand`},
		{"mean 80", "", "", `6: unexpected "80" (an operator is missing before it)`},
		{"mean > 80 untill max < 5", "", "", `11: unexpected "untill" (did you mean until?)`},
		{"mean > 80 AND max < 5", "", "", `11: unexpected "AND" (did you mean and?)`},
		{"mean > 1 for 3 for 4", "", "", `16: unexpected "for"`},
		{"mean > 1 until max > 1 until min > 1", "", "", `24: unexpected "until"`},
		{"1 + not mean > 1", "", "", `5: "not" stands before a whole condition (put it and its condition in brackets)`},
		{"mean == !max", "", "", `9: "!" stands before a whole condition (put it and its condition in brackets)`},
		// operators
		{"10 < mean < 20", "", "", `11: comparisons do not chain (write 10 < mean and mean < 20)`},
		{"1<=mean<2==max", "", "", `8: comparisons do not chain (write 1<=mean and mean < 2 and 2 == max)`},
		{"10 < mean < ", "", "", `11: comparisons do not chain (write a < b and b < c)`},
		{"(10 < mean) < 20", "", "", `13: a condition is no number (conditions are joined with and, or and not)`},
		{"mean = 80", "", "", `6: unexpected "=" (write ==)`},
		{`host = "a"`, "", "host", `6: unexpected "=" (write ==)`},
		{"mean => 80", "", "", `6: unexpected "=>" (write >=)`},
		{"mean <> 80", "", "", `6: unexpected "<>" (write !=)`},
		{"mean > 80 & max > 1", "", "", `11: unexpected "&" (write &&)`},
		{"mean ≥ 80", "", "", `6: unexpected "≥" (write >=)`},
		{"mean > 80%", "", "", `10: unexpected "%" (a number has no unit: write 80)`},
		{"mean > 80 % and max > 1", "", "", `11: unexpected "%" (a number has no unit: write 80)`},
		{"cpu% > 80", "x", "", "4: unexpected \"%\" (a field with such signs in its name stands in backquotes: `cpu-usage`)"},
		{"@temp > 1", "", "", "1: unexpected \"@\" (a field with such signs in its name stands in backquotes: `cpu-usage`)"},
		{"mean\u00a0> 1", "", "", `5: unexpected "\u00a0" (write a plain blank)`},
		{"mean > \xff", "", "", `8: invalid UTF-8`},
		// types
		{"mean", "", "", `5: a number is no condition (compare it with something: mean > 80)`},
		{"mean and max > 1", "", "", `6: a number is no condition (compare it with something: mean > 80)`},
		{"max > 1 and (mean) ", "", "", `19: a number is no condition (compare it with something: mean > 80)`},
		{"not mean", "", "", `9: a number is no condition (compare it with something: mean > 80)`},
		{"mean > 1 until 5m", "", "", `18: a number is no condition (compare it with something: mean > 80)`},
		{"5 + (mean > 80) > 1", "", "", `11: a condition is no number (conditions are joined with and, or and not)`},
		{"(mean > 80) + 5 > 1", "", "", `13: a condition is no number (conditions are joined with and, or and not)`},
		{"(mean > 1) == (max > 1)", "", "", `12: a condition is no number (conditions are joined with and, or and not)`},
		{"abs(mean > 1) > 1", "", "", `10: a condition is no number (conditions are joined with and, or and not)`},
		{"host == 5", "", "host", `9: the key "host" is a text, not a number (write host == "5")`},
		{"host == web", "", "host web", `9: the key "host" is a text, not a number (a key is compared with a text: write host == "web")`},
		{"host > 5", "", "host", `6: the key "host" is a text, not a number (texts are compared with == and != only)`},
		{`host > "a"`, "", "host", `6: a text cannot be ordered (texts are compared with == and != only)`},
		{"host + 1 > 5", "", "host", `6: the key "host" is a text, not a number (write host == "text")`},
		{"mean > 1 and host", "", "host", `18: a key is no condition (compare it with a text: host == "text")`},
		{`mean == "5"`, "", "", `9: a text compared with a number: "5" (write 5 without quotes)`},
		{`mean == "x"`, "", "", `9: a text compared with a number: "x" (only keys and fields are compared with a text: NAME == "text")`},
		{`temp == "5"`, "temp", "", `9: a text compared with a number: "5" (write 5 without quotes)`},
		{`mean + 1 > "5"`, "", "", `12: a text compared with a number: "5" (write 5 without quotes)`},
		{`"a" == host`, "", "host", `1: unexpected text "a" (texts stand only in NAME == "text" and NAME != "text")`},
		{`"a"`, "", "", `1: unexpected text "a" (texts stand only in NAME == "text" and NAME != "text")`},
		// the first thing that cannot stand, whatever comes behind it
		{"mean and max > 3", "", "", `6: a number is no condition (compare it with something: mean > 80)`},
		{`max > "5" and last >`, "", "", `7: a text compared with a number: "5" (write 5 without quotes)`},
		{"abs(last > 3) > 1", "", "", `10: a condition is no number (conditions are joined with and, or and not)`},
		{"s == temp > 3", "temp", "s", `6: the key "s" is a text, not a number (a key is compared with a text: write s == "temp")`},
		{"(mean and max > 3)", "", "", `7: a number is no condition (compare it with something: mean > 80)`},
		{"(mean) or max > 3", "", "", `8: a number is no condition (compare it with something: mean > 80)`},
		{"mean for 3", "", "", `6: a number is no condition (compare it with something: mean > 80)`},
		{"mean until max < 3", "", "", `6: a number is no condition (compare it with something: mean > 80)`},
		{"mean   ", "", "", `5: a number is no condition (compare it with something: mean > 80)`},
		{"mean and max", "", "", `6: a number is no condition (compare it with something: mean > 80)`},
		{"mean > 1 and max + 1 or min > 3", "", "", `22: a number is no condition (compare it with something: mean > 80)`},
		{"not mean and max > 3", "", "", `10: a number is no condition (compare it with something: mean > 80)`},
		{"mean and max > 3 foo", "", "", `6: a number is no condition (compare it with something: mean > 80)`},
		{"mean and (max > 3", "", "", `6: a number is no condition (compare it with something: mean > 80)`},
		{"max > 3 until mean and", "", "", `20: a number is no condition (compare it with something: mean > 80)`},
		{"host and max > 3", "", "host", `6: a key is no condition (compare it with a text: host == "text")`},
		{"maen and max >", "", "", `1: unknown metric "maen" (did you mean mean?)`},
		{"mean > 3 and maen > 4 and (", "", "", `14: unknown metric "maen" (did you mean mean?)`},
		{"mean > maen >", "", "", `8: unknown metric "maen" (did you mean mean?)`},
		{"1 < mean < 3 and max >", "", "", `10: comparisons do not chain (write 1 < mean and mean < 3)`},
		{"1 < mean < 3 for 5x", "", "", `10: comparisons do not chain (write 1 < mean and mean < 3)`},
		{"1 < maen < 3", "", "", `5: unknown metric "maen" (did you mean mean?)`},
		{`host == "a" == "b"`, "", "host", `13: comparisons do not chain (conditions are joined with and, or and not)`},
		{"mean > max > host", "", "host", `12: comparisons do not chain (conditions are joined with and, or and not)`},
		{`"a" < mean < 3`, "", "", `1: unexpected text "a" (texts stand only in NAME == "text" and NAME != "text")`},
		{"abs(last > 3 and max > 4) > 1", "", "", `10: a condition is no number (conditions are joined with and, or and not)`},
		{"abs(not last > 3) > 1", "", "", `5: a condition is no number (conditions are joined with and, or and not)`},
		{"abs((last) > 3) > 1", "", "", `12: a condition is no number (conditions are joined with and, or and not)`},
		{"abs(mean and max) > 1", "", "", `10: a condition is no number (conditions are joined with and, or and not)`},
		{"abs(last > 3 +", "", "", `10: a condition is no number (conditions are joined with and, or and not)`},
		{"mean > (max > 3)", "", "", `13: a condition is no number (conditions are joined with and, or and not)`},
		{"mean + (max > 3 or min > 2) > 4", "", "", `13: a condition is no number (conditions are joined with and, or and not)`},
		{"-(mean > 1) > 0", "", "", `8: a condition is no number (conditions are joined with and, or and not)`},
		{"(mean > 1) - 1 > 0", "", "", `12: a condition is no number (conditions are joined with and, or and not)`},
		{`abs(host == "a") > 1`, "", "host", `5: the key "host" is a text, not a number (write host == "text")`},
		{`1 + ("a" == host) > 1`, "", "host", `6: unexpected text "a" (texts stand only in NAME == "text" and NAME != "text")`},
		{"abs(host) > 1", "", "host", `5: the key "host" is a text, not a number (write host == "text")`},
		{"1 + host > 1", "", "host", `5: the key "host" is a text, not a number (write host == "text")`},
		{"mean > host", "", "host", `8: the key "host" is a text, not a number (write host == "text")`},
		{"host * 2 - 1 > 1", "", "host", `6: the key "host" is a text, not a number (write host == "text")`},
		{"host == mean", "", "host", `9: the key "host" is a text, not a number (a key is compared with a text: write host == "mean")`},
		{"host == mean + 1", "", "host", `9: the key "host" is a text, not a number (write host == "text")`},
		{"host == (5)", "", "host", `9: the key "host" is a text, not a number (write host == "5")`},
		{"host ==", "", "host", `8: missing operand behind "=="`},
		{"host >= ", "", "host", `6: the key "host" is a text, not a number (texts are compared with == and != only)`},
		{"host foo", "", "host", `6: unexpected "foo" (did you mean for?)`},
		{`host == "a" + 1 > 2`, "", "host", `13: unexpected "+" (a text is no number)`},
		{"state = 5", "x", "", `7: unexpected "=" (write ==)`},
		{"maen = 5", "", "", `6: unexpected "=" (write ==)`},
		{"mean > 3 for 4 max > 5", "", "", `16: unexpected "max"`},
		{"mean(temp) > 3 and mean(, 5m) > 3", "temp", "", `25: bad window "," (a window is a count of 1 or more, a duration like 5m, or all)`},
		{"mean > 5 min", "", "", `10: unexpected "min" (write 5m)`},
		{"age > 5 minutes and mean > 1", "", "", `9: unexpected "minutes" (write 5m)`},
		{"mean > 1 for 10 sec", "", "", `17: unexpected "sec" (write 10s)`},
		{"age > 2hours", "", "", `7: bad duration "2hours" (write 2h)`},
		{"mean > 10MB", "", "", `8: bad duration "10MB" (durations are like 250ms, 30s, 1h30m or 2d, numbers like 80, 1.5 or 2e3)`},
		{"mean > 1 / 0", "", "", `10: the value of "1 / 0" does not exist (it would leave the rule silent)`},
		{"mean > 2 * log(-1)", "", "", `12: the value of "log(-1)" does not exist (it would leave the rule silent)`},
		// texts and numbers
		{`host == "a`, "", "host", `9: a text without its closing quote (write "text")`},
		{`host == "\q"`, "", "host", `9: bad text "\"\\q\"" (a text has Go's escapes: \" \\ \t \u00e9)`},
		{`host == "\xff"`, "", "host", `9: bad text "\"\\xff\"" (a text is UTF-8 with Go's escapes)`},
		{`host == 'a'`, "", "host", `9: unexpected "'" (write ")`},
		{"`temp > 1", "", "", "1: a field without its closing backquote (write `cpu-usage`)"},
		{"`` > 1", "", "", "1: bad field \"\" (a field has a name in UTF-8)"},
		{"mean > 1.2.3", "", "", `8: bad number "1.2.3" (numbers are like 80, 1.5 or 2e3)`},
		{"mean > 1e400", "", "", `8: the number "1e400" is too large`},
		{"mean > 0x1F", "", "", `8: bad duration "0x1F" (durations are like 250ms, 30s, 1h30m or 2d, numbers like 80, 1.5 or 2e3)`},
		{"mean > 1_000", "", "", `8: bad duration "1_000" (durations are like 250ms, 30s, 1h30m or 2d, numbers like 80, 1.5 or 2e3)`},
		// metrics
		{"age(temp) > 1", "temp", "", `4: age is the key's and takes no field or window (write age > 30s)`},
		{"anomaly(5m) > 1", "", "", `9: anomaly has no window: it learns from all samples of its field (write anomaly)`},
		{"anomaly(100) > 1", "temp", "", `9: anomaly has no window: it learns from all samples of its field (write anomaly)`},
		{"anomaly(all) > 1", "temp", "", `9: anomaly has no window: it learns from all samples of its field (write anomaly)`},
		{"anomaly(temp, 5m) > 1", "temp", "", `13: anomaly has no window: it learns from all samples of its field (write anomaly(temp))`},
		{"anomaly(temp 5m) > 1", "temp", "", `14: anomaly has no window: it learns from all samples of its field (write anomaly(temp))`},
		{"anomaly(5x) > 1", "temp", "", `9: bad duration "5x" (durations are like 250ms, 30s, 1h30m or 2d, numbers like 80, 1.5 or 2e3)`},
		{"anomaly() > 1", "temp", "", `9: missing field (write anomaly or anomaly(temp))`},
		{"anomaly > 1", "temp hum", "", `1: anomaly needs a field: there are 2 (write anomaly(temp))`},
		{"mean() > 1", "temp", "", `6: missing field or window (write mean, mean(temp), mean(1m) or mean(temp, 1m))`},
		{"mean(", "temp", "", `6: missing operand behind "("`},
		{"mean(temp", "temp", "", `10: missing ")" for the "(" in column 5`},
		{"mean(temp,", "temp", "", `11: missing operand behind ","`},
		{"mean(0) > 1", "", "", `6: bad window "0" (a window is a count of 1 or more, a duration like 5m, or all)`},
		{"mean(0s) > 1", "", "", `6: bad window "0s" (a window is a count of 1 or more, a duration like 5m, or all)`},
		{"mean(-5) > 1", "", "", `6: bad window "-" (a window is a count of 1 or more, a duration like 5m, or all)`},
		{"mean(1.5) > 1", "", "", `6: bad window "1.5" (a window is a count of 1 or more, a duration like 5m, or all)`},
		{"mean(9999999999) > 1", "", "", `6: bad window "9999999999" (a window is a count of 1 or more, a duration like 5m, or all)`},
		{"mean(200, 1m) > 1", "", "", `9: mean takes one window (write mean(200))`},
		{"mean(1m, temp) > 1", "temp", "", `10: the field stands before the window (write mean(temp, 1m))`},
		{"mean(temp, hum) > 1", "temp", "", `12: mean takes one field, and then a window (write mean(temp, 1m))`},
		{"mean(temp 1m) > 1", "temp", "", `11: unexpected "1m" (write mean(temp, 1m))`},
		{"mean(temp, 1m, 5) > 1", "temp", "", `16: mean takes one window (write mean(temp, 1m))`},
		{"mean(temp, 100, 1d ago) > 1", "temp", "", `15: a window as it was some time ago is a duration: "100" (write mean(temp, 2h, 1d ago))`},
		{"mean(1d ago) > 1", "temp", "", `9: unexpected "ago" (the window stands before it: mean(1d, 1d ago))`},
		{"mean(temp, 1d ago) > 1", "temp", "", `15: unexpected "ago" (the window stands before it: mean(temp, 1d, 1d ago))`},
		{"mean(temp, 2h, 1d ag) > 1", "temp", "", `19: mean takes one window (write mean(temp, 2h))`},
		{"mean(temp, 2h 1d ago) > 1", "temp", "", `15: unexpected "1d" (an operator is missing before it)`},
		{"hour(temp) > 1", "temp", "", `5: hour is the time's and takes no field or window (write hour > 5)`},
		{"avg > 1", "temp", "", `1: unknown metric "avg" (did you mean mean?)`},
		{"percentile95(temp) > 1", "temp", "", `1: unknown function "percentile95" (did you mean p95?)`},
		{"mean(cpu-usage, 1m) > 1", "temp", "", "9: unexpected \"-\" (a field with such signs in its name stands in backquotes: mean(`cpu-usage`))"},
		{"mean(cpu usage) > 1", "temp", "", "10: unexpected \"usage\" (a field with such signs in its name stands in backquotes: mean(`cpu usage`))"},
		{`mean("temp") > 1`, "temp", "", `6: a field stands without double quotes (write mean(temp))`},
		{"`mean`(temp) > 1", "temp", "", `7: "mean" in backquotes is a field, not an aggregate (write it without backquotes)`},
		// holds
		{"mean > 1 for", "", "", `13: missing hold behind "for" (write for 30s, for 3 or for 3/5)`},
		{"mean > 1 for -3", "", "", `14: missing hold behind "for" (write for 30s, for 3 or for 3/5)`},
		{"mean > 1 for 5min", "", "", `14: bad duration "5min" (write 5m)`},
		{"mean > 1 for 0", "", "", `14: a number of evaluations is a whole number from 1: "0" (a duration has a unit: 30s)`},
		{"mean > 1 for 1.5", "", "", `14: a number of evaluations is a whole number from 1: "1.5" (a duration has a unit: 30s)`},
		{"mean > 1 for 0/5", "", "", `14: a number of evaluations is a whole number from 1: "0" (a duration has a unit: 30s)`},
		{"mean > 1 for 5/3", "", "", `14: 5 of the last 3 can never be true (write for 3/5)`},
		{"mean > 1 for 3/", "", "", `16: missing N of M/N (write for 3/5)`},
		{"mean > 1 for 3/5s", "", "", `16: missing N of M/N (write for 3/5)`},
		{"mean > 1 for 5s/10", "", "", `16: M of the last N counts evaluations, not time (write for 3/5)`},
		{"mean > 1 for 1/100001", "", "", `16: more than 100000 evaluations: "100001" (write a duration: for 1h)`},
		{"mean > 1 for 9999999999", "", "", `14: more than 1000000000 evaluations: "9999999999" (write a duration: for 1h)`},
		{"mean > 1 for 3 mean", "", "", `16: unexpected "mean"`},
		// the head
		{": mean > 1", "", "", `1: unexpected ":" (a colon stands behind a severity or a name: crit hot: mean > 80)`},
		{"critical hot: mean > 1", "", "", `1: unknown severity "critical" (write crit)`},
		{"critical: mean > 1", "", "", `1: unknown severity "critical" (write crit)`},
		{"warning: mean > 1", "", "", `1: unknown severity "warning" (write warn)`},
		{"error: mean > 1", "", "", `1: unknown severity "error" (write crit)`},
		{"Crit: mean > 1", "", "", `1: unknown severity "Crit" (write crit)`},
		{"crt hot: mean > 1", "", "", `1: unknown severity "crt" (did you mean crit?)`},
		{"critical mean > 1", "", "", `1: unknown severity "critical" (write crit)`},
		{"my rule: mean > 1", "", "", `1: unknown severity "my" (they are info, warn and crit; a name is one word)`},
		{"crit my rule: mean > 1", "", "", `9: unexpected "rule" (a name is one word, as in low-disk)`},
		{"crit > 1", "", "", `1: unknown metric "crit" (a severity stands before the whole rule: crit: mean > 80)`},
		{"crit", "", "", `1: unknown metric "crit" (a severity stands before the whole rule: crit: mean > 80)`},
		{"mean temp > 80", "temp", "", `6: unexpected "temp" (write mean(temp))`},
		{"maen max > 80", "", "", `1: unknown metric "maen" (did you mean mean?)`},
		{"mean > 1: max", "", "", `9: unexpected ":" (a colon stands only behind a severity and a name, which is a word of letters, digits, _ - and .)`},
	} {
		t.Run(c.rule, func(t *testing.T) {
			_, errs := Compile(sources(c.rule), testScope(c.fields, c.keys))
			if len(errs) != 1 {
				t.Fatalf("errors %v, want one", errs)
			}
			got, _, _ := strings.Cut(errs[0].Error(), "\n")
			if got != "rule 1, column "+c.want {
				t.Errorf("got  %s\nwant rule 1, column %s", got, c.want)
			}
		})
	}
}

func TestErrorWhole(t *testing.T) {
	for _, c := range []struct{ name, rule, want string }{
		{"rule 1", "maen > 80", "rule 1, column 1: unknown metric \"maen\" (did you mean mean?)\n  maen > 80\n  ^"},
		{"rules.txt:3", "mean > maen", "rules.txt:3, column 8: unknown metric \"maen\" (did you mean mean?)\n  mean > maen\n         ^"},
		{"rule 1", "größe: maen\t>\x1b1", "rule 1, column 8: unknown metric \"maen\" (did you mean mean?)\n  größe: maen >\uFFFD1\n         ^"},
		{"rule 1", "", "rule 1, column 1: the rule is empty (write one like mean > 80)\n  \n  ^"},
		{"rule 1", strings.Repeat(" ", 300) + "maen > 80", "rule 1, column 301: unknown metric \"maen\" (did you mean mean?)\n  …" +
			strings.Repeat(" ", 191) + "maen > 80\n   " + strings.Repeat(" ", 191) + "^"},
		{"rule 1", "maen > 80" + strings.Repeat(" ", 300), "rule 1, column 1: unknown metric \"maen\" (did you mean mean?)\n  maen > 80" +
			strings.Repeat(" ", 191) + "…\n  ^"},
	} {
		_, errs := Compile([]Source{{c.rule, c.name}}, testScope("", ""))
		if len(errs) != 1 || errs[0].Error() != c.want {
			t.Errorf("%q: got\n%v\nwant\n%s", c.rule, errs, c.want)
		}
	}
}

func TestEveryRuleTellsItsFirstError(t *testing.T) {
	_, errs := Compile(sources("maen > medain", "mean > 1", "mean >", "hot: mean > 1", "crit hot: mean > 2", "warn hot: mean > 3"), testScope("", ""))
	want := []string{
		`rule 1, column 1: unknown metric "maen" (did you mean mean?)`,
		`rule 3, column 7: missing operand behind ">"`,
		`rule 6, column 6: rule 4 is warn "hot" already (give it another name, or another severity to make a ladder)`,
	}
	if len(errs) != len(want) {
		t.Fatalf("errors %v, want %d", errs, len(want))
	}
	for i, err := range errs {
		if got, _, _ := strings.Cut(err.Error(), "\n"); got != want[i] {
			t.Errorf("got  %s\nwant %s", got, want[i])
		}
	}
}

// No text is too long, too deep or too strange to be refused in its place.
func TestHostileRules(t *testing.T) {
	const n = 100_000
	for name, rule := range map[string]string{
		"long":           strings.Repeat("é", n),
		"brackets":       strings.Repeat("(", 60_000),
		"both":           strings.Repeat("(", 30_000) + "1" + strings.Repeat(")", 30_000) + "> 1",
		"signs":          strings.Repeat("-", 60_000) + "1 > 1",
		"not":            strings.Repeat("!", 60_000) + "mean > 1",
		"nots":           strings.Repeat("not ", 15_000) + "mean > 1",
		"functions":      strings.Repeat("abs(", 15_000),
		"chain":          strings.Repeat("1<", 30_000) + "1",
		"long word":      strings.Repeat("a", 60_000) + " > 1",
		"long number":    "mean > " + strings.Repeat("9", 60_000),
		"long dur":       "mean > 1 for " + strings.Repeat("1s", 30_000) + "x",
		"long text":      `mean == "` + strings.Repeat("a", 60_000) + `"`,
		"many texts":     strings.Repeat(`mean == "a" and `, 4_000) + "1",
		"colons":         strings.Repeat(":", 60_000),
		"open quote":     `mean == "` + strings.Repeat(`\"`, 30_000),
		"backquotes":     strings.Repeat("`", 60_000),
		"wild field":     "mean(`" + strings.Repeat("\x13", 5_000) + "\n`,A",
		"many unknown":   strings.Repeat("maen > 1 or ", 5_000) + "1",
		"chain in chain": strings.Repeat("1<(", 150) + "1",
	} {
		_, errs := Compile(sources(rule), testScope("temp", "host"))
		checkErrors(t, name, rule, errs)
		if len(errs) == 0 {
			t.Errorf("%s: no error", name)
		}
	}
	long := strings.Repeat("temp > 1 or ", 5_000) + "temp > 1"
	if s := mustCompile(t, testScope("temp", ""), long); len(s.Step(s.NewState(), Env{Vals: []float64{2}}, nil)) != 1 {
		t.Error("a long rule does not fire")
	}
}

// checkErrors holds what every error promises.
func checkErrors(t *testing.T, name, rule string, errs []error) {
	t.Helper()
	for _, err := range errs {
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: error %T", name, err)
			continue
		}
		if n := utf8.RuneCountInString(rule); e.Column < 1 || e.Column > n+1 {
			t.Errorf("%s: column %d of %d characters", name, e.Column, n)
		}
		msg := err.Error()
		lines := strings.Split(msg, "\n")
		if len(lines) != 3 || len(msg) > 2500 || !utf8.ValidString(msg) {
			t.Errorf("%s: error of %d lines and %d bytes: %.300q", name, len(lines), len(msg), msg)
			continue
		}
		if caret := utf8.RuneCountInString(lines[2]); caret > utf8.RuneCountInString(lines[1])+1 {
			t.Errorf("%s: caret behind the text: %q", name, msg)
		}
	}
}

// FuzzParse: no text makes the parser panic, every error has its place, and
// what was understood is understood again in the same way when fully
// parenthesised.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"mean > 80", "crit hot: mean(temp) > 80 for 30s until mean(temp) < 75 for 10s", "spike: abs(z) > 4 for 3/5",
		"drift: mean(temp, 1m) > 1.2 * mean(temp, 1h)", `not host == "a\n" or !(-temp / 2 <= 1h30m)`, "10 < mean < 20", "mean(`cpu-usage`, all) != .5e-3",
		"crit mean > 1", "mean = 1", "(((", "`temp` > 1 until age > 1d for 3", "max(for) > -5", "é: x ≥ 1",
		`state == "down" and hour >= 22 or weekday > 5`, "mean(temp, 2h, 1d ago) > mean(2h, 7d ago)", "crit dead count(5m) == 0",
	} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, rule string, known bool) {
		sc := testScope("temp hum", "host temp")
		sc.Known = known
		s, errs := Compile(sources(rule), sc)
		checkErrors(t, "fuzz", rule, errs)
		if (s == nil) != (len(errs) > 0) {
			t.Fatalf("set %v with errors %v", s, errs)
		}
		if s == nil {
			return
		}
		full := s.Rules[0].Full
		again, errs := Compile(sources(full), sc)
		if len(errs) > 0 {
			if strings.Contains(errs[0].Error(), "within each other") || strings.Contains(errs[0].Error(), "64 KiB") {
				return // brackets can be too many when every one is written
			}
			t.Fatalf("%q is shown as %q: %v", rule, full, errs[0])
		}
		if got := again.Rules[0].Full; got != full {
			t.Fatalf("%q is shown as %q and then as %q", rule, full, got)
		}
		a, b := parse(sources(rule)[0], &sc), parse(sources(full)[0], &sc)
		if !sameTree(a.expr, b.expr) || !sameTree(a.until, b.until) || a.hold != b.hold || a.clear != b.clear ||
			a.severity != b.severity || a.name != b.name {
			t.Fatalf("%q and %q are not the same rule", rule, full)
		}
		if len(s.Step(s.NewState(), Env{Vals: make([]float64, len(s.Metrics)), Keys: []string{"a", "b"}, Texts: make([][]byte, len(s.Texts))}, nil)) > 1 {
			t.Fatalf("%q: more than one change at one evaluation", rule)
		}
	})
}

// sameTree tells whether two trees differ at most in where they stand.
func sameTree(a, b *node) bool {
	if a == nil || b == nil {
		return a == b
	}
	same := a.kind == b.kind && a.op == b.op && a.val == b.val && (a.name == nil) == (b.name == nil)
	if same && a.name != nil {
		x, y := *a.name, *b.name
		x.pos, y.pos = 0, 0
		same = x == y
	}
	return same && sameTree(a.x, b.x) && sameTree(a.y, b.y)
}

// A window that can never hold what --warmup asks for is refused, also where it
// is the first of -w; the count has a value all the same.
func TestWarmup(t *testing.T) {
	sc := testScope("", "")
	sc.First, sc.Warmup = Window{N: 5}, 10
	for rule, want := range map[string]string{
		"mean(3) > 5":               "rule 1, column 1: mean(3) has no value: a window of 3 never holds the 10 samples of --warmup",
		"max(10) > 5 and max > 1":   "rule 1, column 17: max has no value: a window of 5 never holds the 10 samples of --warmup",
		"count(3) > 5 and last > 1": "rule 1, column 18: last has no value: a window of 5 never holds the 10 samples of --warmup",
		"count(3) > 5":              "",
		"mean(10) > 5":              "",
		"mean(1m) > 5":              "",
		"mean(all) > 5":             "",
		"anomaly > 0.5":             "",
	} {
		_, errs := Compile(sources(rule), sc)
		got := ""
		if len(errs) > 0 {
			got, _, _ = strings.Cut(errs[0].Error(), "\n")
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", rule, got, want)
		}
	}
}
