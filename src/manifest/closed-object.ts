import { z } from "zod";
import { isJsonObject } from "./json.ts";

/**
 * A zod object that refuses unknown keys, except those beginning with `x-`, which are kept (the type does not show them).
 * The generated JSON Schema says the same (`patternProperties` and `additionalProperties: false`).
 */
export function closedObject<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape> {
  const known = Object.keys(shape);
  const onlyKnown = z.check<Record<string, unknown>>((context) => {
    const unknown = Object.keys(context.value).filter(
      (key) => !known.includes(key) && !key.startsWith("x-"),
    );
    if (unknown.length === 0) return;
    context.issues.push({
      code: "unrecognized_keys",
      keys: unknown,
      known,
      input: context.value,
      message: `unknown ${unknown.length === 1 ? "field" : "fields"} ${unknown.join(", ")}`,
    });
  });
  // Also beside other mistakes of the same object: a person wants to read them all at once.
  onlyKnown._zod.def.when = ({ value }) => isJsonObject(value);
  return z.looseObject(shape).check(onlyKnown).meta({ closed: true });
}
