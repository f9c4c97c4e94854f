// Command kubernetes reads manifests as strictly as the server of Kubernetes can:
// each document is decoded into the type of k8s.io/api that its kind names, and a
// field that the type does not have, or has twice, is an error. It says what it has
// read.
//
//	kubernetes FILE...
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/yaml"
)

func main() {
	failed := false
	for _, name := range os.Args[1:] {
		if err := check(name); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			failed = true
		}
	}
	if failed || len(os.Args) < 2 {
		os.Exit(1)
	}
}

// check decodes the documents of a file and checks what must agree between them.
func check(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{appsv1.AddToScheme, corev1.AddToScheme, policyv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	decoder := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	names := named{}
	var objects []runtime.Object
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		object, kind, err := decoder.Decode(document, nil, nil)
		if err != nil {
			return fmt.Errorf("document %d: %w", len(objects)+1, err)
		}
		objects = append(objects, object)
		fmt.Printf("ok %s: %s %s\n", name, kind.Kind, names.add(object))
	}
	if len(objects) == 0 {
		return errors.New("no document")
	}
	for _, object := range objects {
		if err := names.check(object); err != nil {
			return err
		}
	}
	return nil
}

// named are the objects of a file by kind and name.
type named map[string]bool

// add remembers an object and returns its name.
func (n named) add(object runtime.Object) string {
	name := object.(interface{ GetName() string }).GetName()
	n[fmt.Sprintf("%T %s", object, name)] = true
	return name
}

// check says whether an object's labels fit its selector, and what its pods mount is
// there.
func (n named) check(object runtime.Object) error {
	var selector map[string]string
	var pod corev1.PodTemplateSpec
	claims := map[string]bool{}
	switch o := object.(type) {
	case *appsv1.Deployment:
		selector, pod = o.Spec.Selector.MatchLabels, o.Spec.Template
	case *appsv1.StatefulSet:
		selector, pod = o.Spec.Selector.MatchLabels, o.Spec.Template
		if !n["*v1.Service "+o.Spec.ServiceName] {
			return fmt.Errorf("there is no Service %q", o.Spec.ServiceName)
		}
		for _, claim := range o.Spec.VolumeClaimTemplates {
			claims[claim.Name] = true
		}
	default:
		return nil
	}
	for label, value := range selector {
		if pod.Labels[label] != value {
			return fmt.Errorf("the pods have the label %s %q, the selector %q", label, pod.Labels[label], value)
		}
	}
	for _, v := range pod.Spec.Volumes {
		claims[v.Name] = true
		if v.ConfigMap != nil && !n["*v1.ConfigMap "+v.ConfigMap.Name] || v.Secret != nil && !n["*v1.Secret "+v.Secret.SecretName] {
			return fmt.Errorf("what the volume %s is made of is not there", v.Name)
		}
	}
	for _, c := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
		for _, m := range c.VolumeMounts {
			if !claims[m.Name] {
				return fmt.Errorf("the container %s mounts %q, which is no volume", c.Name, m.Name)
			}
		}
	}
	return nil
}
