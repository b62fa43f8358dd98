// Writes random headers with Go's archive/tar and describes each beside the bytes that it became,
// for tar_headers.c to make the same bytes of the same description.
package main

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"time"
)

var out bytes.Buffer

func number(n uint64) { binary.Write(&out, binary.LittleEndian, n) }

func text(s string) {
	number(uint64(len(s)))
	out.WriteString(s)
}

var pieces = []string{"a", "file", "Windows", "日本語", "naïve ﬁle", "🪟", "\xff\xfe", "..", ".", "with blank",
	"\xed\xa0\x80", "=", "\n", "x:ads", strings.Repeat("long name ", 9), strings.Repeat("L", 99), strings.Repeat("é", 60),
	strings.Repeat("n", 100), strings.Repeat("m", 155)}

func name(r *rand.Rand) string {
	var b strings.Builder
	if r.Intn(20) == 0 {
		b.WriteString("/")
	}
	for n := 1 + r.Intn(5); n > 0; n-- {
		b.WriteString(pieces[r.Intn(len(pieces))])
		if r.Intn(3) == 0 {
			b.WriteString(strings.Repeat("p", r.Intn(60)))
		}
		if n > 1 {
			b.WriteString(strings.Repeat("/", 1+r.Intn(20)/18))
		}
	}
	if r.Intn(8) == 0 {
		b.WriteString(strings.Repeat("/", 1+r.Intn(3)))
	}
	return b.String()
}

func seconds(r *rand.Rand) int64 {
	switch r.Intn(6) {
	case 0:
		return 0
	case 1:
		return -r.Int63n(20000000000)
	case 2:
		return r.Int63n(1 << 40)
	case 3:
		return int64(1)<<33 - 1 + r.Int63n(3) - 1
	default:
		return r.Int63n(2000000000)
	}
}

func nanoseconds(r *rand.Rand) int64 {
	switch r.Intn(4) {
	case 0:
		return 0
	case 1:
		return r.Int63n(1000000000)
	case 2:
		return r.Int63n(10) * 100000000
	default:
		return r.Int63n(10000000) * 100
	}
}

func when(r *rand.Rand) time.Time {
	if r.Intn(5) == 0 {
		return time.Time{}
	}
	return time.Unix(seconds(r), nanoseconds(r))
}

func describeTime(t time.Time) {
	if t.IsZero() {
		number(0)
		number(0)
		number(0)
		return
	}
	number(1)
	number(uint64(t.Unix()))
	number(uint64(t.Nanosecond()))
}

func oneOf(r *rand.Rand, values ...int64) int64 { return values[r.Intn(len(values))] }

func header(r *rand.Rand) *tar.Header {
	h := &tar.Header{
		Typeflag:   "0123456"[r.Intn(7)],
		Name:       name(r),
		Size:       oneOf(r, 0, 1, 511, 512, 1<<33-1, 1<<33, 1<<40),
		Mode:       oneOf(r, 0, 0644, 0100000, 0160000, 07777, 1<<21-1, 1<<21),
		Uid:        int(oneOf(r, 0, 1000, 1<<21-1, 1<<21, 1<<32-1)),
		Gid:        int(oneOf(r, 0, 1000, 1<<21-1, 1<<21, 1<<32-1)),
		ModTime:    when(r),
		AccessTime: when(r),
		ChangeTime: when(r),
		Devmajor:   oneOf(r, 0, 0, 8, 255),
		Devminor:   oneOf(r, 0, 0, 1, 1<<21-1),
	}
	if h.Typeflag == tar.TypeLink || h.Typeflag == tar.TypeSymlink {
		h.Linkname = name(r)
	}
	if r.Intn(3) > 0 {
		h.Format = tar.FormatPAX
	}
	if r.Intn(2) > 0 {
		h.PAXRecords = map[string]string{}
		for n := r.Intn(5); n > 0; n-- {
			key := oneOf(r, 0, 1, 2, 3)
			value := make([]byte, r.Intn(120))
			r.Read(value)
			h.PAXRecords[fmt.Sprintf("MSWINDOWS.%s%d", strings.Repeat("k", int(key)*30), r.Intn(100))] = string(value)
		}
	}
	return h
}

func main() {
	var seed int64
	var count int
	fmt.Sscan(os.Args[1], &seed)
	fmt.Sscan(os.Args[2], &count)
	r := rand.New(rand.NewSource(seed))
	for i := 0; i < count; i++ {
		h := header(r)
		var written bytes.Buffer
		err := tar.NewWriter(&written).WriteHeader(h)
		gnu := written.Len() >= 512 && bytes.Equal(written.Bytes()[257:265], []byte("ustar  \x00"))
		if err != nil || gnu {
			written.Reset()
		}
		number(uint64(h.Format))
		number(uint64(h.Typeflag))
		text(h.Name)
		text(h.Linkname)
		for _, n := range []int64{h.Size, h.Mode, int64(h.Uid), int64(h.Gid), h.Devmajor, h.Devminor} {
			number(uint64(n))
		}
		describeTime(h.ModTime)
		describeTime(h.AccessTime)
		describeTime(h.ChangeTime)
		number(uint64(len(h.PAXRecords)))
		for k, v := range h.PAXRecords {
			text(k)
			text(v)
		}
		text(written.String())
	}
	os.Stdout.Write(out.Bytes())
}
