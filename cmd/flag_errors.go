package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rtda/pkg/text"
)

// explainFlag says in rtda's words what pflag found wrong with a flag.
func explainFlag(c *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var syntax *pflag.InvalidSyntaxError
	switch {
	case errors.As(err, &invalid):
		return &flagError{invalid.GetFlag().Name, invalidValue(invalid)}
	case errors.As(err, &missing):
		name, usage := missing.GetFlag().Name, missing.GetFlag().Value.Type()
		return &flagError{name, plainError("needs a value: --" + name + " " + usage)}
	case errors.As(err, &unknown):
		return unknownFlag(c, unknown)
	case errors.As(err, &syntax):
		return fmt.Errorf("unknown flag %s: see %s --help", text.Quote(syntax.GetSpecifiedFlag()), c.CommandPath())
	}
	return err
}

func invalidValue(err *pflag.InvalidValueError) error {
	if bad, ok := errors.AsType[*badValue](err); ok {
		return bad
	}
	// One of pflag's own types, whose errors speak of Go.
	return &badValue{"must be a " + err.GetFlag().Value.Type(), err.GetValue()}
}

// unknownFlag names the flag and one that may be meant.
func unknownFlag(c *cobra.Command, err *pflag.NotExistError) error {
	name := err.GetSpecifiedName()
	if err.GetSpecifiedShortnames() != "" {
		return fmt.Errorf("unknown flag %s: see %s --help", text.Quote("-"+name), c.CommandPath())
	}
	if ours := theirFlags[name]; ours != "" && !c.HasParent() {
		return fmt.Errorf("unknown flag %s (write %s)", text.Quote("--"+name), ours)
	}
	var known []string
	c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	if near := nearFlag(name, known); near != "" {
		return fmt.Errorf("unknown flag %s (did you mean --%s?)", text.Quote("--"+name), near)
	}
	return fmt.Errorf("unknown flag %s: see %s --help", text.Quote("--"+name), c.CommandPath())
}

// theirFlags are flags of other tools, and what does the same here.
var theirFlags = map[string]string{
	"by": "-k FIELD", "group-by": "-k FIELD", "groupby": "-k FIELD", "group": "-k FIELD",
	"format": "-i for the input, -o for the output", "input-format": "-i", "output-format": "-o", "output": "-o FORMAT, or > FILE",
	"json": "-i json for the input, -o json for the output", "csv": "-i csv for the input, -o csv for the output",
	"delimiter": "--sep", "separator": "--sep", "delim": "--sep",
	"header": "-i csv: the first line is the header", "no-header": "--names LIST", "headerless": "--names LIST",
	"interval": "-n D", "step": "-n D", "threshold": "-r 'mean > 80'", "alert": "-r 'mean > 80'",
	"percentile": "-a p99", "quantile": "-a p99", "columns": "-f LIST", "fields": "-f LIST", "timestamp": "-t FIELD", "timezone": "--tz ZONE",
	"verbose": "--check to see what would run", "version-info": "-V", "threads": "-j N", "input": "FILE, or < FILE",
}

// longFlags puts a second dash before words like -window that are the long name
// of a flag, as other tools write them.
func longFlags(args []string, fs *pflag.FlagSet) []string {
	args = slices.Clone(args)
	for i, arg := range args {
		if arg == "--" {
			break
		}
		name, _, _ := strings.Cut(arg, "=")
		if len(name) > 2 && name[0] == '-' && name[1] != '-' && fs.Lookup(name[1:]) != nil {
			args[i] = "-" + arg
		}
	}
	return args
}

// nearFlag is a flag that name may mean: one that it begins, if it is the only
// one, or one that is spelled much alike.
func nearFlag(name string, known []string) string {
	var begun []string
	for _, k := range known {
		if strings.HasPrefix(k, name) {
			begun = append(begun, k)
		}
	}
	if len(begun) == 1 {
		return begun[0]
	}
	return text.Suggest(name, known)
}

// A flagError is a mistake in what the user gave to a flag.
type flagError struct {
	flag string
	err  error
}

func (e *flagError) Error() string { return "--" + e.flag + ": " + e.err.Error() }

func (e *flagError) Unwrap() error { return e.err }
