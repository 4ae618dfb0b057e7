// Checks what deploy/ describes with the libraries of those who read it: compose.yaml with Compose's own loader, the chart with Helm's
// engine, and each object that it makes with Kubernetes' own types, to which an unknown field is an error.
// usage: check FOLDER (deploy/)
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/releaseutil"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: check FOLDER")
		os.Exit(2)
	}
	failed := false
	for _, check := range []func(string) error{compose, chart} {
		if err := check(os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

// Loads the file as Compose does, with each profile and its variables.
func compose(folder string) error {
	for profile, files := range map[string][]string{"studio": {}, "fleet": {filepath.Join(folder, "fleet.env")}} {
		options, err := cli.NewProjectOptions([]string{filepath.Join(folder, "compose.yaml")},
			cli.WithProfiles([]string{profile}), cli.WithEnvFiles(files...), cli.WithDotEnv, cli.WithInterpolation(true))
		if err != nil {
			return fmt.Errorf("compose.yaml, profile %s: %w", profile, err)
		}
		project, err := options.LoadProject(context.Background())
		if err != nil {
			return fmt.Errorf("compose.yaml, profile %s: %w", profile, err)
		}
		captures := *project.Services["setup"].Environment["FOOTLIGHT_EGRESS_URL"]
		if (captures == "") != (profile == "fleet") {
			return fmt.Errorf("compose.yaml, profile %s: captures go to %q", profile, captures)
		}
		fmt.Printf("compose.yaml, profile %s: %s\n", profile, strings.Join(project.ServiceNames(), ", "))
	}
	return nil
}

// Renders the chart with the values that change what it makes, and reads each object strictly.
func chart(folder string) error {
	fleet := map[string]any{"enabled": true}
	cases := map[string]map[string]any{
		"defaults": {},
		"ingress":  {"ingress": map[string]any{"enabled": true}, "env": map[string]any{"FOOTLIGHT_VIDEO": "720p30"}, "trustedProxies": "10.0.0.1"},
		"secret":   {"secrets": map[string]any{"existing": "mine"}, "image": map[string]any{"tag": "sha256:" + strings.Repeat("0", 64)}},
		"fleet":    {"fleet": fleet, "replicas": 3, "ingress": map[string]any{"enabled": true}},
	}
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	loaded, err := loader.Load(filepath.Join(folder, "helm/footlight"))
	if err != nil {
		return fmt.Errorf("the chart: %w", err)
	}
	for name, values := range cases {
		release := chartutil.ReleaseOptions{Name: "studio", Namespace: "live", IsInstall: true}
		given, err := chartutil.ToRenderValues(loaded, values, release, chartutil.DefaultCapabilities)
		if err != nil {
			return fmt.Errorf("the chart, %s: %w", name, err)
		}
		files, err := engine.Render(loaded, given)
		if err != nil {
			return fmt.Errorf("the chart, %s: %w", name, err)
		}
		var made []string
		for file, text := range files {
			for _, manifest := range releaseutil.SplitManifests(text) {
				object, kind, err := decoder.Decode([]byte(manifest), nil, nil)
				if err != nil {
					return fmt.Errorf("the chart, %s, %s: %w\n%s", name, file, err, manifest)
				}
				named, err := meta.Accessor(object)
				if err != nil {
					return err
				}
				made = append(made, kind.Kind+" "+named.GetName())
			}
		}
		fmt.Printf("the chart, %s: %s\n", name, strings.Join(made, ", "))
	}
	// What must not be taken.
	for name, values := range map[string]map[string]any{
		"an unknown value": {"replica": 2}, "a path": {"publicUrl": "https://studio.example/path"}, "latest": {"image": map[string]any{"tag": "latest"}},
	} {
		release := chartutil.ReleaseOptions{Name: "studio", Namespace: "live", IsInstall: true}
		if _, err := chartutil.ToRenderValues(loaded, values, release, chartutil.DefaultCapabilities); err == nil {
			return fmt.Errorf("the chart takes %s", name)
		}
	}
	return nil
}
