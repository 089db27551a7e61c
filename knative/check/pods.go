package main

import (
	"fmt"

	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	serving "knative.dev/serving/pkg/apis/serving/v1"
)

// podOf gives the pod that an object makes, and its labels and annotations; nil where it makes none.
func podOf(typed any) (*core.PodSpec, *meta.ObjectMeta) {
	switch one := typed.(type) {
	case *serving.Service:
		template := &one.Spec.Template
		return &template.Spec.PodSpec, &template.ObjectMeta
	case *apps.Deployment:
		return &one.Spec.Template.Spec, &one.Spec.Template.ObjectMeta
	case *apps.StatefulSet:
		return &one.Spec.Template.Spec, &one.Spec.Template.ObjectMeta
	case *batch.Job:
		return &one.Spec.Template.Spec, &one.Spec.Template.ObjectMeta
	}
	return nil, nil
}

var restricted = api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}

// podErrors is what Pod Security admission refuses in a namespace that is `restricted`, and what it leaves open.
func podErrors(labels *meta.ObjectMeta, pod *core.PodSpec) []string {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return []string{err.Error()}
	}
	var wrong []string
	for _, result := range evaluator.EvaluatePod(restricted, labels, pod) {
		if !result.Allowed {
			wrong = append(wrong, "Pod Security restricted: "+result.ForbiddenReason+": "+result.ForbiddenDetail)
		}
	}
	if pod.AutomountServiceAccountToken == nil {
		wrong = append(wrong, "say automountServiceAccountToken: false, or true where the pod speaks to Kubernetes")
	}
	for _, container := range append(pod.InitContainers, pod.Containers...) {
		wrong = append(wrong, containerErrors(container)...)
	}
	return wrong
}

func containerErrors(container core.Container) []string {
	var wrong []string
	security := container.SecurityContext
	if security == nil || security.ReadOnlyRootFilesystem == nil || !*security.ReadOnlyRootFilesystem {
		wrong = append(wrong, fmt.Sprintf("container %q may write to its root file system", container.Name))
	}
	if security == nil || security.RunAsUser == nil {
		wrong = append(wrong, fmt.Sprintf("container %q does not say which user it runs as", container.Name))
	}
	if container.Resources.Requests.Cpu().IsZero() || container.Resources.Requests.Memory().IsZero() ||
		container.Resources.Limits.Memory().IsZero() {
		wrong = append(wrong, fmt.Sprintf("container %q needs requests for CPU and memory, and a limit for memory", container.Name))
	}
	return wrong
}
