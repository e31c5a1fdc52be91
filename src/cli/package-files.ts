import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Absolute path of a file that the package ships, e.g. `fixtures/demo`. */
export const packagePath = (relative: string): string =>
  fileURLToPath(new URL(`../../${relative}`, import.meta.url));

/** Where editors find the schema of a manifest that this program writes. */
export const SCHEMA_URL = pathToFileURL(packagePath("schemas/manifest.schema.json")).href;

/** The version in package.json. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(packagePath("package.json"), "utf8")) as {
    version: string;
  };
  return version;
}
