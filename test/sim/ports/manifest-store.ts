import { formatManifest } from "../../../src/manifest/format.ts";
import type { JsonObject } from "../../../src/manifest/json.ts";
import { applyPatches, type ManifestPatch } from "../../../src/manifest/merge.ts";
import { rebaseEdit } from "../../../src/manifest/rebase.ts";
import type {
  CommitOutcome,
  ManifestSnapshot,
  ManifestStore,
  ReadOutcome,
} from "../../../src/ports/manifest-store.ts";
import { parsed } from "../parsed.ts";
import { couldNot, type Door } from "./door.ts";

/** The manifest's file on the simulated disk; merging and validation are Coppice's own. */
export function simManifestStore(door: Door): ManifestStore {
  const { world } = door;
  const path = world.manifestPath;
  const ask = <T>(method: string, effect: () => T): Promise<T> =>
    door.pass({ method, taskId: null, effect, failed: couldNot });
  return {
    path,
    read: () =>
      ask<ReadOutcome>("read", () => {
        const text = world.manifestText;
        const read = parsed(text, path);
        if (read.kind === "invalid") return { kind: "invalid", path, problems: read.problems };
        const { manifest, warnings } = read;
        world.tell({ kind: "manifest-read", pid: door.pid, text });
        return { kind: "read", snapshot: { path, text, manifest, warnings } };
      }),
    commit: (base, patches) => ask("commit", () => commit(door, base, patches)),
    edit: (base, text) => ask("edit", () => edit(door, base, text)),
    create: (text, expected) =>
      ask("create", () => {
        if ((world.manifestText === "" ? null : world.manifestText) !== expected)
          couldNot("another file is there");
        world.manifestText = text;
      }),
  };
}

function commit(
  door: Door,
  base: ManifestSnapshot,
  patches: readonly ManifestPatch[],
): CommitOutcome {
  const read = parsed(base.text, base.path);
  if (read.kind === "invalid") return { kind: "invalid", problems: read.problems };
  return write(door, base.path, (disk) => applyPatches(read.raw, disk, patches));
}

function edit(door: Door, base: ManifestSnapshot, text: string): CommitOutcome {
  const before = parsed(base.text, base.path);
  const edited = parsed(text, base.path);
  if (before.kind === "invalid") return { kind: "invalid", problems: before.problems };
  if (edited.kind === "invalid") return { kind: "invalid", problems: edited.problems };
  return write(door, base.path, (disk) => ({
    raw: rebaseEdit(before.raw, edited.raw, disk),
    kept: [],
  }));
}

function write(
  { world, pid }: Door,
  path: string,
  change: (disk: JsonObject) => ReturnType<typeof applyPatches>,
): CommitOutcome {
  const disk = parsed(world.manifestText, path);
  if (disk.kind === "invalid") return { kind: "invalid", problems: disk.problems };
  const merged = change(disk.raw);
  const text = formatManifest(merged.raw);
  const after = parsed(text, path);
  if (after.kind === "invalid") {
    return couldNot(`the patches break the manifest: ${JSON.stringify(after.problems)}`);
  }
  const snapshot = { path, text, manifest: after.manifest, warnings: after.warnings };
  if (text === world.manifestText) return { kind: "unchanged", snapshot };
  const { manifest, warnings } = disk;
  const before = { path, text: world.manifestText, manifest, warnings };
  world.manifestText = text;
  world.tell({ kind: "manifest-written", pid, before: before.text, after: text });
  return { kind: "committed", before, snapshot, kept: merged.kept };
}
