package strangers

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/errdefs"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func mapped(uids, gids string) snapshots.Opt {
	return snapshots.WithLabels(map[string]string{snapshots.LabelSnapshotUIDMapping: uids,
		snapshots.LabelSnapshotGIDMapping: gids})
}

func TestIdsOfWhatIsBelowAreMapped(t *testing.T) {
	b := newBench(t)
	b.unpack(t, "base", "", b.put(t, ocispec.MediaTypeImageLayer, tarOf(map[string]string{"file": "f"})))
	mounts, err := b.Prepare(b.ctx, "active", "base", mapped("0:100000:65536", "0:200000:1000,1000:300000:500"))
	if errdefs.IsNotImplemented(err) && strings.Contains(err.Error(), "kernel") {
		t.Skip(err)
	}
	check(t, err)
	lower, err := b.View(b.ctx, "lower", "base")
	check(t, err)
	owner := func(path string) (uint32, uint32) {
		info, err := os.Lstat(path)
		check(t, err)
		stat := info.Sys().(*syscall.Stat_t)
		return stat.Uid, stat.Gid
	}
	check(t, mount.WithTempMount(b.ctx, mounts, func(root string) error {
		for _, path := range []string{root, filepath.Join(root, "file")} {
			if uid, gid := owner(path); uid != 100000 || gid != 200000 {
				t.Errorf("%s is of %d:%d", path, uid, gid)
			}
		}
		// What is copied up stays whose it was.
		if err := os.WriteFile(filepath.Join(root, "file"), []byte("changed"), 0); err != nil {
			return err
		}
		if uid, gid := owner(filepath.Join(root, "file")); uid != 100000 || gid != 200000 {
			t.Errorf("written to, it is of %d:%d", uid, gid)
		}
		return nil
	}))
	if uid, gid := owner(filepath.Join(lower[0].Source, "file")); uid != 0 || gid != 0 {
		t.Errorf("below, it is of %d:%d", uid, gid)
	}
	if _, err := b.Compare(b.ctx, lower, mounts); !errdefs.IsNotImplemented(err) {
		t.Errorf("a diff with ids of the host: %v", err)
	}
	if err := b.Commit(b.ctx, "committed", "active"); !errdefs.IsNotImplemented(err) {
		t.Errorf("a commit with ids of the host: %v", err)
	}
}

func TestIdMapsThatCannotBeAreRefused(t *testing.T) {
	b := newBench(t)
	b.unpack(t, "base", "", b.put(t, ocispec.MediaTypeImageLayer, tarOf(map[string]string{"file": "f"})))
	for _, bad := range []string{"", "0", "0:1", "0:1:0", "0:1:2,", "a:b:c", "0:1:2 3"} {
		if _, err := b.Prepare(b.ctx, "active", "base", mapped(bad, "0:1:2")); !errdefs.IsInvalidArgument(err) {
			t.Errorf("mapped by %q: %v", bad, err)
		}
	}
	if _, err := b.View(b.ctx, "view", "base", mapped("0:1:2", "0:1:2")); !errdefs.IsNotImplemented(err) {
		t.Errorf("a view: %v", err)
	}
	if _, err := b.Stat(b.ctx, "active"); !errdefs.IsNotFound(err) {
		t.Errorf("what was refused is there: %v", err)
	}
}
