import { z } from "zod";

/**
 * A zod object that refuses unknown keys, except those beginning with `x-`, which are kept.
 * The generated JSON Schema says the same (`patternProperties` and `additionalProperties: false`).
 */
export function closedObject<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z
    .looseObject(shape)
    .check((context) => {
      const unknown = Object.keys(context.value).filter(
        (key) => !known.includes(key) && !key.startsWith("x-"),
      );
      if (unknown.length === 0) return;
      context.issues.push({
        code: "unrecognized_keys",
        keys: unknown,
        input: context.value,
        message: `unknown ${unknown.length === 1 ? "field" : "fields"} ${unknown.join(", ")}`,
      });
    })
    .meta({ closed: true });
}
