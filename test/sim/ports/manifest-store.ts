import { formatManifest } from "../../../src/manifest/format.ts";
import { applyPatches, type ManifestPatch } from "../../../src/manifest/merge.ts";
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
    create: (text, expected) =>
      ask("create", () => {
        if ((world.manifestText === "" ? null : world.manifestText) !== expected)
          couldNot("another file is there");
        world.manifestText = text;
      }),
  };
}

function commit(
  { world, pid }: Door,
  base: ManifestSnapshot,
  patches: readonly ManifestPatch[],
): CommitOutcome {
  const { path } = base;
  const read = parsed(base.text, path);
  const disk = parsed(world.manifestText, path);
  if (disk.kind === "invalid") return { kind: "invalid", problems: disk.problems };
  if (read.kind === "invalid") return { kind: "invalid", problems: read.problems };
  const merged = applyPatches(read.raw, disk.raw, patches);
  const text = formatManifest(merged.raw);
  const after = parsed(text, path);
  if (after.kind === "invalid") {
    return couldNot(`the patches break the manifest: ${JSON.stringify(after.problems)}`);
  }
  const { manifest, warnings } = after;
  const snapshot = { path, text, manifest, warnings };
  if (text === world.manifestText) return { kind: "unchanged", snapshot };
  const before = world.manifestText;
  world.manifestText = text;
  world.tell({ kind: "manifest-written", pid, before, after: text });
  return { kind: "committed", snapshot, kept: merged.kept };
}
