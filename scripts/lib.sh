# shellcheck shell=bash
# For the scripts here that start a kubelet: to be sourced.

# What a kubelet, and a systemd in a container, set in the one kernel that all share.
declare -A kernel=()
remember_kernel() {
  local setting
  for setting in vm/overcommit_memory vm/panic_on_oom kernel/{panic,panic_on_oops,pid_max} \
    kernel/keys/{root_maxkeys,root_maxbytes} fs/protected_{fifos,hardlinks,regular,symlinks}; do
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
