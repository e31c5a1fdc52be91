import { z } from "zod";
import { Manifest } from "./manifest.ts";

/** The JSON Schema (draft 2020-12) of what a person may write into a manifest, for editors. */
export function manifestSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(Manifest, {
    io: "input",
    target: "draft-2020-12",
    override({ jsonSchema }) {
      if (!("closed" in jsonSchema)) return;
      Reflect.deleteProperty(jsonSchema, "closed");
      jsonSchema.patternProperties = { "^x-": {} };
      jsonSchema.additionalProperties = false;
    },
  });
  return { $schema, title: "Coppice manifest", ...schema };
}
