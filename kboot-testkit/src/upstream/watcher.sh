# Runs programs for a test and outlives it: however the test ends, this pipe from it does too, and then all that was
# started here is killed and the folder removed.
#   $1: where the folder goes; $2: "memory" where it should rather go into memory, if there is enough of it and the
#   user has named no place (TMPDIR)
base=$1
if [ "$2" = memory ] && [ -z "$TMPDIR" ] && [ -w /dev/shm ]; then
  set -- $(df -Pk /dev/shm | tail -n 1)
  # etcd takes 64 MiB at once for its log.
  [ "${4:-0}" -lt 524288 ] || base=/dev/shm
fi
# A test that is gone before it has read the name of its folder would end this with SIGPIPE.
trap : HUP INT TERM PIPE
folder=$(mktemp -d "$base/kboot-upstream.XXXXXXXX") || exit 1
echo "$folder"
programs=
while read -r program; do
  (
    sh "$folder/$program.sh" >"$folder/$program.log" 2>&1 &
    echo $! >"$folder/$program.pid"
    wait $!
    echo $? >"$folder/$program.exit"
  ) </dev/null >/dev/null 2>&1 &
  programs="$programs $program"
done
exec >/dev/null 2>&1
for program in $programs; do
  tries=0
  while [ ! -s "$folder/$program.pid" ] && [ $tries -lt 500 ]; do
    sleep 0.01
    tries=$((tries + 1))
  done
  [ -e "$folder/$program.exit" ] || kill -KILL "$(cat "$folder/$program.pid")"
done
wait
# A kubelet mounts its folder over itself, and what pods share with their machine below it: not to be removed.
mounts=$(cat /proc/self/mountinfo)
while read -r _ _ _ _ place _; do
  place=$(printf '%b' "$place")
  case $place in "$folder"/*) umount -l "$place" ;; esac
done <<MOUNTS
$mounts
MOUNTS
rm -rf "$folder"
