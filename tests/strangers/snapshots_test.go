// Package strangers runs containerd's own tests against wcl.
package strangers

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	snapshotsapi "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/core/snapshots/proxy"
	"github.com/containerd/containerd/v2/core/snapshots/testsuite"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// serve starts `wcl snapshotter` on a home and a socket in root and waits until it says that it serves.
func serve(root string, options ...string) (*exec.Cmd, string, error) {
	socket := filepath.Join(root, "wcl.sock")
	command := exec.Command(os.Getenv("WCL"), append([]string{"snapshotter", "--home", filepath.Join(root, "home"),
		"--socket", socket}, options...)...)
	said, err := command.StderrPipe()
	if err != nil {
		return nil, "", err
	}
	if err := command.Start(); err != nil {
		return nil, "", err
	}
	lines := bufio.NewReader(said)
	if _, err := lines.ReadString('\n'); err != nil {
		return nil, "", fmt.Errorf("wcl snapshotter said nothing: %w", err)
	}
	go io.Copy(os.Stderr, lines)
	return command, socket, nil
}

// stop ends the server, which must end well, and removes what tests left mounted by snapshots that they did not remove.
func stop(command *exec.Cmd, snapshotter snapshots.Snapshotter) error {
	// Children go before their parents: rounds, of which each removes something.
	for left := 1; left > 0; {
		var refusal error
		removed := 0
		left = 0
		err := snapshotter.Walk(context.Background(), func(ctx context.Context, info snapshots.Info) error {
			left++
			if err := snapshotter.Remove(ctx, info.Name); err != nil {
				refusal = err
			} else {
				removed++
			}
			return nil
		})
		if err == nil && left > 0 && removed == 0 {
			err = refusal
		}
		if err != nil {
			command.Process.Kill()
			command.Wait()
			return err
		}
	}
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return command.Wait()
}

// startWith serves and connects; the function ends both, and fails where something is left.
func startWith(root string, options ...string) (snapshots.Snapshotter, *grpc.ClientConn, func() error, error) {
	command, socket, err := serve(root, options...)
	if err != nil {
		return nil, nil, nil, err
	}
	connection, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, nil, nil, err
	}
	snapshotter := proxy.NewSnapshotter(snapshotsapi.NewSnapshotsClient(connection), "wcl")
	return snapshotter, connection, func() error {
		if err := stop(command, snapshotter); err != nil {
			return err
		}
		if err := connection.Close(); err != nil {
			return err
		}
		return leftMounted(root)
	}, nil
}

func start(ctx context.Context, root string) (snapshots.Snapshotter, func() error, error) {
	snapshotter, _, end, err := startWith(root)
	return snapshotter, end, err
}

// leftMounted fails where something below root is mounted still.
func leftMounted(root string) error {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	for _, line := range strings.Split(string(mounts), "\n") {
		var source, target string
		fmt.Sscan(line, &source, &target)
		if rel, err := filepath.Rel(filepath.Join(root, "home"), target); err == nil && filepath.IsLocal(rel) {
			return fmt.Errorf("%s is mounted still", target)
		}
	}
	return nil
}

// The name decides how containerd's suite takes renames of folders from below: as overlayfs does them.
func TestSnapshots(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can mount")
	}
	testsuite.SnapshotterSuite(t, "overlayfs", start)
}
