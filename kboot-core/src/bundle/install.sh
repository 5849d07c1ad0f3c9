set -eu
umask 077
# Another root is for trying it out.
root=${INSTALL_ROOT:-}
# What is still to be restarted, for a run that ends before it was. A machine that boots has restarted everything.
pending=$root/run/kboot
# Which node this machine is: an address that was mistyped must not make it another one.
identity=$root/var/lib/kboot/node
files=0
changed=0

say() { printf '%s\n' "$*"; }
fail() {
  printf '%s: %s\n' "$node" "$*" >&2
  exit 1
}

# begin RUNTIME PROGRAM…: nothing is touched where something is missing.
begin() {
  runtime=$1
  shift
  [ "$(id -u)" = 0 ] || fail "must run as root"
  if [ -z "$from" ]; then
    from=$(dirname "$0")/$node
    [ -d "$from" ] || from=$(dirname "$0")/../nodes/$node
  fi
  [ -d "$from" ] || fail "the node's folder is not beside this file; name it: sh $0 FOLDER"
  missing=
  for program; do
    [ -x "$root$program" ] || missing="$missing $program"
  done
  [ -z "$missing" ] || fail "install first:$missing"
  [ -z "$runtime" ] || systemctl cat "$runtime.service" >/dev/null 2>&1 || fail "install first: $runtime, the container runtime"
  is=$(cat "$identity" 2>/dev/null) || is=
  [ -z "$is" ] || [ "$is" = "$node of $cluster" ] ||
    fail "this machine is $is; where it is to become another, rm $identity first"
  mkdir -p "$pending"
  exec 9>"$pending/.lock"
  flock -n 9 || fail "another install script is at work here; wait until it has ended"
  (umask 022 && mkdir -p "$(dirname "$identity")" && printf '%s\n' "$node of $cluster" >"$identity")
}

# file MODE OWNER PATH UNITS [OTHERS]: UNITS read the file when they start, OTHERS whenever it changes.
file() {
  files=$((files + 1))
  [ -f "$from$3" ] || fail "$from$3 is missing; copy the whole folder"
  if cmp -s "$from$3" "$root$3" && [ "$(stat -c '%a %U:%G' "$root$3")" = "$1 $2" ]; then
    return
  fi
  what="written $3"
  [ ! -e "$root$3" ] || what="replaced $3${5:+ (read again without a restart: $5)}"
  (umask 022 && mkdir -p "$(dirname "$root$3")")
  cp "$from$3" "$root$3.kboot"
  chown "$2" "$root$3.kboot"
  chmod "$1" "$root$3.kboot"
  for unit in $4; do printf '%s\n' "$3" >>"$pending/$unit"; done
  case $3 in /etc/systemd/system/*) printf '%s\n' "$3" >>"$pending/daemon-reload" ;; esac
  mv -f "$root$3.kboot" "$root$3"
  changed=$((changed + 1))
  say "$what"
}

# The files that changed for a unit or a command.
of() { sort -u "$pending/$1" | tr '\n' ' ' | sed 's| $||'; }

# take_up NAME COMMAND…: the command, where a file that it reads has changed.
take_up() {
  [ -e "$pending/$1" ] || return 0
  name=$1
  shift
  say "$*: for $(of "$name")"
  "$@"
  rm "$pending/$name"
}

# run UNIT: started, or restarted where a file that it reads has changed. What starts is not waited for: etcd waits for
# its other members and kube-apiserver for etcd, and systemd keeps their order.
run() {
  if ! systemctl --quiet is-enabled "$1" 2>/dev/null; then
    say "systemctl enable $1"
    systemctl --quiet enable "$1"
  fi
  state=$(systemctl is-active "$1") || true
  if [ -e "$pending/$1" ]; then
    case $state in
      active)
        say "systemctl restart $1: for $(of "$1")"
        systemctl restart "$1"
        ;;
      activating | reloading | deactivating)
        say "systemctl restart --no-block $1: for $(of "$1")"
        systemctl restart --no-block "$1"
        ;;
      *)
        say "systemctl start --no-block $1"
        systemctl start --no-block "$1"
        ;;
    esac
    rm "$pending/$1"
  elif [ "$state" = activating ]; then
    say "$1 is starting"
  elif [ "$state" != active ]; then
    say "systemctl start --no-block $1"
    systemctl start --no-block "$1"
  fi
}
