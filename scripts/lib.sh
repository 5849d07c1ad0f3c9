# shellcheck shell=bash
# For the scripts here that run real components: to be sourced.

# --- The Kubernetes that a run is about.

# find_kubernetes SCRIPT FOLDER PROGRAM...: sets $binaries, the folder with the programs, and $version, what
# they say of themselves. FOLDER is the one that the caller was given; where it is empty, it is
# KUBEBUILDER_ASSETS, and where that is empty too, the one that upstream-binaries prints.
find_kubernetes() {
  local script=$1 program said of missing=()
  binaries=${2:-${KUBEBUILDER_ASSETS:-}} version=
  shift 2
  [[ -n $binaries ]] || binaries=$("${BASH_SOURCE[0]%/*}/upstream-binaries") || exit 2
  [[ -d $binaries ]] || { echo "$script: $binaries is no folder; give the one with $*" >&2; exit 2; }
  binaries=$(cd "$binaries" && pwd -P)
  for program in "$@"; do [[ -f $binaries/$program && -x $binaries/$program ]] || missing+=("$program"); done
  ((${#missing[@]} == 0)) ||
    { echo "$script: $binaries lacks ${missing[*]}; a folder with all of $* is needed, of one version from 1.20 on" >&2; exit 2; }
  for program in "$@"; do
    case $program in
      kubeadm) said=$("$binaries/kubeadm" version -o short 2>&1) || true ;;
      *) said=$("$binaries/$program" --version 2>&1) || true ;;
    esac
    of=$(grep -oE 'v1\.[0-9]+\.[0-9]+' <<<"$said" | head -n 1) || true
    if [[ -z $of ]] || (($(minor_of "$of") < 20)); then
      echo "$script: $binaries/$program says of its version: $(head -n 1 <<<"$said" | cut -c1-200); Kubernetes 1.20 or later is needed" >&2
      exit 2
    fi
    [[ ${version:=$of} == "$of" ]] ||
      { echo "$script: in $binaries, $1 is of $version and $program of $of; programs of one version are needed" >&2; exit 2; }
  done
  echo "-- Kubernetes $version in $binaries"
}
# The number after `1.`.
minor_of() {
  local minor=${1#v1.}
  echo "${minor%%.*}"
}

# find_kboot: sets KBOOT_BIN, unless it is set already.
find_kboot() {
  local root=${BASH_SOURCE[0]%/*}/..
  [[ -z ${KBOOT_BIN:-} ]] || return 0
  (cd "$root" && cargo build --quiet --release -p kboot-cli)
  KBOOT_BIN=$(cd "$root" && target_folder)/release/kboot
}
# Where cargo builds.
target_folder() { cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'; }
# The flags of what is shipped: places of this machine have names of their own in it.
shipped_flags() {
  echo "--remap-path-prefix=$(pwd -P)=/kboot --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
}

# node_programs: the programs of $binaries that run on a node: Kubernetes', and what of a cluster lies beside
# them, such as an etcd of their time.
node_programs() {
  local name
  for name in kube-apiserver kube-controller-manager kube-scheduler kubeadm kube-proxy kubelet kubectl etcd etcdctl; do
    [[ ! -x $binaries/$name ]] || echo "$binaries/$name"
  done
}
# programs_over FOLDER: puts them into a folder of this run's own.
programs_over() {
  local program place
  while read -r program; do
    place=$1/${program##*/}
    [[ ! $program -ef $place ]] || continue
    # Not through a link that may be there.
    rm -f "$place"
    : >"$place"
    mount --bind "$program" "$place"
  done < <(node_programs)
}

# What the versions differ in, of what the scripts write themselves.
kubeadm_api() { # version
  local minor
  minor=$(minor_of "$1")
  if ((minor >= 31)); then echo kubeadm.k8s.io/v1beta4
  elif ((minor >= 22)); then echo kubeadm.k8s.io/v1beta3
  else echo kubeadm.k8s.io/v1beta2; fi
}
# A kubelet from 1.35 on ends where cgroups are version 1, unless it is told not to. Prints the field, where it is needed.
kubelet_cgroup_field() { # version
  [[ -e /sys/fs/cgroup/cgroup.controllers ]] || (($(minor_of "$1") < 35)) || echo "failCgroupV1: false"
}

# end_processes SECONDS: asks every process that this shell has started to end, and waits that long at most.
# kube-apiserver, for one, does not end once etcd is gone. What is left then ends with the namespace.
end_processes() {
  local deadline=$((SECONDS + $1))
  jobs -pr | xargs -r kill 2>/dev/null || true
  while [[ -n $(jobs -pr) ]] && ((SECONDS < deadline)); do sleep 0.3; done
}

# --- The kernel.

# What a kubelet, and a systemd in a container, set in the one kernel that all share.
declare -A kernel=()
remember_kernel() {
  local setting
  for setting in vm/overcommit_memory vm/panic_on_oom kernel/{panic,panic_on_oops,pid_max} \
    kernel/keys/{root_maxkeys,root_maxbytes} fs/protected_{fifos,hardlinks,regular,symlinks} fs/inotify/max_user_instances; do
    [[ ! -e /proc/sys/$setting ]] || kernel[$setting]=$(<"/proc/sys/$setting")
  done
}
# Once the kubelets have ended.
restore_kernel() {
  local setting
  for setting in "${!kernel[@]}"; do
    [[ $(<"/proc/sys/$setting") == "${kernel[$setting]}" ]] || echo "${kernel[$setting]}" >"/proc/sys/$setting"
  done
}
kernel_as_it_was() {
  local setting
  for setting in "${!kernel[@]}"; do
    [[ $(<"/proc/sys/$setting") == "${kernel[$setting]}" ]] || { echo "$setting is $(<"/proc/sys/$setting"), was ${kernel[$setting]}"; return 1; }
  done
}

# set_field SECTION NAME VALUE: a filter that writes a field of spec into a cluster file.
set_field() {
  local text
  text=$(sed -e "/^  $1: *{/s#\b$2: *[^,}]*\(, *\)\{0,1\}##" -e "/^    $2:/d")
  if grep -q "^  $1: *{" <<<"$text"; then sed "s#^  $1: *{#&$2: $3, #" <<<"$text"
  elif grep -q "^  $1:" <<<"$text"; then sed "s#^  $1:.*#&\n    $2: $3#" <<<"$text"
  else sed "s#^spec:.*#&\n  $1: {$2: $3}#" <<<"$text"; fi
}

# make_debian NAME PACKAGES: a Debian with these packages, and with what the caller's function prepare_root does to its
# folder. It is made once, in $cache in a folder of its own, which is renamed when it is complete; $root_tree is its place.
make_debian() {
  local name=$1 packages=$2 suite=bookworm stamp making mirror old
  # What is done here counts as well: a changed function is another root.
  stamp=$({ echo "$packages"; declare -f make_debian prepare_root; } | sha256sum | cut -c1-16)
  root_tree=$cache/$name-$stamp
  exec 8>"$cache/$name.lock"
  flock 8
  if [[ ! -d $root_tree ]]; then
    rm -rf "$cache/$name"-making.*
    making=$(mktemp -d "$cache/$name-making.XXXXXX")
    chmod 755 "$making"
    mirror=$("$here/scripts/debian-mirror")
    # In namespaces of its own: no mount and no process stays behind if it breaks off.
    unshare --mount --pid --fork --kill-child --mount-proc \
      debootstrap --variant=minbase --include="$packages" --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
      "$suite" "$making" "$mirror" >"$cache/$name.log" 2>&1 8>&- ||
      { echo "${0##*/}: debootstrap failed, see $cache/$name.log" >&2; exit 2; }
    rm -rf "$making"/var/cache/apt/archives/*.deb "$making"/var/lib/apt/lists/*
    prepare_root "$making"
    for old in "$cache/$name"-*/; do
      [[ ${old%/} != "$making" ]] || continue
      # One that another run uses is locked, and stays.
      if flock -n "$old" true; then rm -rf "$old"; fi
    done
    mv "$making" "$root_tree"
  fi
  # Held until this run ends.
  exec 7<"$root_tree"
  flock -s 7
  exec 8>&-
}
