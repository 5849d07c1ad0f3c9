# shellcheck shell=bash disable=SC2154,SC2034
# Machines for the scripts that need some: each a Debian that boots with systemd (systemd-nspawn) and has an address
# of its own on a bridge, in private network, mount and process namespaces. To be sourced, after lib.sh, by a script
# that sets $script, its name, and runs itself again inside of them:
#
#   need_machines, make_root, run_inside [ARGUMENT...]    outside; run_inside ends the script
#   enter "$@", make_network ADDRESS                      inside; then make_machine NAME and boot NAME, for each name
#                                                         in the array $address; ssh reaches them as root by make_ssh

# --- Outside.

need_machines() { # the programs that the script wants besides
  local tool missing=()
  [[ $(id -u) == 0 ]] || { echo "$script: needs root (namespaces, mounts)" >&2; exit 2; }
  for tool in systemd-nspawn debootstrap gcc unshare nsenter ip journalctl "$@"; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  ((${#missing[@]} == 0)) || { echo "$script: missing: ${missing[*]}; run scripts/debian-packages" >&2; exit 2; }
  cache=${KBOOT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kboot}
}

make_root() {
  make_debian debian-machine "systemd,systemd-sysv,dbus,iproute2,iptables,conntrack,kmod,containerd,runc,etcd-server,containernetworking-plugins,ca-certificates,procps,openssh-server"
}
# What a machine in a container needs beyond the packages; nothing of Kubernetes.
prepare_root() {
  local root=$1
  rm -rf "$root/etc/hostname" "$root/etc/resolv.conf"
  mkdir -p "$root/var/log/journal" "$root/etc/cni/net.d"
  # A network within each machine: its pods get an address, and nobody asks for more here.
  cat >"$root/etc/cni/net.d/10-machine.conflist" <<'CNI'
{"cniVersion": "0.3.1", "name": "machine", "plugins": [{"type": "ptp", "ipam": {"type": "host-local", "subnet": "10.64.200.0/24"}}]}
CNI
  # The kubelet reads it for every pod.
  : >"$root/etc/resolv.conf"
  # Whoever may not lower OOM scores runs no sandbox, which wants -998: there they stay as they are.
  cat >"$root/usr/local/sbin/runc" <<'RUNC'
#!/bin/sh
if ! (echo -998 >/proc/self/oom_score_adj) 2>/dev/null; then
  previous=
  for argument; do
    [ "$previous" != --bundle ] || sed -i 's/"oomScoreAdj":-[0-9]*/"oomScoreAdj":0/' "$argument/config.json"
    previous=$argument
  done
fi
exec /usr/sbin/runc "$@"
RUNC
  chmod 755 "$root/usr/local/sbin/runc"
  # systemd-nspawn mounts the cgroup controllers read-only.
  cat >"$root/etc/systemd/system/machine-cgroups.service" <<'UNIT'
[Unit]
Description=Writable cgroups
Before=containerd.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'for folder in /sys/fs/cgroup /sys/fs/cgroup/*/; do ! mountpoint -q "$$folder" || mount -o remount,bind,rw "$$folder" || exit 1; done'
[Install]
WantedBy=multi-user.target
UNIT
  # systemd-networkd would wait for udev, which is not there.
  cat >"$root/etc/systemd/system/machine-address.service" <<UNIT
[Unit]
Description=This machine's address
Wants=network.target network-online.target
Before=network.target network-online.target
[Service]
Type=oneshot
RemainAfterExit=yes
EnvironmentFile=/etc/machine-address
ExecStart=/usr/sbin/ip address add \${ADDRESS}/24 dev host0
ExecStart=/usr/sbin/ip link set host0 up
ExecStart=/usr/sbin/ip route add default via \${GATEWAY}
[Install]
WantedBy=multi-user.target
UNIT
  systemctl --root="$root" --quiet enable machine-cgroups machine-address
  # Debian's own etcd; timers that want the outside world; a terminal that is not there.
  systemctl --root="$root" --quiet disable etcd
  systemctl --root="$root" --quiet mask systemd-networkd.service apt-daily.timer apt-daily-upgrade.timer \
    dpkg-db-backup.timer e2scrub_all.timer fstrim.timer console-getty.service getty.target
}

# The machine's own files, as far as a run could change them.
own_files() {
  find /etc /usr/bin /var/lib -xdev -newermt '2000-01-01' -printf '%p %T@ %s\n' 2>/dev/null | grep -vE '^/var/lib/(apt|dpkg)' | cksum
}

# Runs the script again inside; ends it with what its checks came to.
run_inside() {
  local status before passed failed
  before=$(own_files)
  work=$(mktemp -d "${TMPDIR:-/tmp}/kboot-$script.XXXXXX")
  cgroup=kboot-$script.$$
  remember_kernel
  # Several systemds of one user need more than the 128 of a usual kernel.
  ((${kernel[fs/inotify/max_user_instances]} >= 1024)) || echo 1024 >/proc/sys/fs/inotify/max_user_instances
  # Whatever happens: the namespaces' processes end with the first of them; what they leave is folders.
  clean_up() {
    local deadline=$((SECONDS + 20)) folder journal name
    [[ -z ${namespaces:-} ]] || kill -KILL "$namespaces" 2>/dev/null || true
    for folder in /sys/fs/cgroup/*/"$cgroup" /sys/fs/cgroup/"$cgroup"; do
      [[ -d $folder ]] || continue
      # Its last process may be about to end.
      until find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null; do
        ((SECONDS < deadline)) || break
        sleep 0.3
      done
    done
    restore_kernel
    # The logs stay for whoever looks into a failure; keys do not.
    if [[ $keep_logs == yes ]]; then
      for journal in "$work"/machines/*/upper/var/log/journal; do
        [[ -d $journal ]] || continue
        name=${journal#"$work/machines/"}
        mkdir -p "$work/logs"
        mv "$journal" "$work/logs/${name%%/*}"
      done
      find "$work" -mindepth 1 -maxdepth 1 ! -name logs -exec rm -rf {} +
      echo "$script: logs are in $work/logs; a machine's journal: journalctl -D $work/logs/NAME" >&2
    else
      rm -rf "$work"
    fi
  }
  keep_logs=yes
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  # --kill-child: when the shell in there ends, for whatever reason, so does every process it started.
  # And when this one is killed and cannot clean up, unshare ends.
  setpriv --pdeathsig KILL unshare --mount --net --pid --fork --kill-child --mount-proc \
    "$here/scripts/$script" --inside "$work" "$binaries" "$version" "$KBOOT_BIN" "$root_tree" "$cgroup" "$@" </dev/null &
  namespaces=$!
  status=0
  wait "$namespaces" || status=$?
  namespaces=
  passed=$(grep -c '^ok ' "$work/report" || true)
  failed=$(grep -c '^FAILED ' "$work/report" || true)
  if [[ $before == "$(own_files)" ]]; then
    echo "ok the machine's own /etc, /usr/bin and /var/lib are as they were"
    passed=$((passed + 1))
  else
    echo "FAILED the machine's own /etc, /usr/bin or /var/lib changed"
    failed=$((failed + 1))
  fi
  # A run that broke off before its last check is a failed run, whatever it had counted.
  if [[ $status != 0 && $failed == 0 ]]; then
    echo "FAILED the run broke off with status $status"
    failed=1
  fi
  [[ $failed != 0 ]] || keep_logs=no
  trap - EXIT
  clean_up
  echo "-- in all: $SECONDS s"
  echo "$script: $passed passed, $failed failed"
  exit $((failed > 0))
}

# --- Inside.

enter() { # --inside, then what run_inside gives
  work=$2 binaries=$3 version=$4 kboot=$5 root_tree=$6 cgroup=$7
  report=$work/report logs=$work/logs out=$work/out
  mkdir -p "$logs"
  : >"$report"
}

passed() { echo "ok $1" | tee -a "$report"; }
failed() { echo "FAILED $1: $2" | tee -a "$report"; }
# check NAME COMMAND...: passes if the command does.
check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1 </dev/null); then passed "$name"; else failed "$name" "$(tail -n 3 <<<"$output")"; fi
}
# check_within SECONDS NAME COMMAND...: passes once the command does, within that time. It is not asked again: while
# a machine is out of reach, the answer after a good one may be a bad one.
check_within() {
  local deadline=$((SECONDS + $1)) name=$2 output
  shift 2
  until output=$("$@" 2>&1 </dev/null); do
    ((SECONDS < deadline)) || { failed "$name" "$(tail -n 3 <<<"$output")"; return; }
    sleep 0.3
  done
  passed "$name"
}
# until_true SECONDS COMMAND...
until_true() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1 </dev/null; do
    ((SECONDS < deadline)) || return 1
    sleep 0.3
  done
}
give_up() {
  failed "$1" "$2"
  for log in "$logs"/*.log; do [[ ! -e $log ]] || { echo "== $log"; tail -n 15 "$log"; } >&2; done
  exit 1
}
since=$SECONDS
phase() {
  echo "-- $1: $((SECONDS - since)) s"
  since=$SECONDS
}

# --- The machines.

make_network() { # this side's address, the machines' way out
  gateway=$1
  # systemd-nspawn writes to /run, and asks a running systemd or udev there for help.
  mount -t tmpfs -o mode=0755 tmpfs /run
  ip link set lo up
  ip link add machines type bridge
  ip address add "$gateway/24" dev machines
  ip link set machines up
}

# The system's ssh takes this run's key, and no other; in this mount namespace alone. Before make_machine.
make_ssh() {
  mkdir -m 0700 "$work/ssh"
  ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/key"
  mount -t tmpfs -o mode=0755 tmpfs /etc/ssh/ssh_config.d
  cat >/etc/ssh/ssh_config.d/machines.conf <<CONFIG
Host *
  IdentityFile $work/ssh/key
  IdentitiesOnly yes
  UserKnownHostsFile $work/ssh/known_hosts
  StrictHostKeyChecking accept-new
  LogLevel ERROR
CONFIG
}

# Each machine is a cgroup of its own in every hierarchy, or all would share the folders of one kubelet.
if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
  hierarchies=(/sys/fs/cgroup) unified=1
else
  hierarchies=() unified=0
  for folder in /sys/fs/cgroup/*/; do [[ -L ${folder%/} || ! -e $folder/cgroup.procs ]] || hierarchies+=("${folder%/}"); done
fi
enter_cgroup() {
  local hierarchy folder file controller
  for hierarchy in "${hierarchies[@]}"; do
    for folder in "$hierarchy/$cgroup" "$hierarchy/$cgroup/$1"; do
      mkdir -p "$folder"
      for file in cpuset.cpus cpuset.mems; do
        # An empty cpuset takes no process.
        [[ $unified == 1 || ! -e $folder/$file ]] || cat "$folder/../$file" >"$folder/$file"
      done
      if [[ $unified == 1 ]]; then
        for controller in $(<"$folder/../cgroup.controllers"); do
          echo "+$controller" >"$folder/../cgroup.subtree_control" || true
        done
      fi
    done
    echo "$BASHPID" >"$folder/cgroup.procs"
  done
}

declare -A supervisor=()
# A machine's disk: the common root below, its own folders on top.
make_machine() {
  local name=$1 machine=$work/machines/$1 root=$work/machines/$1/root folder
  mkdir -p "$machine"/{upper,scratch,root}
  mount -t overlay overlay -o "lowerdir=$root_tree,upperdir=$machine/upper,workdir=$machine/scratch" "$root"
  # The kubelet, etcd and containerd want a file system of their own below them, not an overlay.
  for folder in kubelet etcd containerd; do
    mkdir -p "$machine/$folder" "$root/var/lib/$folder"
    chmod 0700 "$machine/$folder"
    mount --bind "$machine/$folder" "$root/var/lib/$folder"
  done
  echo "$name" >"$root/etc/hostname"
  printf 'ADDRESS=%s\nGATEWAY=%s\n' "${address[$name]}" "$gateway" >"$root/etc/machine-address"
  tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
  [[ ! -e $work/ssh/key.pub ]] || install -D -m 0600 "$work/ssh/key.pub" "$root/root/.ssh/authorized_keys"
}
boot() {
  local name=$1 programs=() program
  while read -r program; do programs+=(--bind-ro="$program:/usr/bin/${program##*/}"); done < <(node_programs)
  (
    enter_cgroup "$name"
    # The kubelet needs /dev/kmsg, and /proc/sys and the cgroups writable; runc needs keyrings and bpf.
    export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=$unified SYSTEMD_NSPAWN_API_VFS_WRITABLE=1
    exec systemd-nspawn --quiet -b \
      -D "$work/machines/$name/root" --machine="$name" --register=no --keep-unit --network-bridge=machines \
      --capability=all --system-call-filter='@keyring bpf' --bind=/dev/kmsg --link-journal=no --resolv-conf=off \
      --timezone=off --setenv=SYSTEMD_COLORS=0 "${programs[@]}"
  ) </dev/null >>"$logs/$name.log" 2>&1 &
  supervisor[$name]=$!
}
# A machine's process 1, seen from here: the one below its supervisor that is 1 in its own namespace.
leader() {
  local pid more next=("${supervisor[$1]}")
  while ((${#next[@]} > 0)); do
    pid=${next[0]}
    next=("${next[@]:1}")
    if grep -qE '^NSpid:.*\s1$' "/proc/$pid/status"; then echo "$pid"; return 0; fi
    more=()
    read -ra more <"/proc/$pid/task/$pid/children" || true
    next+=("${more[@]}")
  done 2>/dev/null
  return 1
}
inside() { # machine, then a command
  local pid
  pid=$(leader "$1") || { echo "$1 is off"; return 1; }
  shift
  timeout 120 nsenter -t "$pid" -m -u -i -n -p -C -- "$@"
}
booted() { inside "$1" systemctl is-system-running; }
off() { ! kill -0 "${supervisor[$1]}" 2>/dev/null; }
nothing_failed() {
  local output
  output=$(inside "$1" systemctl --failed --no-legend --plain) || return 1
  [[ -z $output ]] || { echo "$output"; return 1; }
}

# --- Images: one program, which says its arguments and then waits, as pods' sandbox and as their container.
readonly pause_image=kboot.test/pause:1 say_image=kboot.test/say:1
make_images() {
  local folder=$work/images layer
  mkdir -p "$folder"/{root,archive}
  gcc -static -Os -o "$folder/root/say" -x c - <<'PROGRAM' || return 1
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
static void end(int signal) { (void)signal; _exit(0); }
int main(int count, char **arguments) {
  signal(SIGTERM, end);
  for (int i = 1; i < count; i++) puts(arguments[i]);
  fflush(stdout);
  for (;;) pause();
}
PROGRAM
  tar -C "$folder/root" --owner=0 --group=0 -cf "$folder/archive/layer.tar" say || return 1
  layer=$(sha256sum "$folder/archive/layer.tar" | cut -d ' ' -f 1)
  cat >"$folder/archive/config.json" <<CONFIG
{"architecture": "$(dpkg --print-architecture)", "os": "linux", "config": {"Entrypoint": ["/say"]},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$layer"]}}
CONFIG
  cat >"$folder/archive/manifest.json" <<MANIFEST
[{"Config": "config.json", "RepoTags": ["$pause_image", "$say_image"], "Layers": ["layer.tar"]}]
MANIFEST
  tar -C "$folder/archive" -cf "$work/images.tar" manifest.json config.json layer.tar
}
has_images() { # a machine, whose containerd runs
  cp "$work/images.tar" "$work/machines/$1/root/root/" && inside "$1" ctr -n k8s.io images import /root/images.tar
}
