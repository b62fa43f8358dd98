package strangers

import (
	"archive/tar"
	"bytes"
	"context"
	"strings"
	"testing"

	snapshotsapi "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/v2/core/diff"
	"github.com/containerd/containerd/v2/core/diff/apply"
	"github.com/containerd/containerd/v2/core/mount"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

// commitOn commits on a parent that the snapshot was not prepared on, which the client of this version cannot say.
func (b *bench) commitOn(key, name, parent string) error {
	request := &snapshotsapi.CommitSnapshotRequest{Snapshotter: "wcl", Name: name, Key: key}
	field := protowire.AppendTag(nil, 5, protowire.BytesType)
	request.ProtoReflect().SetUnknown(protowire.AppendString(field, parent))
	_, err := b.raw.Commit(b.ctx, request)
	return err
}

// entries is a tar whose order is kept: of files, of whiteouts, and of hard links where there is a target.
func entries(list ...[3]string) []byte {
	var out bytes.Buffer
	writer := tar.NewWriter(&out)
	for _, entry := range list {
		header := &tar.Header{Name: entry[0], Mode: 0o644, Size: int64(len(entry[1])), Format: tar.FormatPAX}
		if entry[2] != "" {
			header.Typeflag, header.Linkname = tar.TypeLink, entry[2]
		}
		if strings.HasSuffix(entry[0], "/") {
			header.Typeflag, header.Mode = tar.TypeDir, 0o755
		}
		writer.WriteHeader(header)
		writer.Write([]byte(entry[1]))
	}
	writer.Close()
	return out.Bytes()
}

var chain = [][]byte{
	entries([3]string{"etc/"}, [3]string{"etc/first", "one"}, [3]string{"etc/kept", "k"}, [3]string{"opaque/"},
		[3]string{"opaque/hidden", "h"}),
	entries([3]string{"etc/"}, [3]string{"etc/second", "two"}),
	entries([3]string{"etc/"}, [3]string{"etc/.wh.first"}, [3]string{"opaque/"}, [3]string{"opaque/.wh..wh..opq"},
		[3]string{"opaque/shown", "s"}),
}

// unpackAtOnce prepares all layers, applies the last first, and commits them in order.
func (b *bench) unpackAtOnce(t *testing.T, applier diff.Applier, layers [][]byte) {
	t.Helper()
	mounts := make([][]mount.Mount, len(layers))
	name := func(i int) string { return "layer " + string(rune('1'+i)) }
	for i := range layers {
		var err error
		mounts[i], err = b.Prepare(b.ctx, "extract-1 "+name(i), "")
		check(t, err)
	}
	for i := len(layers) - 1; i >= 0; i-- {
		_, err := applier.Apply(b.ctx, b.put(t, ocispec.MediaTypeImageLayerGzip, gzipped(layers[i])), mounts[i])
		check(t, err)
	}
	for i := range layers {
		if i == 0 {
			check(t, b.Commit(b.ctx, name(i), "extract-1 "+name(i)))
		} else {
			check(t, b.commitOn("extract-1 "+name(i), name(i), name(i-1)))
		}
	}
}

func (b *bench) checkChain(t *testing.T) {
	t.Helper()
	info, err := b.Stat(b.ctx, "layer 3")
	check(t, err)
	if info.Parent != "layer 2" {
		t.Errorf("the parent is %q", info.Parent)
	}
	for path, expected := range map[string]string{"etc/second": "two", "etc/kept": "k", "opaque/shown": "s"} {
		if found := b.seen(t, "layer 3", path); found != expected {
			t.Errorf("%s is %q", path, found)
		}
	}
	for _, path := range []string{"etc/first", "opaque/hidden"} {
		if found := b.seen(t, "layer 3", path); !strings.Contains(found, "no such file") {
			t.Errorf("what was deleted, %s, is %q", path, found)
		}
	}
	if found := b.seen(t, "layer 2", "etc/first"); found != "one" {
		t.Errorf("below, what was deleted is %q", found)
	}
	if err := b.Remove(b.ctx, "layer 2"); err == nil || !strings.Contains(err.Error(), "remove") {
		t.Errorf("a parent that came late was removed: %v", err)
	}
}

func TestLayersAreAppliedAtOnceAndGetTheirParentsLater(t *testing.T) {
	b := newBench(t)
	b.unpackAtOnce(t, b, chain)
	b.checkChain(t)
}

// Whiteouts are kept where there is nothing yet that they hide.
func TestAnotherDifferUnpacksAtOnceToo(t *testing.T) {
	b := newBench(t)
	b.unpackAtOnce(t, apply.NewFileSystemApplier(b.blobs), chain)
	b.checkChain(t)
}

func TestLinksIntoParentsThatComeLateAreChecked(t *testing.T) {
	b := newBench(t)
	b.unpackAtOnce(t, b, [][]byte{chain[0], entries([3]string{"linked", "", "etc/first"})})
	if found := b.seen(t, "layer 2", "linked"); found != "one" {
		t.Errorf("the link is %q", found)
	}
	mounts, err := b.Prepare(b.ctx, "lost", "")
	check(t, err)
	_, err = b.Apply(b.ctx, b.put(t, ocispec.MediaTypeImageLayer, entries([3]string{"linked", "", "etc/nothing"})), mounts)
	check(t, err)
	if err := b.commitOn("lost", "broken", "layer 1"); err == nil || !strings.Contains(err.Error(), "etc/nothing") {
		t.Errorf("a link to nothing: %v", err)
	}
	if err := b.commitOn("lost", "orphan", "nobody"); status.Code(err) != codes.NotFound {
		t.Errorf("a parent that is not there: %v", err)
	}
	check(t, b.Remove(context.WithoutCancel(b.ctx), "lost"))
}

func TestAParentIsNotChanged(t *testing.T) {
	b := newBench(t)
	b.unpackAtOnce(t, b, chain)
	_, err := b.Prepare(b.ctx, "active", "layer 1")
	check(t, err)
	if err := b.commitOn("active", "moved", "layer 2"); status.Code(err) != codes.InvalidArgument {
		t.Errorf("a parent was changed: %v", err)
	}
	check(t, b.commitOn("active", "same", "layer 1"))
}
