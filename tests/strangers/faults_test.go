package strangers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	snapshotsapi "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/core/snapshots/proxy"
	"github.com/containerd/errdefs"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

func isMounted(t *testing.T, path string) bool {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	check(t, err)
	for _, line := range strings.Split(string(mounts), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[1] == path {
			return true
		}
	}
	return false
}

// What is not mounted any more, as after a reboot, is mounted by the next Mounts.
func TestMountsAreMadeAgain(t *testing.T) {
	b := newBench(t)
	b.unpack(t, "base", "", b.put(t, ocispec.MediaTypeImageLayer, tarOf(map[string]string{"file": "f"})))
	active, err := b.Prepare(b.ctx, "active", "base")
	check(t, err)
	check(t, os.WriteFile(filepath.Join(active[0].Source, "written"), []byte("w"), 0o600))
	view, err := b.View(b.ctx, "view", "base")
	check(t, err)
	for _, path := range []string{active[0].Source, view[0].Source} {
		check(t, syscall.Unmount(path, 0))
		if isMounted(t, path) {
			t.Fatalf("%s is mounted still", path)
		}
	}
	for key, file := range map[string]string{"active": "written", "view": "file"} {
		mounts, err := b.Mounts(b.ctx, key)
		check(t, err)
		if !isMounted(t, mounts[0].Source) {
			t.Errorf("%s is not mounted again", key)
		}
		if _, err := os.Stat(filepath.Join(mounts[0].Source, file)); err != nil {
			t.Error(err)
		}
	}
	for _, key := range []string{"active", "view", "base"} {
		check(t, b.Remove(b.ctx, key))
	}
}

// What was acknowledged is there after the snapshotter was killed, and nothing else.
func TestSnapshotsOutliveAKill(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can mount")
	}
	root, err := os.MkdirTemp("", "wclk-")
	check(t, err)
	defer os.RemoveAll(root)
	ctx := context.Background()
	alive := map[string]bool{}
	for round := 0; round < 12; round++ {
		command, socket, err := serve(root)
		check(t, err)
		defer command.Process.Kill()
		connection, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
		check(t, err)
		snapshotter := proxy.NewSnapshotter(snapshotsapi.NewSnapshotsClient(connection), "wcl")
		found := map[string]bool{}
		check(t, snapshotter.Walk(ctx, func(_ context.Context, info snapshots.Info) error {
			found[info.Name] = true
			return nil
		}))
		for key := range alive {
			if !found[key] {
				t.Fatalf("round %d: %s is lost", round, key)
			}
		}
		for key := range found {
			if !alive[key] {
				check(t, snapshotter.Remove(ctx, key))
			}
		}
		var group sync.WaitGroup
		var mutex sync.Mutex
		killed := false
		// Whoever fails before the kill has found a fault; nobody goes on after either.
		kill := func(err error) {
			mutex.Lock()
			defer mutex.Unlock()
			if err != nil && !killed {
				t.Errorf("round %d: before the kill: %v", round, err)
			}
			killed = true
			command.Process.Kill()
		}
		for worker := 0; worker < 4; worker++ {
			group.Add(1)
			go func() {
				defer group.Done()
				for i := 0; ; i++ {
					key := fmt.Sprintf("%d-%d-%d", round, worker, i)
					if _, err := snapshotter.Prepare(ctx, key, ""); err != nil {
						kill(err)
						return
					}
					if err := snapshotter.Commit(ctx, "c"+key, key); err != nil {
						kill(err)
						return
					}
					mutex.Lock()
					alive["c"+key] = true
					enough := len(alive) > 4*(round+1)
					mutex.Unlock()
					if enough && worker == 0 {
						kill(nil)
					}
				}
			}()
		}
		group.Wait()
		command.Wait()
		connection.Close()
	}
	snapshotter, _, end, err := startWith(root)
	check(t, err)
	check(t, snapshotter.(snapshots.Cleaner).Cleanup(ctx))
	check(t, end())
	left, err := filepath.Glob(filepath.Join(root, "home", "snapshot-*"))
	check(t, err)
	if len(left) > 0 {
		t.Errorf("these layers are left: %v", left)
	}
}

// Many who do the same with the same snapshots hinder, but do not harm, each other.
func TestManyCallsAtOnce(t *testing.T) {
	b := newBench(t)
	b.unpack(t, "base", "", b.put(t, ocispec.MediaTypeImageLayer, tarOf(map[string]string{"file": "f"})))
	var group sync.WaitGroup
	for worker := 0; worker < 50; worker++ {
		group.Add(1)
		go func() {
			defer group.Done()
			own := fmt.Sprintf("own-%d", worker)
			mounts, err := b.Prepare(b.ctx, own, "base")
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := os.Stat(filepath.Join(mounts[0].Source, "file")); err != nil {
				t.Error(err)
			}
			shared := fmt.Sprintf("shared-%d", worker%5)
			if _, err := b.View(b.ctx, shared, "base"); err != nil && !errdefs.IsAlreadyExists(err) {
				t.Error(err)
			}
			if err := b.Remove(b.ctx, shared); err != nil && !errdefs.IsNotFound(err) {
				t.Error(err)
			}
			if err := b.Remove(b.ctx, "base"); !errdefs.IsFailedPrecondition(err) {
				t.Errorf("the parent of %s: %v", own, err)
			}
			if err := b.Remove(b.ctx, own); err != nil {
				t.Error(err)
			}
		}()
	}
	group.Wait()
	check(t, b.Remove(b.ctx, "base"))
}

func TestWhatIsTooMuchIsRefused(t *testing.T) {
	b := newBench(t)
	if _, err := b.Prepare(b.ctx, strings.Repeat("k", 2<<20), ""); status.Code(err) != codes.ResourceExhausted &&
		!errdefs.IsResourceExhausted(err) {
		t.Errorf("a key of 2 MiB: %v", err)
	}
	if _, err := b.Prepare(b.ctx, "limited", "", snapshots.WithLabels(map[string]string{
		"containerd.io/snapshot/max-size": "much"})); !errdefs.IsInvalidArgument(err) {
		t.Errorf("a limit that is no number: %v", err)
	}
	if _, err := b.Prepare(b.ctx, "mapped", "", snapshots.WithLabels(map[string]string{
		"containerd.io/snapshot/uidmapping": "0:100000:65536"})); !errdefs.IsNotImplemented(err) {
		t.Errorf("mapped ids: %v", err)
	}
	mounts, err := b.Prepare(b.ctx, "limited", "", snapshots.WithLabels(map[string]string{
		"containerd.io/snapshot/max-size": "67108864"}))
	check(t, err)
	check(t, mount.WithTempMount(b.ctx, mounts, func(root string) error {
		err := os.WriteFile(filepath.Join(root, "large"), make([]byte, 128<<20), 0o600)
		if !strings.Contains(fmt.Sprint(err), "no space") {
			t.Errorf("128 MiB into 64: %v", err)
		}
		return nil
	}))
	check(t, b.Remove(b.ctx, "limited"))
}
