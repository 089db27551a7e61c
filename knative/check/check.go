package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	yamlreader "k8s.io/apimachinery/pkg/util/yaml"
	"knative.dev/eventing/pkg/apis/feature"
	"knative.dev/pkg/apis"
	"knative.dev/serving/pkg/apis/config"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

type counts struct{ objects, knative, pods int }

// admitted is what Knative's webhooks call on everything that they let in.
type admitted interface {
	apis.Defaultable
	apis.Validatable
}

// check gives everything that is wrong with a rendering: what decoding, Knative's webhooks, Pod Security admission and
// our own rules refuse, each with the object that it is about.
func check(text []byte, allowed []string) (counts, []string) {
	var counted counts
	var wrong []string
	objects, err := decodeAll(text)
	if err != nil {
		return counted, []string{err.Error()}
	}
	ctx, err := clusterWith(allowed)
	if err != nil {
		return counted, []string{err.Error()}
	}
	for _, one := range objects {
		counted.objects++
		if one.err != nil {
			wrong = append(wrong, one.String()+": "+one.err.Error())
			continue
		}
		var found []string
		// The rules read what was written, so they come before the defaults are filled in.
		found = append(found, ruleErrors(one)...)
		if pod, meta := podOf(one.typed); pod != nil {
			counted.pods++
			found = append(found, podErrors(meta, pod)...)
		}
		if known, ok := one.typed.(admitted); ok {
			counted.knative++
			known.SetDefaults(ctx)
			if err := known.Validate(ctx); err.Filter(apis.ErrorLevel) != nil {
				found = append(found, err.Filter(apis.ErrorLevel).Error())
			}
		}
		for _, why := range found {
			wrong = append(wrong, one.String()+": "+why)
		}
	}
	return counted, append(wrong, referenceErrors(objects)...)
}

// clusterWith is a cluster as Knative is installed, but for the features that it is told to enable.
func clusterWith(allowed []string) (context.Context, error) {
	flags := map[string]string{}
	for _, name := range allowed {
		flags[name] = "enabled"
	}
	features, err := config.NewFeaturesConfigFromMap(flags)
	if err != nil {
		return nil, err
	}
	defaults, err := config.NewDefaultsConfigFromMap(map[string]string{})
	if err != nil {
		return nil, err
	}
	ctx := config.ToContext(context.Background(), &config.Config{Features: features, Defaults: defaults})
	ctx = feature.ToContext(ctx, feature.FromContextOrDefaults(ctx))
	return apis.WithinCreate(ctx), nil
}

// object is one document of a rendering; err says why it could not be decoded.
type object struct {
	apiVersion, kind, namespace, name string
	typed                             any
	raw                               map[string]any
	err                               error
}

func (o object) String() string { return o.kind + " " + o.name }

func decodeAll(text []byte) ([]object, error) {
	reader := yamlreader.NewYAMLReader(bufioReader(text))
	var objects []object
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(document)) == 0 {
			continue
		}
		one, err := decode(document)
		if err != nil {
			return nil, err
		}
		if one != nil {
			objects = append(objects, *one)
		}
	}
}

func decode(document []byte) (*object, error) {
	var raw map[string]any
	if err := yaml.Unmarshal(document, &raw); err != nil {
		return nil, err
	}
	if raw == nil {
		return nil, nil
	}
	meta, _ := raw["metadata"].(map[string]any)
	one := &object{raw: raw}
	one.apiVersion, _ = raw["apiVersion"].(string)
	one.kind, _ = raw["kind"].(string)
	one.name, _ = meta["name"].(string)
	one.namespace, _ = meta["namespace"].(string)
	make, known := kinds[one.apiVersion+"/"+one.kind]
	if !known {
		one.err = fmt.Errorf("%s is not a kind that is known here: add its type to kinds.go", one.apiVersion+"/"+one.kind)
		return one, nil
	}
	one.typed = make()
	text, err := yaml.YAMLToJSONStrict(document)
	if err != nil {
		one.err = err
		return one, nil
	}
	// As the API server decodes: names of fields in their very case, and each that is wrong with its path.
	unknown, err := json.UnmarshalStrict(text, one.typed)
	one.err = errors.Join(append(unknown, err)...)
	return one, nil
}
