package cmd

// decisions are what the contract of the command leaves open and a user may
// want to know.
var decisions = []string{
	// the command line
	"A count is at most 2147483647. `-j` is at most 1024.",
	"`--max-line 64k` and `64KiB` are 65536 bytes, `64kB` is 64000; at most 1GiB.",
	"FILEs are all looked at before anything is read. A pipe or a device is only looked up, since opening it could be felt at its other end.",
	"`--late` works with `-i influx` too, whose lines have a time. `--hz` and `-t now` win over that time.",
	"`--alerts`, `--alert-format`, `--repeat`, `-x` and `-e` without `-r` or `-R` are refused: they would do nothing. A FILE of rules may be empty.",
	"`--warmup N` is refused where a count window can never hold N samples, and `full` where no window is a count and there is no rule.",
	"`--decimal ,` with `-i csv` needs a `--sep` that is no comma.",
	"Alerts in JSON never have colour. In text the first two words have it.",
	"Started on a terminal without a FILE, rtda says on stderr what it waits for.",
	"With `--stderr-prefix telegraf` a complaint about data is `W!`, an alert `E!` if it is crit, `W!` if it is warn, and `I!` if it is info or resolved; what ends rtda is `E!`, and totals and counts are `I!`.",
	"In a FILE of rules a `#` begins a comment wherever it does not stand in double quotes or backquotes.",

	"A stdin or stdout that the shell has closed (`<&-`, `>&-`) is /dev/null to rtda.",
	// reading
	"With `auto`, blanks before the `{` of a record are fine. The fields chosen at the first good record may be missing in a later FILE, named ones may not.",
	"A flat name that is there wins over a path even if it is null. An array index is written without leading zeros. A duplicate counts for every step of a path that is used, even if a flat name wins.",
	"JSON lines are read to their end: a control character, a wrong escape, `01`, `NaN` or `1.` anywhere may make a line not-json.",
	"The texts of more than five bad lines of one reason are not kept.",
	"A csv cell or a header name may have blanks around it; a key keeps its text as it stands. Columns without a name are never measured. With `-z` a csv cell may hold LF. A header has 65536 columns at most.",
	"In tsv `\\r` is an escape too; other backslashes and quotes stand for themselves.",
	"In logfmt `a`, `a=` and `a=\"\"` are all absent.",
	"In influx lines that begin with `#` are comments, `measurement` is the measurement where no tag or field has that name, a line without a timestamp is bad-time where the lines are the clock, and a tag is a text: to be measured it needs `--coerce`.",
	"Times may have a lower-case t or z, and a comma before the fraction, whose digits after the ninth are cut off. A date alone, 24:00, second 60 and a zone like `+0200` are not times. Unix times are rounded to the nearest nanosecond.",
	"A strftime pattern without a year means 2000. `%Z` takes UTC and GMT only. Patterns that would be read only in part are refused.",
	// windows and the clock
	"rms, skew and kurt ignore `--ddof`. rz has no value where the mad is 0. p05 and p5 are one quantile under two names.",
	"Rules are not evaluated at the end of the input: that it ends is no news of a sensor. A key that `--ttl` forgets first writes what it has not yet shown, as if its input had ended.",
	"Rules with age are evaluated before `--ttl` forgets a key, so that a sensor long dead is told before it is forgotten.",
	"Records that wait for `--late` count for `--max-samples`. A record that is behind the clock, but the newest of its key, finds windows from which has left what was too old at the last boundary.",
	"`--warmup full` leaves windows that are no counts at 1.",
	// writing
	"Numbers are in plain notation from 1e-6 up to 1e21, in text and alerts from 1e-4 up to 1e15. With `-p 3` 1234567 is 1230000. No more digits are written than tell a number from its neighbours, and what would round beyond float64 is not rounded.",
	"In csv and tsv a key that a spreadsheet would take for a formula, because it begins with `= + - @` and is neither a number nor `-` or `+` alone, gets an apostrophe before it.",
	"In csv, influx and prom a backslash that could be taken for the beginning of an escape, as in `C:\\new`, is written `\\u005c`; tags called time, _field or _measurement get `_2`.",
	"In prom, metrics whose names end in `_count`, `_sum`, `_bucket` or `_total` are untyped, since readers take gauges of such names for mistakes; labels called le or quantile get `_2`. A key that was forgotten is not there at the end.",
	"Invalid bytes are `\\ufffd` in rows and alerts and `\\xff` in complaints.",
	"With `--one-to-one`, bad values of a record that is used are in its row as `errors`, what the clock alone did is told in the next row, and a record whose windows give no value yet is answered by a row without values.",
	// actions
	"The timeout of `--exec` kills the process group with SIGKILL. An action is over when its shell is; what that left in the background lives on. All RTDA_ variables are always set, several keys stand with blanks between, and what waits at a signal counts as dropped.",
}
