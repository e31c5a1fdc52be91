import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { exec } from "../src/adapters/exec.ts";
import { createRepositoryFacts } from "../src/adapters/git/repository-facts.ts";
import { MAIN } from "./coppice.ts";
import { git, onGround } from "./ground.ts";
import { type Figure, figure } from "./report.ts";
import { timed } from "./statistics.ts";

const FILES = 25_000;
const FILES_FULL = 80_000;
const FILES_QUICK = 3000;
const ISSUES = 1000;
const CHANGED = 100;
const AREAS = 300;
const COMMITS = 200;
const DEFINITIONS = "^(export )?(async )?(function|class|interface) +[A-Za-z_]+";

/**
 * Reading a repository for the first time, beside what git alone takes to list it and to search it once; reading the
 * next commit; and predicting the files of many issues with what was read.
 */
export async function repository(options: {
  readonly quick: boolean;
  readonly full: boolean;
}): Promise<readonly Figure[]> {
  const sizes = options.quick ? [FILES_QUICK] : options.full ? [FILES, FILES_FULL] : [FILES];
  const figures: Figure[] = [];
  for (const files of sizes) {
    figures.push(...(await onGround((ground) => measured(ground.folder, files, options.quick))));
  }
  return figures;
}

async function measured(folder: string, files: number, quick: boolean): Promise<Figure[]> {
  const root = join(folder, "large.git");
  await git(folder, ["init", "-q", "--bare", "-b", "main", root]);
  await commit(root, history(files));
  const cacheHome = join(folder, "cache");
  const source = createRepositoryFacts({ root, cacheDir: join(cacheHome, "coppice") });
  const name = `${files.toLocaleString("en")} files`;
  const [floor, first] = [
    await timed(() => searchedByGit(root)),
    await timed(() => source.read("main")),
  ];
  await commit(root, nextCommit());
  const next = await timed(() => source.read("main"));
  const same = await timed(() => source.read("main"));
  const issues = quick ? ISSUES / 10 : ISSUES;
  const issuesPath = join(folder, "issues.json");
  await writeFile(issuesPath, JSON.stringify(backlog(issues, files)));
  const predicted = await predictedBy(root, issuesPath, cacheHome);
  const facts = { unit: "s" } as const;
  const seconds = (milliseconds: number) => [milliseconds / 1000];
  const listed = { name: "git ls-tree + git grep", samples: seconds(floor) };
  return [
    figure({ ...facts, name: `first look at a repository, ${name}` }, seconds(first), listed),
    figure({ ...facts, name: `after ${CHANGED} changed files, ${name}` }, seconds(next), listed),
    figure({ ...facts, name: `the same commit, ${name}` }, seconds(same), listed),
    figure({ ...facts, name: `coppice predict, ${issues} issues, ${name}`, aim: "below 5 s" }, [
      predicted.seconds,
    ]),
    figure({ ...facts, name: `its processor time, ${name}` }, [predicted.cpuSeconds]),
    figure({ name: `its memory at most, ${name}`, unit: "MB", aim: "below 500 MB" }, [
      predicted.megabytesMax,
    ]),
  ];
}

/** The least that has to be done: every path listed, every text searched once for definitions. */
async function searchedByGit(root: string): Promise<void> {
  await git(root, ["ls-tree", "-r", "-l", "main"]);
  const found = await exec("git", ["grep", "-cE", DEFINITIONS, "main"], {
    cwd: root,
    timeoutMs: 600_000,
  });
  if (found.code !== 0) throw new Error(`git grep: ${found.stderr}`);
}

/** A stream for `git fast-import`: all files in one commit, then small ones. */
function history(files: number): string {
  const all = Array.from({ length: files }, (_, file) => inline(pathOf(file), textOf(file)));
  const later = Array.from({ length: COMMITS }, (_, nth) => {
    const area = (nth * 37) % AREAS;
    const changed = [area, area + AREAS].filter((file) => file < files);
    const texts = changed.map((file) => inline(pathOf(file), `${textOf(file)}// ${nth}\n`));
    return head(`Mend ${wordOf(area)} ${wordOf(area + 1)}`) + texts.join("");
  });
  return `${head("Begin", true)}${all.join("")}${later.join("")}`;
}

const nextCommit = (): string =>
  head("Change some", false, true) +
  Array.from({ length: CHANGED }, (_, file) =>
    inline(pathOf(file), `${textOf(file)}// new\n`),
  ).join("");

function head(subject: string, isFirst = false, isContinued = false): string {
  const from = isContinued ? "from refs/heads/main^0\n" : "";
  const who = "committer bench <bench@localhost> 1767225600 +0000";
  const reset = isFirst ? "reset refs/heads/main\n" : "";
  return `${reset}commit refs/heads/main\n${who}\ndata ${subject.length}\n${subject}\n${from}`;
}

const inline = (path: string, text: string): string =>
  `M 100644 inline ${path}\ndata ${text.length}\n${text}\n`;

async function commit(root: string, stream: string): Promise<void> {
  const { code, stderr } = await exec("git", ["fast-import", "--quiet"], {
    cwd: root,
    input: stream,
    timeoutMs: 600_000,
  });
  if (code !== 0) throw new Error(`git fast-import: ${stderr}`);
}

const SYLLABLES = ["ba", "cor", "den", "fi", "gal", "hum", "jo", "kel", "lim", "mor", "nex", "pra"];

/** A made-up word for a number, the same each time. */
const wordOf = (number: number): string =>
  [number % 12, Math.floor(number / 12) % 12, Math.floor(number / 144) % 12]
    .map((place) => SYLLABLES[place] ?? "")
    .join("");

const areaOf = (file: number): string => wordOf(file % AREAS);

const pathOf = (file: number): string =>
  file % 4 === 3
    ? `packages/${areaOf(file - 1)}/test/${wordOf(file - 1)}-${file - 1}.test.ts`
    : `packages/${areaOf(file)}/src/${wordOf(file)}-${file}.ts`;

/** About six kilobytes of source with twelve definitions. */
function textOf(file: number): string {
  const parts = Array.from({ length: 12 }, (_, nth) => {
    const name = `${wordOf(file + nth)}Of${wordOf(file * 7 + nth)}`;
    const body = Array.from(
      { length: 9 },
      (__, line) =>
        `  const ${wordOf(line)}_${nth} = ${name}Helper(${line}, input.${wordOf(file + line)});\n`,
    );
    const message = `cannot ${wordOf(file)} the ${wordOf(nth)} of ${wordOf(file * 3 + nth)} in`;
    return `export function ${name}${file}(input: Input) {\n${body.join("")}  throw new Error("${message} %s");\n}\n\n`;
  });
  return parts.join("");
}

function backlog(issues: number, files: number): unknown[] {
  return Array.from({ length: issues }, (_, nth) => {
    const file = (nth * 131) % files;
    const words = Array.from({ length: 120 }, (__, place) =>
      wordOf((nth * 17 + place * 29) % 1700),
    );
    return {
      number: nth + 1,
      title: `${wordOf(file)} loses the ${areaOf(file)} ${wordOf(file + 5)}`,
      body: `It fails in \`${wordOf(file)}Of${wordOf(file * 7)}${file}\`.\n\n${words.join(" ")}\n\n    at run (${pathOf(file)}:12:3)\n`,
    };
  });
}

/** Runs the built program; Linux counts its processor time and its largest memory. */
async function predictedBy(
  root: string,
  issues: string,
  cacheHome: string,
): Promise<{ seconds: number; cpuSeconds: number; megabytesMax: number }> {
  const beganMs = performance.now();
  const child = spawn(
    process.execPath,
    [MAIN, "predict", "--issues", issues, "--repo-dir", root, "--ref", "main"],
    {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, XDG_CACHE_HOME: cacheHome },
    },
  );
  const ended = once(child, "exit");
  let [cpuSeconds, megabytesMax] = [0, 0];
  while (child.exitCode === null && child.signalCode === null) {
    const now = await usage(child.pid ?? 0);
    cpuSeconds = Math.max(cpuSeconds, now.cpuSeconds);
    megabytesMax = Math.max(megabytesMax, now.megabytesMax);
    await Promise.race([ended, sleep(20)]);
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`coppice predict ended with ${String(code)}`);
  return { seconds: (performance.now() - beganMs) / 1000, cpuSeconds, megabytesMax };
}

const TICKS_PER_SECOND = 100;

async function usage(pid: number): Promise<{ cpuSeconds: number; megabytesMax: number }> {
  try {
    const [stat, status] = await Promise.all(
      ["stat", "status"].map((name) => readFile(`/proc/${pid}/${name}`, "latin1")),
    );
    const fields = (stat ?? "").slice((stat ?? "").lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    const kilobytes = Number(/^VmHWM:\s+(\d+) kB/m.exec(status ?? "")?.[1] ?? 0);
    return { cpuSeconds: ticks / TICKS_PER_SECOND, megabytesMax: kilobytes / 1024 };
  } catch {
    // It has ended meanwhile: what was seen before counts.
    return { cpuSeconds: 0, megabytesMax: 0 };
  }
}
