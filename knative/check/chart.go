package main

import (
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

// renderChart is `helm template boxoffice FOLDER --namespace boxoffice`, by Helm's own engine, for machines without Helm.
func renderChart(folder string) (string, error) {
	chart, err := loader.Load(folder)
	if err != nil {
		return "", err
	}
	release := chartutil.ReleaseOptions{Name: "boxoffice", Namespace: "boxoffice", IsInstall: true}
	values, err := chartutil.ToRenderValues(chart, nil, release, chartutil.DefaultCapabilities)
	if err != nil {
		return "", err
	}
	files, err := engine.Render(chart, values)
	if err != nil {
		return "", err
	}
	var names []string
	for name := range files {
		if strings.HasSuffix(name, ".yaml") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var text strings.Builder
	for _, name := range names {
		text.WriteString("---\n" + files[name] + "\n")
	}
	return text.String(), nil
}
