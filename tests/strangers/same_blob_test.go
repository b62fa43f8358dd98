package strangers

import (
	"testing"

	"github.com/containerd/containerd/v2/core/diff"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// A blob by another compressor: what is made anew is other bytes.
func TestADiffIsTheBlobThatWasAppliedWhileItIsThere(t *testing.T) {
	b := newBench(t)
	layer := tarOf(map[string]string{"a": "1", "b": "2"})
	blob := b.put(t, ocispec.MediaTypeImageLayerGzip, gzipped(layer))
	b.unpack(t, "layer", "", blob)
	upper, err := b.View(b.ctx, "upper", "layer")
	check(t, err)
	for _, mediaType := range []string{"", ocispec.MediaTypeImageLayerGzip} {
		desc, err := b.Compare(b.ctx, nil, upper, diff.WithMediaType(mediaType),
			diff.WithLabels(map[string]string{"asked as": "<" + mediaType + ">"}))
		check(t, err)
		if desc.Digest != blob.Digest || desc.Size != blob.Size || desc.MediaType != ocispec.MediaTypeImageLayerGzip {
			t.Errorf("asked for %q, the diff is %v", mediaType, desc)
		}
		info, err := b.blobs.Info(b.ctx, desc.Digest)
		check(t, err)
		if info.Labels["asked as"] != "<"+mediaType+">" ||
			info.Labels["containerd.io/uncompressed"] != digest.FromBytes(layer).String() {
			t.Errorf("the blob's labels are %v", info.Labels)
		}
	}
	desc, err := b.Compare(b.ctx, nil, upper, diff.WithMediaType(ocispec.MediaTypeImageLayer))
	check(t, err)
	if desc.Digest != digest.FromBytes(layer) {
		t.Errorf("uncompressed it is %v", desc)
	}
	check(t, b.blobs.Delete(b.ctx, blob.Digest))
	desc, err = b.Compare(b.ctx, nil, upper)
	check(t, err)
	info, err := b.blobs.Info(b.ctx, desc.Digest)
	check(t, err)
	if desc.Digest == blob.Digest || info.Labels["containerd.io/uncompressed"] != digest.FromBytes(layer).String() {
		t.Errorf("made anew, it is %v, %v", desc, info.Labels)
	}
}
