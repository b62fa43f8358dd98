package strangers

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	contentapi "github.com/containerd/containerd/api/services/content/v1"
	diffapi "github.com/containerd/containerd/api/services/diff/v1"
	snapshotsapi "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/diff"
	diffproxy "github.com/containerd/containerd/v2/core/diff/proxy"
	"github.com/containerd/containerd/v2/core/leases"
	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/containerd/v2/plugins/services/content/contentserver"
	"github.com/containerd/errdefs"
	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/grpc"
)

// bench is a snapshotter with its differ, and containerd's own store of blobs.
type bench struct {
	snapshots.Snapshotter
	diff.Applier
	diff.Comparer
	blobs content.Store
	raw   snapshotsapi.SnapshotsClient
	ctx   context.Context
}

// labelled keeps labels in memory, which containerd has a database for.
type labelled map[digest.Digest]map[string]string

func (l labelled) Get(d digest.Digest) (map[string]string, error)      { return l[d], nil }
func (l labelled) Set(d digest.Digest, labels map[string]string) error { l[d] = labels; return nil }
func (l labelled) Update(d digest.Digest, labels map[string]string) (map[string]string, error) {
	l[d] = labels
	return labels, nil
}

func newBench(t *testing.T) *bench {
	if os.Getuid() != 0 {
		t.Skip("only root can mount")
	}
	root, err := os.MkdirTemp("", "wcld-")
	check(t, err)
	t.Cleanup(func() { os.RemoveAll(root) })
	blobs, err := local.NewLabeledStore(filepath.Join(root, "blobs"), labelled{})
	check(t, err)
	listener, err := net.Listen("unix", filepath.Join(root, "content.sock"))
	check(t, err)
	server := grpc.NewServer()
	contentapi.RegisterContentServer(server, contentserver.New(blobs))
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	snapshotter, connection, end, err := startWith(root, "--content-socket", filepath.Join(root, "content.sock"))
	check(t, err)
	t.Cleanup(func() { check(t, end()) })
	differ := diffproxy.NewDiffApplier(diffapi.NewDiffClient(connection)).(interface {
		diff.Applier
		diff.Comparer
	})
	// With a lease, none is asked for of the store, which has blobs alone.
	ctx := leases.WithLease(namespaces.WithNamespace(context.Background(), "test"), "test")
	return &bench{snapshotter, differ, differ, blobs, snapshotsapi.NewSnapshotsClient(connection), ctx}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put stores a blob.
func (b *bench) put(t *testing.T, mediaType string, data []byte) ocispec.Descriptor {
	t.Helper()
	desc := ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(data), Size: int64(len(data))}
	check(t, content.WriteBlob(b.ctx, b.blobs, desc.Digest.String(), bytes.NewReader(data), desc))
	return desc
}

// unpack prepares, applies and commits as containerd does.
func (b *bench) unpack(t *testing.T, name, parent string, desc ocispec.Descriptor) ocispec.Descriptor {
	t.Helper()
	mounts, err := b.Prepare(b.ctx, "extract-1 "+name, parent)
	check(t, err)
	applied, err := b.Apply(b.ctx, desc, mounts)
	check(t, err)
	check(t, b.Commit(b.ctx, name, "extract-1 "+name))
	return applied
}

// seen reads a file of a view.
func (b *bench) seen(t *testing.T, parent, path string) (found string) {
	t.Helper()
	mounts, err := b.View(b.ctx, "view", parent)
	check(t, err)
	check(t, mount.WithTempMount(b.ctx, mounts, func(root string) error {
		data, err := os.ReadFile(filepath.Join(root, path))
		found = string(data)
		if err != nil {
			found = err.Error()
		}
		return nil
	}))
	check(t, b.Remove(b.ctx, "view"))
	return found
}

func tarOf(files map[string]string) []byte {
	var out bytes.Buffer
	writer := tar.NewWriter(&out)
	for name, data := range files {
		writer.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)), Format: tar.FormatPAX})
		writer.Write([]byte(data))
	}
	writer.Close()
	return out.Bytes()
}

func gzipped(data []byte) []byte {
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	writer.Write(data)
	writer.Close()
	return out.Bytes()
}

func TestAppliedDiffsAreWhatSnapshotsShow(t *testing.T) {
	b := newBench(t)
	encoder, err := zstd.NewWriter(nil)
	check(t, err)
	big := strings.Repeat("0123456789abcdef", 1<<18)
	first := tarOf(map[string]string{"etc/first": "one", "etc/second": "two", "big": big})
	second := tarOf(map[string]string{"etc/second": "changed"})
	third := tarOf(map[string]string{"etc/.wh.first": "", "third": "3"})
	parent := ""
	for i, layer := range []struct {
		mediaType string
		tar, blob []byte
	}{
		{ocispec.MediaTypeImageLayerGzip, first, gzipped(first)},
		{ocispec.MediaTypeImageLayer, second, second},
		{ocispec.MediaTypeImageLayerZstd, third, encoder.EncodeAll(third, nil)},
	} {
		name := "layer " + string(rune('1'+i))
		applied := b.unpack(t, name, parent, b.put(t, layer.mediaType, layer.blob))
		if applied.Digest != digest.FromBytes(layer.tar) || applied.Size != int64(len(layer.tar)) ||
			applied.MediaType != ocispec.MediaTypeImageLayer {
			t.Errorf("%s was applied as %v", name, applied)
		}
		parent = name
	}
	for path, expected := range map[string]string{"etc/second": "changed", "third": "3", "big": big} {
		if found := b.seen(t, parent, path); found != expected {
			t.Errorf("%s is %.100q", path, found)
		}
	}
	if found := b.seen(t, parent, "etc/first"); !strings.Contains(found, "no such file") {
		t.Errorf("what was deleted is %q", found)
	}
	usage, err := b.Usage(b.ctx, "layer 1")
	check(t, err)
	if usage.Size < int64(len(big)) {
		t.Errorf("layer 1 takes %d bytes", usage.Size)
	}
}

func TestDiffsOfAppliedSnapshotsAreTheirLayers(t *testing.T) {
	b := newBench(t)
	first, second := tarOf(map[string]string{"a": "1"}), tarOf(map[string]string{"b": "2", ".wh.a": ""})
	b.unpack(t, "first", "", b.put(t, ocispec.MediaTypeImageLayerGzip, gzipped(first)))
	b.unpack(t, "second", "first", b.put(t, ocispec.MediaTypeImageLayerGzip, gzipped(second)))
	lower, err := b.View(b.ctx, "lower", "first")
	check(t, err)
	upper, err := b.View(b.ctx, "upper", "second")
	check(t, err)
	desc, err := b.Compare(b.ctx, lower, upper, diff.WithMediaType(ocispec.MediaTypeImageLayer))
	check(t, err)
	if desc.Digest != digest.FromBytes(second) {
		t.Errorf("the diff is %v", desc)
	}
	desc, err = b.Compare(b.ctx, lower, upper, diff.WithLabels(map[string]string{"of": "test"}))
	check(t, err)
	info, err := b.blobs.Info(b.ctx, desc.Digest)
	check(t, err)
	if desc.MediaType != ocispec.MediaTypeImageLayerGzip || info.Size != desc.Size || info.Labels["of"] != "test" ||
		info.Labels["containerd.io/uncompressed"] != digest.FromBytes(second).String() {
		t.Errorf("the diff is %v, %v", desc, info)
	}
}

func TestDiffsOfWhatWasWrittenApplyAgain(t *testing.T) {
	b := newBench(t)
	b.unpack(t, "base", "", b.put(t, ocispec.MediaTypeImageLayer, tarOf(map[string]string{"kept": "k", "gone": "g"})))
	mounts, err := b.Prepare(b.ctx, "active", "base")
	check(t, err)
	check(t, mount.WithTempMount(b.ctx, mounts, func(root string) error {
		if err := os.Remove(filepath.Join(root, "gone")); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(root, "made"), []byte("m"), 0o600)
	}))
	lower, err := b.View(b.ctx, "lower", "base")
	check(t, err)
	desc, err := b.Compare(b.ctx, lower, mounts)
	check(t, err)
	b.unpack(t, "again", "base", desc)
	if found := b.seen(t, "again", "made"); found != "m" {
		t.Errorf("what was made is %q", found)
	}
	if found := b.seen(t, "again", "gone"); !strings.Contains(found, "no such file") {
		t.Errorf("what was deleted is %q", found)
	}
}

func TestWhatIsNotOursIsLeftToOthers(t *testing.T) {
	b := newBench(t)
	layer := b.put(t, ocispec.MediaTypeImageLayer, tarOf(map[string]string{"a": "1"}))
	mounts, err := b.Prepare(b.ctx, "active", "")
	check(t, err)
	foreign := []mount.Mount{{Type: "bind", Source: t.TempDir(), Options: []string{"rbind", "rw"}}}
	if _, err := b.Apply(b.ctx, layer, foreign); !errdefs.IsNotImplemented(err) {
		t.Errorf("a foreign mount: %v", err)
	}
	encrypted := layer
	encrypted.MediaType += "+encrypted"
	if _, err := b.Apply(b.ctx, encrypted, mounts); !errdefs.IsNotImplemented(err) {
		t.Errorf("an encrypted layer: %v", err)
	}
	if _, err := b.Compare(b.ctx, foreign, mounts); !errdefs.IsNotImplemented(err) {
		t.Errorf("a foreign mount below: %v", err)
	}
	missing := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayer, Digest: digest.FromString("missing"), Size: 7}
	if _, err := b.Apply(b.ctx, missing, mounts); !errdefs.IsNotFound(err) {
		t.Errorf("a missing blob: %v", err)
	}
	broken := b.put(t, ocispec.MediaTypeImageLayerGzip, gzipped(tarOf(map[string]string{"a": "1"}))[:40])
	if _, err := b.Apply(b.ctx, broken, mounts); err == nil || errdefs.IsNotImplemented(err) {
		t.Errorf("a broken blob: %v", err)
	}
	if _, err := b.Apply(b.ctx, layer, mounts); err != nil {
		t.Errorf("after all that: %v", err)
	}
}
