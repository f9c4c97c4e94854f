//go:build !race

package cmd

const slower = 1
