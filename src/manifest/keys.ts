import { type Node, parseTree } from "jsonc-parser";
import { isJsonObject, type Json } from "./json.ts";
import type { Finding, JsonPath } from "./place.ts";

/**
 * Keys that stand twice in one object, and `__proto__`, which JavaScript treats as no other. `members` counts the
 * members in the text: when the value has as many, no key was lost and the text is not read again.
 */
export function keyFindings(body: string, value: Json, members: number): Finding[] {
  const kept = membersOf(value);
  if (kept.count === members && !kept.proto) return [];
  const tree = parseTree(body);
  return tree === undefined ? [] : findingsBelow(tree, []);
}

function membersOf(value: Json): { count: number; proto: boolean } {
  const found = { count: 0, proto: false };
  const visit = (at: Json): void => {
    if (Array.isArray(at)) for (const item of at) visit(item);
    else if (isJsonObject(at)) {
      for (const [key, below] of Object.entries(at)) {
        found.count += 1;
        if (key === "__proto__") found.proto = true;
        visit(below);
      }
    }
  };
  visit(value);
  return found;
}

function findingsBelow(node: Node, path: JsonPath): Finding[] {
  const seen = new Set<string>();
  return (node.children ?? []).flatMap((child, index) => {
    const [name, below] = child.type === "property" ? (child.children ?? []) : [];
    if (name === undefined) return findingsBelow(child, [...path, index]);
    const key = String(name.value);
    const here = { at: child.offset, path: [...path, key] };
    const findings: Finding[] = below === undefined ? [] : findingsBelow(below, here.path);
    if (key === "__proto__") {
      const message = 'the key "__proto__" is not allowed';
      const remedy = "Remove it, or give it another name.";
      findings.unshift({ ...here, code: "forbidden-key", message, remedy });
    } else if (seen.has(key)) {
      const message = `${JSON.stringify(key)} stands twice in one object`;
      const remedy = "Keep one of the two.";
      findings.unshift({ ...here, code: "duplicate-key", message, remedy });
    }
    seen.add(key);
    return findings;
  });
}
