// An informer of client-go for each resource of its arguments: typed where client-go knows the type, else dynamic.
//
//	informer [-watch-lists] [-protobuf] KUBECONFIG GROUP/VERSION/RESOURCE...
//
// It says on stdout, a line each, what it asks for and what it sees; a line on stdin is answered with what the caches
// hold, and the end of stdin is its own end.
//
//	asks list|watch|watch-list RESOURCE
//	add|update|delete RESOURCE NAMESPACE/NAME VERSION
//	synced RESOURCE after MILLISECONDS ms
//	has RESOURCE NAMESPACE/NAME VERSION
//	at RESOURCE VERSION
//	said
package main

import (
	"bufio"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const protobuf = "application/vnd.kubernetes.protobuf"

var onlyWatchLists = flag.Bool("watch-lists", false, "end with 3 as soon as anything is listed")

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "informer:", err)
		os.Exit(1)
	}
}

// What goes out, before anybody can answer.
type spy struct{ next http.RoundTripper }

func (spy spy) RoundTrip(request *http.Request) (*http.Response, error) {
	verb, query := "list", request.URL.Query()
	switch {
	case query.Get("sendInitialEvents") == "true":
		verb = "watch-list"
	case query.Get("watch") == "true":
		verb = "watch"
	}
	fmt.Println("asks", verb, path.Base(request.URL.Path))
	if verb == "list" && *onlyWatchLists {
		fmt.Fprintln(os.Stderr, "informer: it fell back from a watch list to a list:", request.URL)
		os.Exit(3)
	}
	return spy.next.RoundTrip(request)
}

func say(what, resource string, object any) {
	if unknown, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = unknown.Obj
	}
	accessor, err := meta.Accessor(object)
	check(err)
	name := accessor.GetNamespace() + "/" + accessor.GetName()
	fmt.Println(what, resource, name, accessor.GetResourceVersion())
}

func main() {
	asksProtobuf := flag.Bool("protobuf", false, "ask for protobuf")
	flag.Parse()
	config, err := clientcmd.BuildConfigFromFlags("", flag.Arg(0))
	check(err)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return spy{next} })
	if *asksProtobuf {
		config.ContentType, config.AcceptContentTypes = protobuf, protobuf+",application/json"
	}
	typedClient, err := kubernetes.NewForConfig(config)
	check(err)
	dynamicClient, err := dynamic.NewForConfig(config)
	check(err)
	typed := informers.NewSharedInformerFactory(typedClient, 0)
	custom := dynamicinformer.NewDynamicSharedInformerFactory(dynamicClient, 0)

	start, stop := time.Now(), make(chan struct{})
	all := map[string]cache.SharedIndexInformer{}
	for _, argument := range flag.Args()[1:] {
		parts := strings.Split(argument, "/")
		if len(parts) != 3 {
			check(fmt.Errorf("%s is not GROUP/VERSION/RESOURCE", argument))
		}
		name := parts[2]
		kind := schema.GroupVersionResource{Group: parts[0], Version: parts[1], Resource: name}
		found, err := typed.ForResource(kind)
		if err != nil {
			found = custom.ForResource(kind)
		}
		informer := found.Informer()
		all[name] = informer
		handler, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(object any) { say("add", name, object) },
			UpdateFunc: func(_, object any) { say("update", name, object) },
			DeleteFunc: func(object any) { say("delete", name, object) },
		})
		check(err)
		go func() {
			for !handler.HasSynced() {
				time.Sleep(time.Millisecond)
			}
			fmt.Println("synced", name, "after", time.Since(start).Milliseconds(), "ms")
		}()
	}
	typed.Start(stop)
	custom.Start(stop)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		for name, informer := range all {
			for _, object := range informer.GetStore().List() {
				say("has", name, object)
			}
			fmt.Println("at", name, informer.LastSyncResourceVersion())
		}
		fmt.Println("said")
	}
}
