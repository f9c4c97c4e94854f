package cmd

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"rtda/pkg/simulate"
)

// simulateOptions is what the flags of `rtda simulate` say.
type simulateOptions struct {
	simulate.Config
	flatOut bool
	labels  string // FILE for the labels
}

// A simulateFlag is a row of the table of its flags.
type simulateFlag struct {
	name, short string
	arg         string          // what its value is called; "" for a switch
	def         string          // default, written as a user would
	doc         string          // one line for help
	words       func() []string // all values, or items of a list, that it can have
	set         func(o *simulateOptions, text string) error
}

// maxSensors keeps the memory of a stream below some hundred MB.
const maxSensors = 1_000_000

var simulateFlags = []simulateFlag{
	{name: "count", short: "c", arg: "N", doc: "end after N records",
		set: func(o *simulateOptions, s string) (err error) { o.Count, err = parseRecords(s); return err }},
	{name: "hz", arg: "N", def: "10", doc: "ticks a second: 100, 0.5, 1/60",
		set: func(o *simulateOptions, s string) error {
			r, err := parseRate(s)
			o.Rate = simulate.Rate(r)
			return err
		}},
	{name: "flat-out", doc: "do not wait between lines",
		set: func(o *simulateOptions, s string) (err error) { o.flatOut, err = parseSwitch(s); return err }},
	{name: "seed", arg: "S", def: "1", doc: "a whole number; each gives a stream of its own",
		set: func(o *simulateOptions, s string) (err error) { o.Seed, err = parseSeed(s); return err }},
	{name: "shape", arg: "SHAPE", def: "uniform", doc: "shape of the values, see above", words: shapeNames,
		set: func(o *simulateOptions, s string) (err error) {
			o.Shape, err = parseChoice(s, shapeNames())
			return err
		}},
	{name: "sensors", arg: "N", def: "1", doc: "how many sensors there are",
		set: func(o *simulateOptions, s string) (err error) {
			o.Sensors, err = parseCount(s, 1, maxSensors)
			return err
		}},
	{name: "out", short: "o", arg: "FORMAT", def: "num", doc: "format of the lines, see above", words: formatNames,
		set: func(o *simulateOptions, s string) (err error) {
			o.Format, err = parseChoice(s, formatNames())
			return err
		}},
	{name: "fault", arg: "LIST", doc: "put these faults in, see above", words: faultNames,
		set: func(o *simulateOptions, s string) (err error) { o.Faults, err = parseFaults(s); return err }},
	{name: "labels", arg: "FILE", doc: "write where the faults are",
		set: func(o *simulateOptions, s string) error {
			o.labels, o.Labels = s, true
			return nil
		}},
}

// newSimulateOptions are the options where no flag is given.
func newSimulateOptions() *simulateOptions {
	o := &simulateOptions{}
	o.Count = -1
	for i := range simulateFlags {
		if f := &simulateFlags[i]; f.def != "" {
			if err := f.set(o, f.def); err != nil {
				panic("cmd: default of --" + f.name + ": " + err.Error())
			}
		}
	}
	return o
}

// register adds the flags to the command.
func (o *simulateOptions) register(c *cobra.Command) {
	c.Flags().SortFlags = false
	for i := range simulateFlags {
		f := &simulateFlags[i]
		added := c.Flags().VarPF(&simulateValue{f, o}, f.name, f.short, f.doc)
		if f.arg == "" {
			added.NoOptDefVal = "true"
		}
		if f.words == nil {
			continue
		}
		// The error would be of a flag that does not exist.
		_ = c.RegisterFlagCompletionFunc(f.name, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return f.words(), cobra.ShellCompDirectiveNoFileComp
		})
	}
}

// A simulateValue gives what the user typed to the options.
type simulateValue struct {
	flag *simulateFlag
	o    *simulateOptions
}

func (v *simulateValue) Set(text string) error { return v.flag.set(v.o, text) }
func (v *simulateValue) String() string        { return v.flag.def }

// Type is what the value is called; pflag knows a switch by the word bool.
func (v *simulateValue) Type() string {
	if v.flag.arg == "" {
		return "bool"
	}
	return v.flag.arg
}

// contradiction is the error of flags that do not go together.
func (o *simulateOptions) contradiction() error {
	if o.Labels && len(o.Faults) == 0 {
		return errors.New("--labels needs --fault: without faults there is nothing to label")
	}
	return nil
}

func shapeNames() (names []string) {
	for _, s := range simulate.Shapes {
		names = append(names, s.Name)
	}
	return names
}

func formatNames() (names []string) {
	for _, f := range simulate.Formats {
		names = append(names, f.Name)
	}
	return names
}

func faultNames() (names []string) {
	for _, f := range simulate.Faults {
		names = append(names, f.Name)
	}
	return names
}

// parseRecords reads a count of records, which may be larger than others.
func parseRecords(s string) (int64, error) {
	if strings.Trim(s, "0123456789") == "" {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n, nil
		}
	}
	return 0, &badValue{"must be a whole number of 0 or more", s}
}

func parseSeed(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, &badValue{"must be a whole number of 0 or more", s}
	}
	return n, nil
}

// parseFaults reads a list of faults, in which one may stand more than once.
func parseFaults(s string) (names []string, err error) {
	names, err = splitList(s)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if _, err := parseChoice(name, faultNames()); err != nil {
			return nil, err
		}
	}
	return names, nil
}
