// Command check judges rendered manifests before a cluster does.
//
//	check NAME=FILE…            decodes and validates each rendering, and prints a table
//	check -allow FLAG NAME=FILE  the same on a cluster where that feature of Knative's is enabled
//	check chart FOLDER           prints what Helm makes of the chart, with its default values
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
)

func main() {
	allow := flag.String("allow", "", "features of Knative Serving that the cluster enables, by comma")
	flag.Parse()
	if err := run(flag.Args(), splitList(*allow)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args, allowed []string) error {
	if len(args) == 2 && args[0] == "chart" {
		text, err := renderChart(args[1])
		fmt.Print(text)
		return err
	}
	if len(args) == 0 {
		return fmt.Errorf("nothing to check: give NAME=FILE")
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	var refused []string
	for _, arg := range args {
		name, file, found := strings.Cut(arg, "=")
		if !found {
			return fmt.Errorf("%s is not NAME=FILE", arg)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		counted, wrong := check(text, allowed)
		for _, one := range wrong {
			refused = append(refused, name+": "+one)
		}
		fmt.Fprintf(table, "%s\t%d objects\t%d Knative\t%d pods\t%d refused\n",
			name, counted.objects, counted.knative, counted.pods, len(wrong))
	}
	table.Flush()
	if len(refused) > 0 {
		return fmt.Errorf("%s", strings.Join(refused, "\n"))
	}
	return nil
}

func splitList(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}
