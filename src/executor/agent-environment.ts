import type { Host } from "../ports/host.ts";

const INHERITED = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "LC_ALL",
  "LC_CTYPE",
  "TZ",
  "TMPDIR",
  "XDG_CONFIG_HOME",
  "XDG_CACHE_HOME",
  "XDG_DATA_HOME",
  "XDG_STATE_HOME",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
] as const;

/**
 * The whole environment of an agent: an allow-list, its own variables, an identity for commits where the user has
 * none, and no way to the forge: no token, no credential helper, no push address, no gh login.
 */
export function agentEnvironment(facts: {
  readonly host: Host;
  /** The agent's own variables, e.g. its model key. */
  readonly names: readonly string[];
  readonly identity: { readonly name: string; readonly email: string } | null;
  readonly taskId: string;
  readonly attempt: number;
  /** Absolute. */
  readonly taskDir: string;
}): Readonly<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const name of [...INHERITED, ...facts.names]) {
    const value = facts.host.env(name);
    if (value !== undefined) env[name] = value;
  }
  const person = facts.identity ?? { name: "Coppice", email: "coppice@localhost" };
  return {
    ...env,
    ...gitConfig([
      ["credential.helper", ""],
      // The empty one takes out the user's own, from git 2.46 on; the other names a transport that does not exist.
      ["remote.origin.pushurl", ""],
      ["remote.origin.pushurl", "coppice-pushes-for-you://"],
    ]),
    GIT_TERMINAL_PROMPT: "0",
    GIT_AUTHOR_NAME: person.name,
    GIT_AUTHOR_EMAIL: person.email,
    GIT_COMMITTER_NAME: person.name,
    GIT_COMMITTER_EMAIL: person.email,
    GH_CONFIG_DIR: `${facts.taskDir}/no-forge-login`,
    COPPICE_TASK: facts.taskId,
    COPPICE_ATTEMPT: String(facts.attempt),
    COPPICE_TASK_DIR: facts.taskDir,
  };
}

function gitConfig(settings: readonly (readonly [string, string])[]): Record<string, string> {
  const env: Record<string, string> = { GIT_CONFIG_COUNT: String(settings.length) };
  settings.forEach(([key, value], index) => {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  return env;
}
