package strangers

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/diff"
	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/errdefs"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func TestTimesOfADiffAreNoLaterThanItsSourceDate(t *testing.T) {
	b := newBench(t)
	b.unpack(t, "base", "", b.put(t, ocispec.MediaTypeImageLayer, tarOf(map[string]string{"etc/gone": "g"})))
	mounts, err := b.Prepare(b.ctx, "active", "base")
	check(t, err)
	latest, earlier := time.Unix(1577836800, 0), time.Unix(978307200, 123456789)
	check(t, mount.WithTempMount(b.ctx, mounts, func(root string) error {
		for _, name := range []string{"new", "old"} {
			if err := os.WriteFile(filepath.Join(root, name), []byte(name), 0o600); err != nil {
				return err
			}
		}
		if err := os.Remove(filepath.Join(root, "etc/gone")); err != nil {
			return err
		}
		return os.Chtimes(filepath.Join(root, "old"), earlier, earlier)
	}))
	lower, err := b.View(b.ctx, "lower", "base")
	check(t, err)
	made := func() (ocispec.Descriptor, error) {
		return b.Compare(b.ctx, lower, mounts, diff.WithMediaType(ocispec.MediaTypeImageLayer),
			diff.WithSourceDateEpoch(&latest))
	}
	desc, err := made()
	check(t, err)
	data, err := content.ReadBlob(b.ctx, b.blobs, desc)
	check(t, err)
	times := map[string]time.Time{}
	for reader := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := reader.Next()
		if err == io.EOF {
			break
		}
		check(t, err)
		times[header.Name] = header.ModTime
		if header.ModTime.After(latest) {
			t.Errorf("%s is of %v", header.Name, header.ModTime)
		}
	}
	if !times["new"].Equal(latest) || !times["old"].Equal(earlier) {
		t.Errorf("the times are %v", times)
	}
	if _, found := times["etc/.wh.gone"]; !found {
		t.Errorf("there are %v", times)
	}
	again, err := made()
	check(t, err)
	if again.Digest != desc.Digest {
		t.Errorf("made again, it is %v and not %v", again, desc)
	}
	if _, err := b.Compare(b.ctx, nil, lower, diff.WithSourceDateEpoch(&latest)); !errdefs.IsNotImplemented(err) {
		t.Errorf("of a committed one: %v", err)
	}
}
