/**
 * The session's wrapper: directory, set-up, agent, exit record, a word to the orchestrator. Everything it needs is in one
 * file of lines `NAME value`, so that no word passes through tmux or is ever read as shell text. With job control on,
 * set-up and agent get process groups of their own: tmux names the agent, not the shell, and the time limit of the set-up
 * reaches what it started. SIGTSTP is ignored, since nobody is there to continue a stopped agent.
 *
 * A shell that waits for a program runs no trap, and when the terminal goes, the system tells the session's leader only. So
 * the leader does nothing but wait and dies of that, by which the system ends the agent in front, and a second shell goes on.
 * Without a terminal that one can start programs in the background only: so it has the record written by a third.
 */
export const SESSION_SCRIPT = `#!/bin/sh
# Usage: session.sh FOLDER ATTEMPT
# Runs the attempt that FOLDER/session.ATTEMPT describes and writes FOLDER/exit.ATTEMPT.json.
# It calls itself with one more word (its part) and, for the record, with stage and exit code.
set -u
PATH=/usr/bin:/bin
folder=$1
attempt=$2
part=\${3-leader}
plan=$folder/session.$attempt
cwd= limit= prompt= node= socket= task= setup=

# Sets value to what stands behind the first blank of line; \\\\ and \\n in it are a backslash and a line break.
read_value() {
  value=\${line#* }
  case $value in
    *\\\\*) value=$(printf '%b.' "$value") && value=\${value%.} ;;
  esac
}

# Becomes the program whose words are on the lines "$1 word", in the environment of the plan.
become() {
  kind=$1
  shift
  while IFS= read -r line; do
    read_value
    case $line in
      'env '*) export "\${value?}" ;;
      'argv {prompt}')
        [ "$kind" = argv ] || continue
        text=$(cat -- "$prompt" && printf .) || exit 98
        set -- "$@" "\${text%.}"
        ;;
      "$kind "*) set -- "$@" "$value" ;;
    esac
  done <"$plan"
  exec "$@"
}

# Ends the set-up's process group when its time is over. It is ended as a group itself, with whatever it waits for; what
# is sent before it has dropped its parent's traps is lost, but then the set-up has ended already.
guard() {
  kill -0 "$1" || exit 0
  sleep "$limit"
  : >"$folder/setup.late"
  kill -TERM "-$1"
  sleep 3
  kill -KILL "-$1"
}

run_setup() {
  rm -f -- "$folder/setup.late"
  become setup </dev/null &
  job=$!
  trap 'kill -TERM "-$job"' HUP INT QUIT TERM
  guard "$job" 2>/dev/null &
  guard=$!
  wait "$job"
  code=$?
  while kill -0 "$job" 2>/dev/null; do
    wait "$job"
    code=$?
  done
  trap : HUP INT QUIT TERM
  kill -TERM "-$guard" 2>/dev/null
  [ ! -e "$folder/setup.late" ] || code=124
  return "$code"
}

read_plan() {
  while IFS= read -r line; do
    read_value
    case $line in
      'cwd '*) cwd=$value ;;
      'limit '*) limit=$value ;;
      'prompt '*) prompt=$value ;;
      'node '*) node=$value ;;
      'socket '*) socket=$value ;;
      'task '*) task=$value ;;
      'setup '*) setup=yes ;;
    esac
  done <"$plan"
}

# Ends the attempt with exit code $1. The part in the background asks nothing of a terminal that may have gone.
finish() {
  trap - EXIT
  /bin/sh "$0" "$folder" "$attempt" record "$stage" "$1" &
  wait "$!"
  exit "$1"
}

run_attempt() {
  stage=directory
  # A shell that gives up by itself has lost its terminal, or ends as its program did, by a signal.
  trap 'code=$?; [ "$code" -gt 128 ] || code=129; finish "$code"' EXIT
  cd -- "$cwd" || finish 97

  # The mark is younger than the worktree's .git file, or it is that of an earlier worktree.
  if [ -n "$setup" ] && [ -z "$(find "$folder/setup.done" -newer .git 2>/dev/null)" ]; then
    stage=setup
    printf '\\033]2;coppice: set-up\\033\\\\'
    run_setup || finish $?
    : >"$folder/setup.done"
    printf '\\033]2;\\033\\\\'
  fi

  stage=agent
  (become argv)
  finish $?
}

# Marks the end of the log, writes the record of stage $1 and exit code $2 and tells the orchestrator. That has mostly seen
# the record by then, and is not to share its processor with the start of node.
write_record() {
  record=$folder/exit.$attempt
  printf '{"version":1,"attempt":%s,"stage":"%s","code":%s,"at":"%s"}\\n' \\
    "$attempt" "$1" "$2" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$record.tmp"
  written=$?
  printf '\\033\\\\\\033]7717;ended\\007' 2>/dev/null
  [ "$written" != 0 ] || mv -f -- "$record.tmp" "$record.json"
  [ ! -S "$socket" ] || nice -n 10 "$node" "\${0%/*}/notify.cjs" "$socket" "$task" 2>/dev/null
}

case $part in
  leader)
    trap : INT QUIT TERM
    /bin/sh "$0" "$folder" "$attempt" attempt
    exit $?
    ;;
  attempt)
    trap : HUP INT QUIT TERM
    trap '' TSTP
    set -m
    read_plan
    run_attempt
    ;;
  record)
    trap '' HUP INT QUIT TERM
    read_plan
    write_record "$4" "$5"
    ;;
esac
`;

/** Tells the orchestrator's socket which task moved; gives up after a second. */
export const NOTIFY_SCRIPT = `const [socketPath, taskId] = process.argv.slice(2);
setTimeout(() => process.exit(1), 1000);
const socket = require("node:net").connect(socketPath);
socket.on("error", () => process.exit(1));
socket.on("close", () => process.exit(0));
socket.end(JSON.stringify({ taskId }) + "\\n");
`;

/**
 * `COPPICE_REPORT` of every session: what an agent's hooks and notify programs call with a notice in JSON. It never fails and
 * says nothing, because agents read the words and the exit codes of their hooks. A short notice is written without the time
 * that node takes to start, by cat, which writes it in one piece; the file that grows wakes the orchestrator.
 */
export const REPORT_SCRIPT = `#!/bin/sh
# Usage: report AGENT [NOTICE]; without NOTICE it is read from the standard input
exec >/dev/null 2>&1
umask 077
PATH=/usr/bin:/bin
LC_ALL=C
export LC_ALL
if [ $# -gt 1 ]; then notice=$2; else notice=$(cat); fi
signals=$COPPICE_TASK_DIR/signals.$COPPICE_ATTEMPT.jsonl
short=
if [ "\${#notice}" -le 16000 ]; then
  at=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
  case "$at $notice" in
    *'
'*) ;;
    ????-??-??T??:??:??.[0-9][0-9][0-9]Z" "{*}) short=yes ;;
  esac
fi
if [ -n "$short" ]; then
  line=$COPPICE_TASK_DIR/logs/notice.$$
  printf '{"at":"%s","agent":"%s","notice":%s}\\n' "$at" "$1" "$notice" >"$line" && cat "$line" >>"$signals"
  rm -f -- "$line"
else
  printf '%s' "$notice" | "$COPPICE_NODE" "\${0%/*}/report.cjs" "$1"
fi
exit 0
`;

/** What `report` runs: one notice, then a word to the orchestrator. */
export const REPORT_PROGRAM = `const { readFileSync } = require("node:fs");
const { record, tell } = require("./record.cjs");
record(process.argv[2], JSON.parse(readFileSync(0, "utf8")));
tell();
`;

/**
 * `record` appends one line `{at, agent, notice}` to the attempt's `signals.<n>.jsonl`; `tell` gives the orchestrator's socket
 * a word, and gives up after a second. A notice is data of any size: long strings lose their middle, deep and wide parts are
 * left out.
 */
export const RECORD_MODULE = `const { appendFileSync } = require("node:fs");
const { COPPICE_TASK_DIR, COPPICE_ATTEMPT, COPPICE_TASK, COPPICE_SOCKET } = process.env;
const cut = (value, depth) => {
  if (typeof value === "string")
    return value.length <= 2000 ? value : value.slice(0, 1000) + " … " + value.slice(-1000);
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) return null;
  if (Array.isArray(value)) return value.slice(0, 8).map((item) => cut(item, depth - 1));
  const entries = Object.entries(value).slice(0, 64);
  return Object.fromEntries(entries.map(([key, item]) => [key.slice(0, 100), cut(item, depth - 1)]));
};
exports.record = (agent, notice) => {
  const line = JSON.stringify({ at: new Date().toISOString(), agent, notice: cut(notice, 3) });
  const path = COPPICE_TASK_DIR + "/signals." + COPPICE_ATTEMPT + ".jsonl";
  appendFileSync(path, line + "\\n", { mode: 0o600 });
};
exports.tell = () => {
  const socket = require("node:net").connect(COPPICE_SOCKET);
  const late = setTimeout(() => socket.destroy(), 1000);
  socket.on("error", () => undefined);
  socket.on("close", () => clearTimeout(late));
  socket.end(JSON.stringify({ taskId: COPPICE_TASK }) + "\\n");
};
`;

/**
 * Runs a headless agent: the prompt is its standard input, each line of its output an event. Events of the wanted kinds are
 * reported, and every event is shown as one line of words. An event with `delta` goes on with the one before it. It ends
 * as the agent did; what the agent left running in the background does not keep it.
 */
export const STREAM_PROGRAM = `// Usage: stream.cjs AGENT KIND,... PROMPT_FILE PROGRAM [WORD...]
const { spawn } = require("node:child_process");
const { openSync } = require("node:fs");
const { constants } = require("node:os");
const { createInterface } = require("node:readline");
const { record, tell } = require("./record.cjs");
const [agent, wanted, promptFile, program, ...words] = process.argv.slice(2);
const kinds = new Set(wanted.split(","));
const SHOWN = /^(?:text|message|content|command|result|error|name|tool_name|status|reason)$/;

const wordsOf = (value, depth) =>
  Object.entries(value ?? {}).flatMap(([key, item]) => {
    if (typeof item === "string") return SHOWN.test(key) && item !== "" ? [item] : [];
    return typeof item === "object" && depth > 0 ? wordsOf(item, depth - 1) : [];
  });
const show = (kind, event) => {
  const text = wordsOf(event, 4).join(" · ").replace(/[\\x00-\\x1f\\x7f-\\x9f]+/g, " ");
  console.log(kind + (text === "" ? "" : ": " + text.slice(0, 500)));
};

let open = null;
const flush = () => {
  if (open === null) return;
  const event = open;
  open = null;
  const kind = [event.type, event.subtype ?? event.item?.type].filter(Boolean).join(" ");
  show(kind, event);
  if (!kinds.has(kind) && !kinds.has(event.type)) return;
  record(agent, event);
  tell();
};
const take = (line) => {
  let event = null;
  try {
    event = JSON.parse(line);
  } catch {
    // Not an event: words for a person.
  }
  if (typeof event?.type !== "string") {
    flush();
    if (line.trim() !== "") console.log(line);
    return;
  }
  if (event.delta === true && open?.delta === true) {
    open.content += event.content;
    return;
  }
  flush();
  open = event;
  if (event.delta !== true) flush();
};

const child = spawn(program, words, { stdio: [openSync(promptFile), "pipe", "inherit"] });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
const output = createInterface({ input: child.stdout });
let code = null;
let heard = false;
const finish = () => {
  flush();
  process.exit(code);
};
output.on("line", take);
output.on("close", () => {
  heard = true;
  if (code !== null) finish();
});
child.on("error", (error) => {
  console.error(program + ": " + error.message);
  process.exit(127);
});
child.on("exit", (status, signal) => {
  code = status ?? 128 + constants.signals[signal];
  if (heard) finish();
  setTimeout(finish, 500);
});
`;

/**
 * Keeps what a pane writes in two files, the newer one and the one before, together at most LIMIT bytes. dd passes on each
 * read at once; it is asked for an eighth of the limit at most, then the size is looked at.
 */
export const LOG_SCRIPT = `#!/bin/sh
# Usage: log.sh FILE LIMIT, with FILE below COPPICE_WORKDIR
PATH=/usr/bin:/bin
LC_ALL=C
export LC_ALL
cd -- "$COPPICE_WORKDIR" || exit 1
umask 077
file=$1
blocks=$(($2 / 8 / 4096))
[ "$blocks" -gt 0 ] || blocks=1
while :; do
  told=$(dd bs=4096 count="$blocks" 2>&1 >>"$file") || exit 1
  case $told in
    '0+0 records in'*) exit 0 ;;
  esac
  if [ "$(($(wc -c <"$file")))" -ge "$(($2 / 8 * 3))" ]; then
    mv -f -- "$file" "$file.old"
  fi
done
`;
