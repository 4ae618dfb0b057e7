# Runs steps side by side, each as soon as the steps it needs are done, and shows their progress. Sourced, never run.
# shellcheck shell=bash
#
# step NAME LABEL NEEDS IS_DONE RUN ADVICE   declares one: if it fails, all steps end and the advice is shown
# check NAME LABEL NEEDS RUN                 declares one whose failure is shown and counted while the others go on
# run_steps                                  runs what is declared, and sets `steps_failed` to the number of failed checks. Call it by
#                                            itself: after `if` or before `||`, bash would ignore `set -e` in the steps
#
# NEEDS are names of steps, separated by spaces; names that are not declared are ignored. As many steps as there are cores run at
# once, in the order of their declaration; steps in `urgent` come first and start as soon as they can. The output of a step goes to
# "$logs/NAME.log"; what it writes to descriptor 3 is shown when it has ended. `logs` is set by common.sh.
: "${logs:?}"

declare -a step_names=()
declare -A step_label=() step_needs=() step_is_done=() step_run=() step_advice=() step_kind=()
declare -A step_state=() step_pid=() step_started=() step_wall=() step_cpu=()
declare -A urgent=()
steps_failed=0

step() {
  step_names+=("$1")
  step_kind[$1]=step step_label[$1]=$2 step_needs[$1]=$3 step_is_done[$1]=$4 step_run[$1]=$5 step_advice[$1]=$6
}
check() {
  step "$1" "$2" "$3" false "$4" ""
  step_kind[$1]=check
}

# A log without colours and progress bars.
readable() { tr '\r' '\n' <"$1" | sed -e 's/\x1b\[[0-9;?]*[A-Za-z]//g' -e 's/\x1b(B//g' -e '/^ *Building \[/d' -e '/^ *$/d'; }

# The progress of a step: for cargo the crates done of all, otherwise its last line.
progress_of() {
  local text count
  text=$(tail -c 3000 "$logs/$1.log" 2>/dev/null | tr '\r' '\n')
  count=$(grep -oE '\] [0-9]+/[0-9]+' <<<"$text" | tail -n 1)
  if [ -n "$count" ]; then
    printf '%s crates' "${count#\] }"
  else
    sed -e 's/\x1b\[[0-9;?]*[A-Za-z]//g' -e 's/^[[:space:]]*//' -e '/^$/d' <<<"$text" | tail -n 1
  fi
}

tenths() { printf '%d.%d' "$(($1 / 10))" "$(($1 % 10))"; }
now_tenths() { printf '%s' "$((${EPOCHREALTIME/[.,]/} / 100000))"; }
# User and system time of all children of a shell, in tenths of a second, from the output of its `times`.
spent_tenths() { awk 'NR == 2 { for (i = 1; i <= 2; i++) { split($i, t, /[ms]/); sum += 600 * t[1] + 10 * t[2] } } END { printf "%d", sum }' "$1"; }

# In a process group of its own, so that everything it starts can be ended with it.
launch() {
  local name=$1
  step_state[$name]=running
  step_started[$name]=$(now_tenths)
  (
    set +m
    trap - INT TERM HUP EXIT
    # The lock is ours: a process that a step leaves running must not hold it.
    exec </dev/null 9>&- 3>"$steps_folder/$name.say" >"$logs/$name.log" 2>&1
    code=0
    if "${step_is_done[$name]}" >/dev/null; then
      code=there
    else
      [ -n "${urgent[$name]:-}" ] || renice -n 10 -p "$BASHPID" >/dev/null
      (
        set -e
        export CARGO_TERM_PROGRESS_WHEN=always CARGO_TERM_PROGRESS_WIDTH=100
        "${step_run[$name]}"
      )
      code=$?
    fi
    # Not in a command substitution, which would be another shell without these children.
    times >"$steps_folder/$name.times"
    printf '%s %s\n' "$code" "$(spent_tenths "$steps_folder/$name.times")" >"$steps_folder/$name.end"
    printf '%s\n' "$name" >&8
  ) &
  step_pid[$name]=$!
  # Otherwise bash reports how each process was ended.
  disown "$!"
}

is_over() { [[ ${step_state[$1]} != waiting && ${step_state[$1]} != running ]]; }
is_ready() {
  local need
  for need in ${step_needs[$1]}; do
    [ -z "${step_state[$need]:-}" ] || is_over "$need" || return 1
  done
}
running() {
  local name
  for name in "${step_names[@]}"; do [ "${step_state[$name]}" != running ] || printf '%s\n' "$name"; done
}

launch_ready() {
  local name others=0 cores
  cores=$(nproc)
  for name in $(running); do [ -n "${urgent[$name]:-}" ] || others=$((others + 1)); done
  for name in "${step_names[@]}"; do
    if [ "${step_state[$name]}" = waiting ] && is_ready "$name"; then
      if [ -n "${urgent[$name]:-}" ]; then
        launch "$name"
      elif [ "$others" -lt "$cores" ]; then
        launch "$name"
        others=$((others + 1))
      fi
    fi
  done
}

end_running() {
  local name tries
  for name in $(running); do kill -TERM -- "-${step_pid[$name]}" 2>/dev/null || true; done
  for name in $(running); do
    for ((tries = 0; tries < 50; tries++)); do
      kill -0 -- "-${step_pid[$name]}" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL -- "-${step_pid[$name]}" 2>/dev/null || true
    step_state[$name]=ended
  done
}

# The lines of the running steps, below the final lines. Without a terminal: one line a minute for each step.
block_lines=0
erase_block() {
  [ "$block_lines" -eq 0 ] || printf '\e[%dA\e[J' "$block_lines"
  block_lines=0
}
draw_block() {
  local name line width now
  now=$(now_tenths)
  width=$(stty size 2>/dev/null </dev/tty | cut -d ' ' -f 2)
  [ "${width:-0}" -gt 0 ] || width=80
  erase_block
  for name in $(running); do
    # A step that is already done is over before anybody could read its line.
    [ $((now - step_started[$name])) -ge 10 ] || continue
    line=$(printf '  %-44s %5d s  %s' "${step_label[$name]}" "$(((now - step_started[$name]) / 10))" "$(progress_of "$name")")
    printf '%s\n' "${line:0:$((width - 1))}"
    block_lines=$((block_lines + 1))
  done
}
say_minutes() {
  local name seconds
  for name in $(running); do
    seconds=$((($(now_tenths) - step_started[$name]) / 10))
    if [ "$((seconds / 60))" -gt "${step_minute[$name]:-0}" ]; then
      step_minute[$name]=$((seconds / 60))
      printf '  %-44s %5d s  %s\n' "${step_label[$name]}" "$seconds" "$(progress_of "$name" | cut -c 1-100)"
    fi
  done
}
say_started() {
  local name
  for name in $(running); do
    # A step that is over within a second needs no line of its own.
    if [ -z "${step_minute[$name]:-}" ] && [ $(($(now_tenths) - step_started[$name])) -ge 10 ]; then
      step_minute[$name]=0
      printf '  %-44s starts\n' "${step_label[$name]}"
    fi
  done
}

# Prints how a step ended; fails when the others must not go on.
finish() {
  local name=$1 code spent=0
  if [ -f "$steps_folder/$name.end" ]; then read -r code spent <"$steps_folder/$name.end"; else code=killed; fi
  step_wall[$name]=$(($(now_tenths) - step_started[$name]))
  step_cpu[$name]=$spent
  local seconds=$((step_wall[$name] / 10)) kind=${step_kind[$name]}
  case $code in
  there) step_state[$name]=there ;;
  0) step_state[$name]="done" ;;
  *) step_state[$name]=failed ;;
  esac
  case $kind-${step_state[$name]} in
  *-there) printf '  %-44s there already\n' "${step_label[$name]}" ;;
  step-done) printf '  %-44s done in %d s\n' "${step_label[$name]}" "$seconds" ;;
  check-done) printf '  %-44s clean (%d s)\n' "${step_label[$name]}" "$seconds" ;;
  check-failed)
    printf '  %-44s not clean (%d s)\n' "${step_label[$name]}" "$seconds"
    readable "$logs/$name.log" | tail -n 60
    steps_failed=$((steps_failed + 1))
    ;;
  step-failed)
    printf '  %-44s failed after %d s\n' "${step_label[$name]}" "$seconds"
    kill -TERM -- "-${step_pid[$name]}" 2>/dev/null
    return 1
    ;;
  esac
  sed 's/^/    /' "$steps_folder/$name.say"
}

give_up() {
  local name=$1
  end_running
  printf '\n' >&2
  readable "$logs/$name.log" | tail -n 20 >&2
  printf '\n%s failed: %s\nwhole log: %s\n' "${step_label[$name]}" "${step_advice[$name]}" "$logs/$name.log" >&2
}

# Where the time went, unless everything was there already.
say_times() {
  local name wall=0 cpu=0 any=0
  wall=$(($(now_tenths) - steps_began))
  for name in "${step_names[@]}"; do [[ ${step_state[$name]} = there ]] || any=1; done
  [ "$any" -eq 1 ] && [ "$wall" -ge 100 ] || return 0
  printf '\n  %-44s %9s %9s\n' "" "wall s" "CPU s"
  for name in "${step_names[@]}"; do
    [[ ${step_state[$name]} != there && -n ${step_wall[$name]:-} ]] || continue
    cpu=$((cpu + step_cpu[$name]))
    printf '  %-44s %9s %9s\n' "${step_label[$name]}" "$(tenths "${step_wall[$name]}")" "$(tenths "${step_cpu[$name]}")"
  done
  printf '  %-44s %9s %9s\n' "all, on $(nproc) cores" "$(tenths "$wall")" "$(tenths "$cpu")"
}

run_steps() {
  local name live=no failed="" signalled="" left=1
  local errexit=$-
  local -A step_minute=()
  set +e
  (
    set -e
    false
    exit 42
  )
  [ $? -ne 42 ] || stop "run_steps stands in a condition: steps.sh says why it must not."
  [ ! -t 1 ] || [ "${TERM:-dumb}" = dumb ] || live=yes
  steps_folder=$(mktemp -d)
  steps_began=$(now_tenths)
  for name in "${step_names[@]}"; do step_state[$name]=waiting; done
  mkfifo "$steps_folder/ended"
  exec 8<>"$steps_folder/ended"
  trap 'end_running; rm -rf "$steps_folder"' EXIT
  # Only noted: this bash does not survive leaving `read -t` from within a trap.
  trap 'signalled=130' INT
  trap 'signalled=143' TERM HUP
  set -m
  while [ "$left" -gt 0 ] && [ -z "$failed" ]; do
    launch_ready
    [ -n "$(running)" ] || stop "These steps wait for each other: ${step_names[*]}"
    name=""
    read -r -t 1 -u 8 name
    [ -z "$signalled" ] || exit "$signalled"
    [ "$live" = no ] || erase_block
    if [ -z "$name" ]; then
      # A step whose shell was killed leaves no result.
      for name in $(running); do
        if ! kill -0 "${step_pid[$name]}" 2>/dev/null && [ ! -f "$steps_folder/$name.end" ]; then break; fi
        name=""
      done
    fi
    if [ -n "$name" ]; then finish "$name" || failed=$name; fi
    if [ "$live" = yes ]; then draw_block; else say_started && say_minutes; fi
    left=0
    for name in "${step_names[@]}"; do is_over "$name" || left=$((left + 1)); done
  done
  [ "$live" = no ] || erase_block
  [ -z "$failed" ] || give_up "$failed"
  set +m
  say_times
  trap - EXIT INT TERM HUP
  exec 8>&-
  rm -rf "$steps_folder"
  [[ $errexit != *e* ]] || set -e
  [ -z "$failed" ]
}
