package main

import (
	"fmt"
	"strconv"

	core "k8s.io/api/core/v1"
	eventing "knative.dev/eventing/pkg/apis/eventing/v1"
	sources "knative.dev/eventing/pkg/apis/sources/v1"
	duck "knative.dev/pkg/apis/duck/v1"
)

// referenceErrors is what names an object that no one renders.
func referenceErrors(objects []object) []string {
	known := map[string]any{}
	namespaces := map[string]bool{}
	for _, one := range objects {
		known[one.apiVersion+"/"+one.kind+"/"+one.name] = one.typed
		if one.namespace != "" {
			namespaces[one.namespace] = true
		}
	}
	var wrong []string
	if len(namespaces) > 1 {
		wrong = append(wrong, fmt.Sprintf("the objects are spread over %d namespaces: %v", len(namespaces), namespaces))
	}
	for _, one := range objects {
		for _, why := range missingFrom(known, one) {
			wrong = append(wrong, one.String()+": "+why)
		}
	}
	return wrong
}

func missingFrom(known map[string]any, one object) []string {
	var wrong []string
	need := func(what string, destination *duck.Destination) {
		if destination == nil || destination.Ref == nil {
			return
		}
		ref := destination.Ref
		if _, ok := known[ref.APIVersion+"/"+ref.Kind+"/"+ref.Name]; !ok {
			wrong = append(wrong, fmt.Sprintf("its %s is the %s %s, which is not there", what, ref.Kind, ref.Name))
		}
	}
	switch typed := one.typed.(type) {
	case *eventing.Trigger:
		need("subscriber", &typed.Spec.Subscriber)
		if typed.Spec.Delivery != nil {
			need("deadLetterSink", typed.Spec.Delivery.DeadLetterSink)
		}
		need("broker", &duck.Destination{Ref: &duck.KReference{APIVersion: "eventing.knative.dev/v1", Kind: "Broker", Name: typed.Spec.Broker}})
	case *sources.PingSource:
		need("sink", &typed.Spec.Sink)
	case *eventing.Broker:
		if typed.Spec.Delivery != nil {
			need("deadLetterSink", typed.Spec.Delivery.DeadLetterSink)
		}
		if typed.Annotations[eventing.BrokerClassAnnotationKey] == "Kafka" {
			wrong = append(wrong, kafkaErrors(known, typed)...)
		}
	}
	return wrong
}

// The keys that the Kafka Broker's controller reads from the ConfigMap that spec.config names.
var kafkaKeys = map[string]bool{
	"bootstrap.servers": true, "default.topic.partitions": true, "default.topic.replication.factor": true,
	"auth.secret.ref.name": true,
}

func kafkaErrors(known map[string]any, broker *eventing.Broker) []string {
	if broker.Spec.Config == nil {
		return []string{"a Broker of the class Kafka needs spec.config"}
	}
	settings, ok := known["v1/ConfigMap/"+broker.Spec.Config.Name].(*core.ConfigMap)
	if !ok {
		return []string{"its spec.config is the ConfigMap " + broker.Spec.Config.Name + ", which is not there"}
	}
	var wrong []string
	for key := range settings.Data {
		if !kafkaKeys[key] {
			wrong = append(wrong, settings.Name+": the Kafka Broker knows no key "+key)
		}
	}
	for _, key := range []string{"default.topic.partitions", "default.topic.replication.factor"} {
		if count, err := strconv.Atoi(settings.Data[key]); err != nil || count < 1 {
			wrong = append(wrong, settings.Name+": "+key+" must be a number from 1")
		}
	}
	if settings.Data["bootstrap.servers"] == "" {
		wrong = append(wrong, settings.Name+": bootstrap.servers is empty")
	}
	return wrong
}
