package strangers

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	snapshotsapi "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/core/snapshots/proxy"
	"github.com/containerd/errdefs"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
)

const (
	prepare   = "/containerd.services.snapshots.v1.Snapshots/Prepare"
	memoryMax = 64 << 10 // KiB
)

// victim is a server that is treated badly, and must serve others all the same.
type victim struct {
	snapshots.Snapshotter
	command *exec.Cmd
	socket  string
	files   int
}

func newVictim(t *testing.T) *victim {
	if os.Getuid() != 0 {
		t.Skip("only root can mount")
	}
	root, err := os.MkdirTemp("", "wclh-")
	check(t, err)
	command, socket, err := serve(root)
	check(t, err)
	connection, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(t, err)
	v := &victim{proxy.NewSnapshotter(snapshotsapi.NewSnapshotsClient(connection), "wcl"), command, socket, 0}
	v.serves(t)
	v.files = v.open(t)
	t.Cleanup(func() {
		check(t, stop(command, v))
		connection.Close()
		check(t, leftMounted(root))
		os.RemoveAll(root)
	})
	t.Cleanup(func() { v.holds(t) })
	return v
}

func (v *victim) serves(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	check(t, v.Walk(ctx, func(context.Context, snapshots.Info) error { return nil }))
}

func (v *victim) open(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", v.command.Process.Pid))
	check(t, err)
	return len(names)
}

// holds says whether the server serves, has let go of what others left, and never took much memory.
func (v *victim) holds(t *testing.T) {
	t.Helper()
	v.serves(t)
	for end := time.Now().Add(time.Minute); v.open(t) > v.files+2; time.Sleep(20 * time.Millisecond) {
		// A connection that ended, a socket and an eventfd, is put away when another one comes.
		if connection, err := net.Dial("unix", v.socket); err == nil {
			connection.Close()
		}
		if time.Now().After(end) {
			t.Fatalf("%d files are open, and %d were", v.open(t), v.files)
		}
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", v.command.Process.Pid))
	check(t, err)
	var peak int
	_, most, _ := strings.Cut(string(status), "VmHWM:")
	fmt.Sscan(most, &peak)
	t.Logf("the server took %d KiB at most", peak)
	if peak == 0 || (peak > memoryMax && os.Getenv("WCL_TEST_SANITIZED") == "") {
		t.Errorf("the server took %d KiB", peak)
	}
}

// peer speaks HTTP/2 as it likes.
type peer struct {
	net.Conn
	*http2.Framer
}

func (v *victim) dial(t *testing.T) *peer {
	t.Helper()
	connection, err := net.Dial("unix", v.socket)
	check(t, err)
	check(t, connection.SetDeadline(time.Now().Add(time.Minute)))
	p := &peer{connection, http2.NewFramer(connection, connection)}
	p.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_, err = io.WriteString(connection, http2.ClientPreface)
	check(t, err)
	check(t, p.WriteSettings())
	return p
}

func fields(path string) []byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, field := range [][2]string{{":method", "POST"}, {":scheme", "http"}, {":path", path}, {":authority", "x"},
		{"content-type", "application/grpc"}, {"te", "trailers"}, {"containerd-namespace", "test"}} {
		encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
	}
	return block.Bytes()
}

func (p *peer) begin(stream uint32, path string) error {
	return p.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: fields(path), EndHeaders: true})
}

func framed(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
}

// answer is the stream's grpc-status; "reset" or "closed" where there is none.
func (p *peer) answer(stream uint32) string {
	for {
		frame, err := p.ReadFrame()
		if err != nil {
			return "closed"
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			for _, field := range frame.Fields {
				if frame.StreamID == stream && field.Name == "grpc-status" {
					return field.Value
				}
			}
		case *http2.RSTStreamFrame:
			if frame.StreamID == stream {
				return "reset"
			}
		}
	}
}

func request(t *testing.T, key string) []byte {
	t.Helper()
	data, err := proto.Marshal(&snapshotsapi.PrepareSnapshotRequest{Snapshotter: "wcl", Key: key})
	check(t, err)
	return data
}

func TestBytesThatAreNoHTTP2(t *testing.T) {
	v := newVictim(t)
	for _, said := range []string{
		"", "P", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", strings.Repeat("\x00", 1<<20), http2.ClientPreface[:10],
		http2.ClientPreface, http2.ClientPreface + strings.Repeat("\xff", 1<<16),
		http2.ClientPreface + "\x00\x00\x06\x04\x00\x00\x00\x00\x01\x00\x03\x00\x00\x00\x64", // SETTINGS of a stream
		http2.ClientPreface + "\x00\x00\x00\x04\x00\x00\x00\x00\x00" + "\xff\xff\xff\x00\x00\x00\x00\x00\x01",
		http2.ClientPreface + "\x00\x00\x00\x04\x00\x00\x00\x00\x00" + "\x00\x00\x04\x01\x05\x00\x00\x00\x01\xff\xff\xff\xff",
		http2.ClientPreface + "\x00\x00\x00\x04\x00\x00\x00\x00\x00" + "\x00\x00\x01\x09\x04\x00\x00\x00\x03\x00",
		http2.ClientPreface + strings.Repeat("\x00\x00\x08\x06\x00\x00\x00\x00\x0012345678", 100000), // PINGs
	} {
		connection, err := net.Dial("unix", v.socket)
		check(t, err)
		check(t, connection.SetDeadline(time.Now().Add(time.Minute)))
		// The server may close before it has heard everything.
		go func() {
			io.WriteString(connection, said)
			connection.(*net.UnixConn).CloseWrite()
		}()
		if _, err := io.Copy(io.Discard, connection); os.IsTimeout(err) {
			t.Errorf("%.40q: the server does not close", said)
		}
		connection.Close()
		v.serves(t)
	}
}

func TestMessagesThatAreNone(t *testing.T) {
	v := newVictim(t)
	good := request(t, "good")
	huge := append([]byte{0, 0x40, 0, 0, 0}, make([]byte, 16000)...)
	for name, call := range map[string]struct {
		path string
		data []byte
	}{
		"no such method":          {"/containerd.services.snapshots.v1.Snapshots/None", framed(good)},
		"a path of its own":       {strings.Repeat("/x", 3000), framed(good)},
		"nothing":                 {prepare, nil},
		"half a head":             {prepare, []byte{0, 0}},
		"half a message":          {prepare, framed(good)[:len(good)]},
		"two messages":            {prepare, append(framed(good), framed(good)...)},
		"a compressed one":        {prepare, append([]byte{1}, framed(good)[1:]...)},
		"a GiB":                   {prepare, huge},
		"4 GiB":                   {prepare, append([]byte{0, 0xff, 0xff, 0xff, 0xff}, good...)},
		"a length past the end":   {prepare, framed([]byte{0x12, 0xff, 0xff, 0xff, 0xff, 0x0f})},
		"a varint without an end": {prepare, framed(bytes.Repeat([]byte{0xff}, 100))},
		"groups in groups":        {prepare, framed(bytes.Repeat([]byte{0x0b}, 10000))},
		"noise":                   {prepare, framed([]byte(strings.Repeat("\x07noise", 1000)))},
		"a key of zeros":          {prepare, framed(append([]byte{0x12, 0x7f}, make([]byte, 127)...))},
		"no key":                  {prepare, framed(request(t, ""))},
	} {
		p := v.dial(t)
		check(t, p.begin(1, call.path))
		check(t, p.WriteData(1, true, call.data))
		if status := p.answer(1); status == "0" {
			t.Errorf("%s: answered with success", name)
		} else {
			t.Logf("%s: %s", name, status)
		}
		p.Close()
		v.serves(t)
	}
}

// A message of a GiB that is really sent.
func TestAGigabyte(t *testing.T) {
	v := newVictim(t)
	p := v.dial(t)
	defer p.Close()
	check(t, p.begin(1, prepare))
	go io.Copy(io.Discard, p.Conn)
	check(t, p.WriteData(1, false, []byte{0, 0x40, 0, 0, 0}))
	check(t, p.SetWriteDeadline(time.Now().Add(20*time.Second)))
	sent := 0
	for piece := make([]byte, 16000); sent < 1<<30; sent += len(piece) {
		if p.WriteData(1, false, piece) != nil {
			break
		}
	}
	t.Logf("%d bytes were taken from the socket", sent)
	v.serves(t)
}

func TestTenThousandStreams(t *testing.T) {
	v := newVictim(t)
	for _, whole := range []bool{false, true} {
		p := v.dial(t)
		var group sync.WaitGroup
		group.Add(1)
		answered := 0
		go func() {
			defer group.Done()
			for {
				frame, err := p.ReadFrame()
				if err != nil {
					return
				}
				if reset, ok := frame.(*http2.RSTStreamFrame); ok || frame.Header().Flags.Has(http2.FlagHeadersEndStream) {
					_ = reset
					answered++
				}
			}
		}()
		begun := 0
		for ; begun < 10000; begun++ {
			stream := uint32(2*begun + 1)
			if p.begin(stream, "/containerd.services.snapshots.v1.Snapshots/Stat") != nil {
				break
			}
			if whole && p.WriteData(stream, true, framed(nil)) != nil {
				break
			}
		}
		v.serves(t)
		p.Conn.(*net.UnixConn).CloseWrite()
		group.Wait()
		p.Close()
		t.Logf("%d streams were begun, and %d answered", begun, answered)
		if begun < 128 || answered == 0 {
			t.Errorf("%d streams were begun, and %d answered", begun, answered)
		}
	}
}

func TestManyConnections(t *testing.T) {
	v := newVictim(t)
	var idle []net.Conn
	for i := 0; i < 300; i++ {
		connection, err := net.Dial("unix", v.socket)
		check(t, err)
		idle = append(idle, connection)
	}
	// The one that was there before is served.
	v.serves(t)
	for _, connection := range idle {
		connection.Close()
	}
}

// Whoever goes before the answer leaves a snapshot that is whole, or none.
func TestClientsThatVanish(t *testing.T) {
	v := newVictim(t)
	for i := 0; i < 100; i++ {
		p := v.dial(t)
		check(t, p.begin(1, prepare))
		check(t, p.WriteData(1, true, framed(request(t, fmt.Sprintf("vanished-%d", i)))))
		p.Close()
	}
	v.serves(t)
	ctx := context.Background()
	for i := 0; i < 100; i++ {
		key := fmt.Sprintf("vanished-%d", i)
		// What was not begun yet when its client went may come still.
		if _, err := v.Prepare(ctx, key, ""); err != nil && !errdefs.IsAlreadyExists(err) {
			t.Errorf("%s: %v", key, err)
		}
		mounts, err := v.Mounts(ctx, key)
		check(t, err)
		assertOverlay(t, mounts)
		check(t, v.Remove(ctx, key))
	}
}

// One overlay that its caller can mount: all folders that it names are there.
func assertOverlay(t *testing.T, mounts []mount.Mount) {
	t.Helper()
	if len(mounts) != 1 || mounts[0].Type != "overlay" {
		t.Fatalf("not an overlay: %v", mounts)
	}
	found := 0
	for _, option := range mounts[0].Options {
		name, folder, _ := strings.Cut(option, "=")
		if name != "upperdir" && name != "workdir" && name != "lowerdir" {
			continue
		}
		found++
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			t.Errorf("%s: not a folder", option)
		}
	}
	if found != 3 {
		t.Errorf("an overlay wants three folders: %v", mounts)
	}
}

// A parent that is removed while something is prepared on it: one of the two is refused.
func TestParentsRemovedMeanwhile(t *testing.T) {
	v := newVictim(t)
	ctx := context.Background()
	won := map[bool]int{}
	for i := 0; i < 100; i++ {
		parent, key := fmt.Sprintf("parent-%d", i), fmt.Sprintf("child-%d", i)
		_, err := v.Prepare(ctx, "of-"+parent, "")
		check(t, err)
		check(t, v.Commit(ctx, parent, "of-"+parent))
		removed := make(chan error)
		go func() { removed <- v.Remove(ctx, parent) }()
		mounts, made := v.Prepare(ctx, key, parent)
		gone := <-removed
		switch {
		case made == nil && errdefs.IsFailedPrecondition(gone):
			if !isMounted(t, mounts[0].Source) {
				t.Errorf("%s is not mounted", key)
			}
			check(t, v.Remove(ctx, key))
			check(t, v.Remove(ctx, parent))
		case errdefs.IsNotFound(made) && gone == nil:
		default:
			t.Errorf("prepared: %v, removed: %v", made, gone)
		}
		won[made == nil]++
	}
	t.Logf("prepared and not: %v", won)
}
