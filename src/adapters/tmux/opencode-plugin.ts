/**
 * The plugin that a launch of opencode names: it reports what the task's own conversation does, as notices
 * `{type, sessionID, text, command}`, one after the other. opencode runs it inside itself, so it may never throw.
 */
export const OPENCODE_PLUGIN = `import { spawn } from "node:child_process";

let told = Promise.resolve();
const report = (notice) => {
  told = told.then(
    () =>
      new Promise((done) => {
        const child = spawn(process.env.COPPICE_REPORT, ["opencode"], {
          stdio: ["pipe", "ignore", "ignore"],
        });
        child.on("error", done);
        child.on("close", done);
        child.stdin.on("error", () => undefined);
        child.stdin.end(JSON.stringify(notice));
      }),
  );
};

const errands = new Set();
const words = new Map();
let busy = false;
let failed = false;

function look({ type, properties: of }) {
  const sessionID = of?.sessionID;
  if (type === "session.created" && of.info?.parentID) errands.add(sessionID ?? of.info.id);
  if (typeof sessionID !== "string" || errands.has(sessionID)) return;
  if (type === "message.part.updated" && of.part?.type === "text" && of.part.time?.end)
    words.set(sessionID, of.part.text);
  if (type === "session.created") report({ type, sessionID });
  if (type === "session.error") {
    failed = true;
    const { name = "", data = {} } = of.error ?? {};
    const text = [data.statusCode, data.message ?? name].filter(Boolean).join(" ");
    report({ type, sessionID, text, name });
  }
  if (type === "permission.asked") {
    const command = of.permission === "bash" ? of.metadata?.command : undefined;
    report({ type, sessionID, text: [of.permission, ...(of.patterns ?? [])].join(" "), command });
  }
  if (type !== "session.status") return;
  if (of.status.type === "retry") report({ type: "retry", sessionID, text: of.status.message });
  if (of.status.type === "busy" && !busy) report({ type: "busy", sessionID });
  if (of.status.type === "idle" && busy && !failed)
    report({ type: "idle", sessionID, text: words.get(sessionID) ?? "" });
  if (of.status.type === "idle") failed = false;
  busy = of.status.type !== "idle";
}

export const CoppiceReport = async () => ({ event: async ({ event }) => look(event) });
`;
