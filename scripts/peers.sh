#!/usr/bin/env bash
# Builds the programs that wcl's snapshotter is tested with and that Debian does not have, or not as new: containerd 2,
# crictl, BuildKit, runc, and dockerd and buildx, each from its Go module, into a folder.
#
#   scripts/peers.sh FOLDER [NAME...]     of containerd, crictl, buildkit, runc, dockerd, buildx; all of them
#   WCL_PEERS=FOLDER ctest --preset dev -R e2e_containerd
#
# A nerdctl that is put there too is tested with. runc needs libseccomp-dev.
set -euo pipefail

[ $# -ge 1 ] || { sed -n '2,9s/^# \?//p' "$0" >&2 && exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
[ $# -ge 1 ] || set -- containerd crictl buildkit runc dockerd buildx
export GOFLAGS=-buildvcs=false GOTOOLCHAIN=local

# build MODULE VERSION COMMAND...: each in a module of its own, whose requirements are those of the peer alone.
build() {
  local work
  work=$(mktemp -d)
  (
    cd "$work"
    go mod init peers.example/peer
    go get "$1@$2" "${@:3}"
    go build -o "$folder/" "${@:3}"
  ) || { rm -rf "$work" && return 1; }
  rm -rf "$work"
}

for name; do
  case $name in
    containerd) build github.com/containerd/containerd/v2 v2.4.2 \
      github.com/containerd/containerd/v2/cmd/{containerd,ctr,containerd-shim-runc-v2} ;;
    crictl) build sigs.k8s.io/cri-tools v1.37.0 sigs.k8s.io/cri-tools/cmd/crictl ;;
    buildkit) build github.com/moby/buildkit v0.34.2 github.com/moby/buildkit/cmd/{buildctl,buildkitd} ;;
    dockerd) build github.com/moby/moby/v2 v2.0.0-beta.24 github.com/moby/moby/v2/cmd/dockerd ;;
    runc) GOFLAGS="$GOFLAGS -tags=seccomp" build github.com/opencontainers/runc v1.5.3 github.com/opencontainers/runc ;;
    buildx) build github.com/docker/buildx v0.38.2 github.com/docker/buildx/cmd/buildx ;;
    *) echo "peers: there is no peer $name" >&2 && exit 2 ;;
  esac
done
