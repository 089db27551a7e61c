package main

import (
	"fmt"
	"strings"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	duck "knative.dev/eventing/pkg/apis/duck/v1"
	eventing "knative.dev/eventing/pkg/apis/eventing/v1"
	serving "knative.dev/serving/pkg/apis/serving/v1"
)

const (
	publicService = "gateway"
	visibility    = "networking.knative.dev/visibility"
	sink          = "dead-letters"
	// Run once by an operator, and deleted by him.
	byHand = "first-admin"
)

// clusterScoped objects have no namespace; every other must say which.
var clusterScoped = map[string]bool{"Namespace": true, "ClusterDomainClaim": true}

// ruleErrors is what a cluster would take and what would then not work.
func ruleErrors(one object) []string {
	var wrong []string
	if one.namespace == "" && !clusterScoped[one.kind] {
		wrong = append(wrong, "it has no namespace")
	}
	for _, why := range validation.IsDNS1123Subdomain(one.name) {
		wrong = append(wrong, "its name: "+why)
	}
	switch typed := one.typed.(type) {
	case *core.Secret:
		if len(typed.Data)+len(typed.StringData) > 0 {
			wrong = append(wrong, "a Secret stands here without values: each apply would set them anew")
		}
	case *batch.Job:
		wrong = append(wrong, jobErrors(typed)...)
	case *serving.Service:
		if typed.Name != publicService && typed.Labels[visibility] != "cluster-local" {
			wrong = append(wrong, "the label "+visibility+": cluster-local is missing: anyone outside could call it")
		}
	case *eventing.Broker:
		wrong = append(wrong, deliveryErrors(typed.Spec.Delivery)...)
	case *eventing.Trigger:
		wrong = append(wrong, deliveryErrors(typed.Spec.Delivery)...)
		wrong = append(wrong, filterErrors(typed)...)
	}
	return wrong
}

// A Job cannot be changed: with the name of its image's tag, another tag makes another Job.
func jobErrors(job *batch.Job) []string {
	image := job.Spec.Template.Spec.Containers[0].Image
	tag := "latest"
	if at := strings.LastIndex(image, ":"); at > strings.LastIndex(image, "/") {
		tag = image[at+1:]
	}
	var wrong []string
	if job.Name != byHand && !strings.HasSuffix(job.Name, "--"+tag) {
		wrong = append(wrong, fmt.Sprintf("its name must end in --%s, the tag of %s", tag, image))
	}
	// Its pods carry it as a label.
	for _, why := range validation.IsValidLabelValue(job.Name) {
		wrong = append(wrong, "its name: "+why)
	}
	return wrong
}

// A Trigger's delivery replaces its Broker's as a whole: what is not said is gone.
func deliveryErrors(delivery *duck.DeliverySpec) []string {
	if delivery == nil {
		return []string{"it has no delivery: say retry, backoffPolicy, backoffDelay, timeout and deadLetterSink"}
	}
	var missing []string
	for field, isThere := range map[string]bool{
		"retry":          delivery.Retry != nil,
		"backoffPolicy":  delivery.BackoffPolicy != nil,
		"backoffDelay":   delivery.BackoffDelay != nil,
		"timeout":        delivery.Timeout != nil,
		"deadLetterSink": delivery.DeadLetterSink != nil && delivery.DeadLetterSink.Ref != nil && delivery.DeadLetterSink.Ref.Name == sink,
	} {
		if !isThere {
			missing = append(missing, "delivery."+field+" is missing: nothing of the Broker's is merged in")
		}
	}
	return missing
}

// Knative takes an empty value, drops the filter that has it, and delivers every CloudEvent.
func filterErrors(trigger *eventing.Trigger) []string {
	if len(trigger.Spec.Filters) == 0 && (trigger.Spec.Filter == nil || len(trigger.Spec.Filter.Attributes) == 0) {
		return []string{"it has no filter: every CloudEvent would be delivered"}
	}
	var wrong []string
	if trigger.Spec.Filter != nil {
		wrong = emptyValues("filter.attributes", trigger.Spec.Filter.Attributes)
	}
	for _, filter := range trigger.Spec.Filters {
		wrong = append(wrong, emptyFilters(filter)...)
	}
	return wrong
}

func emptyFilters(filter eventing.SubscriptionsAPIFilter) []string {
	wrong := emptyValues("exact", filter.Exact)
	wrong = append(wrong, emptyValues("prefix", filter.Prefix)...)
	wrong = append(wrong, emptyValues("suffix", filter.Suffix)...)
	for _, inner := range append(append([]eventing.SubscriptionsAPIFilter{}, filter.All...), filter.Any...) {
		wrong = append(wrong, emptyFilters(inner)...)
	}
	if filter.Not != nil {
		wrong = append(wrong, emptyFilters(*filter.Not)...)
	}
	return wrong
}

func emptyValues(where string, values map[string]string) []string {
	var wrong []string
	for name, value := range values {
		if value == "" {
			wrong = append(wrong, fmt.Sprintf("%s has an empty value for %s: Knative would drop the filter and deliver every CloudEvent", where, name))
		}
	}
	return wrong
}
