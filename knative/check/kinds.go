package main

import (
	"bufio"
	"bytes"

	certmanager "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	postgres "github.com/cloudnative-pg/cloudnative-pg/api/v1"
	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	network "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	eventing "knative.dev/eventing/pkg/apis/eventing/v1"
	sources "knative.dev/eventing/pkg/apis/sources/v1"
	networking "knative.dev/networking/pkg/apis/networking/v1alpha1"
	serving "knative.dev/serving/pkg/apis/serving/v1"
	mapping "knative.dev/serving/pkg/apis/serving/v1beta1"
)

// kinds are the types that a field must exist in, by apiVersion and kind.
var kinds = map[string]func() any{
	"v1/Namespace":             func() any { return &core.Namespace{} },
	"v1/ConfigMap":             func() any { return &core.ConfigMap{} },
	"v1/Secret":                func() any { return &core.Secret{} },
	"v1/Service":               func() any { return &core.Service{} },
	"v1/ServiceAccount":        func() any { return &core.ServiceAccount{} },
	"v1/PersistentVolumeClaim": func() any { return &core.PersistentVolumeClaim{} },
	"apps/v1/Deployment":       func() any { return &apps.Deployment{} },
	"apps/v1/StatefulSet":      func() any { return &apps.StatefulSet{} },
	"batch/v1/Job":             func() any { return &batch.Job{} },

	"networking.k8s.io/v1/NetworkPolicy":       func() any { return &network.NetworkPolicy{} },
	"policy/v1/PodDisruptionBudget":            func() any { return &policy.PodDisruptionBudget{} },
	"rbac.authorization.k8s.io/v1/Role":        func() any { return &rbac.Role{} },
	"rbac.authorization.k8s.io/v1/RoleBinding": func() any { return &rbac.RoleBinding{} },

	"serving.knative.dev/v1/Service":                              func() any { return &serving.Service{} },
	"serving.knative.dev/v1beta1/DomainMapping":                   func() any { return &mapping.DomainMapping{} },
	"networking.internal.knative.dev/v1alpha1/ClusterDomainClaim": func() any { return &networking.ClusterDomainClaim{} },
	"eventing.knative.dev/v1/Broker":                              func() any { return &eventing.Broker{} },
	"eventing.knative.dev/v1/Trigger":                             func() any { return &eventing.Trigger{} },
	"sources.knative.dev/v1/PingSource":                           func() any { return &sources.PingSource{} },

	"postgresql.cnpg.io/v1/Cluster":         func() any { return &postgres.Cluster{} },
	"postgresql.cnpg.io/v1/Pooler":          func() any { return &postgres.Pooler{} },
	"postgresql.cnpg.io/v1/ScheduledBackup": func() any { return &postgres.ScheduledBackup{} },
	"cert-manager.io/v1/Certificate":        func() any { return &certmanager.Certificate{} },
	"cert-manager.io/v1/Issuer":             func() any { return &certmanager.Issuer{} },
	"external-secrets.io/v1/ExternalSecret": func() any { return &externalSecret{} },
}

// externalSecret has the fields of ExternalSecret that an overlay of ours may use; its module is too big to load for them.
type externalSecret struct {
	meta.TypeMeta   `json:",inline"`
	meta.ObjectMeta `json:"metadata"`
	Spec            struct {
		RefreshInterval string `json:"refreshInterval"`
		SecretStoreRef  struct {
			Name string `json:"name"`
			Kind string `json:"kind"`
		} `json:"secretStoreRef"`
		Target struct {
			Name           string `json:"name"`
			CreationPolicy string `json:"creationPolicy"`
		} `json:"target"`
		Data []struct {
			SecretKey string `json:"secretKey"`
			RemoteRef struct {
				Key      string `json:"key"`
				Property string `json:"property"`
			} `json:"remoteRef"`
		} `json:"data,omitempty"`
		DataFrom []struct {
			Extract struct {
				Key string `json:"key"`
			} `json:"extract"`
		} `json:"dataFrom,omitempty"`
	} `json:"spec"`
}

func bufioReader(text []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(text)) }
