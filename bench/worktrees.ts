import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocks } from "../src/adapters/fs/locks.ts";
import { openRepository } from "../src/adapters/git/repository.ts";
import { git } from "./ground.ts";
import { bareProcess } from "./process.ts";
import { type Figure, figure } from "./report.ts";
import { timed } from "./statistics.ts";

const FILES_IN_FOLDER = 250;

/** What a worktree for each task costs, against git's bare command and against plain copies of the checkout. */
export async function worktrees(options: { readonly quick: boolean }): Promise<readonly Figure[]> {
  const [files, count] = options.quick ? [5000, 5] : [25_000, 50];
  const folder = await realpath(await mkdtemp(join(tmpdir(), "coppice-bench-")));
  try {
    const root = await repositoryOf(join(folder, "checkout"), files);
    const repository = await openRepository({ root, project: "bench", locks: createLocks() });
    const ours: number[] = [];
    const bare: number[] = [];
    const copies: number[] = [];
    for (let index = 1; index <= count; index += 1) {
      const id = `t${index}`;
      ours.push(
        await timed(async () => {
          const made = await repository.ensureWorktree({
            taskId: id,
            branch: `fix/${id}`,
            path: join(folder, "work", id),
            startFrom: ["main"],
            mayStandOn: [],
            copyFiles: [],
          });
          if (made.kind !== "ready") throw new Error(`no worktree: ${made.kind}`);
        }),
      );
      const plain = join(folder, "bare", id);
      bare.push(
        await timed(() => git(root, ["worktree", "add", "-q", "-b", `bare/${id}`, plain, "main"])),
      );
      const copy = join(folder, "copy");
      copies.push(await timed(() => bareProcess("cp", ["-a", root, copy])));
      // One copy at a time: fifty are no figure, only a full disk.
      await rm(copy, { recursive: true });
    }
    const name = `one of ${count} worktrees of ${files} files`;
    return [
      figure({ name, unit: "ms" }, ours, { name: "git worktree add", samples: bare }),
      figure({ name, unit: "ms" }, ours, { name: "cp -a of the checkout", samples: copies }),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

async function repositoryOf(root: string, files: number): Promise<string> {
  await mkdir(root, { recursive: true });
  await git(root, ["init", "-q", "-b", "main"]);
  for (let from = 0; from < files; from += FILES_IN_FOLDER) {
    const folder = join(root, `part-${from / FILES_IN_FOLDER}`);
    await mkdir(folder);
    await Promise.all(
      Array.from({ length: FILES_IN_FOLDER }, (_, index) =>
        writeFile(
          join(folder, `file-${index}.ts`),
          `export const n = ${from + index};\n`.repeat(40),
        ),
      ),
    );
  }
  await git(root, ["add", "--all"]);
  const person = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"];
  await git(root, [...person, "commit", "-q", "-m", "Begin"]);
  return root;
}
