//go:build race

package cmd

// slower is by how much tests of large inputs are cut down: the race detector
// makes them some ten times as slow.
const slower = 5
