import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import { ensureTool } from "./test-tools.ts";

/** One request with its answer, as it went over the wire. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Parsed JSON; undefined when there was none. */
  readonly requestBody: unknown;
  readonly status: number;
  readonly responseBody: unknown;
}

/** Names everything in which an exchange departs from the description; empty when it keeps to it. */
export type CheckExchange = (exchange: Exchange) => readonly string[];

export type Description =
  | { readonly kind: "ready"; readonly check: CheckExchange }
  | { readonly kind: "unavailable"; readonly reason: string };

/** GitHub's published OpenAPI description, cut down to `operations` like `GET /repos/{owner}/{repo}`. */
export async function gitHubDescription(operations: readonly string[]): Promise<Description> {
  const tool = await ensureTool("openapi");
  if (tool.kind === "unavailable") return tool;
  const file = "node_modules/@octokit/openapi/generated/api.github.com.json";
  const document = JSON.parse(await readFile(join(tool.dir, file), "utf8"));
  return { kind: "ready", check: checker(document, operations) };
}

/** Checks exchanges against any OpenAPI 3.0 document. Throws when it lacks one of the operations. */
export function checker(document: OpenApi, operations: readonly string[]): CheckExchange {
  const ajv = new Ajv({ strict: false, allErrors: true, formats: FORMATS });
  ajv.addSchema(subset(document, operations), "api");
  const known = operations.map((operation) => operationOf(document, operation));
  return (exchange) => {
    const operation = known.find(
      (each) => each.method === exchange.method && each.pattern.test(exchange.path),
    );
    if (operation === undefined) return [`${exchange.method} ${exchange.path}: not described`];
    const name = `${operation.method} ${operation.template}`;
    return [
      ...queryProblems(ajv, operation, exchange.query),
      ...bodyProblems(ajv, operation, exchange.requestBody),
      ...answerProblems(ajv, operation, exchange),
    ].map((problem) => `${name}: ${problem}`);
  };
}

/** A JSON object, with the names that are read here. */
interface Json {
  readonly [name: string]: unknown;
  readonly type?: unknown;
  readonly properties?: unknown;
  readonly $ref?: unknown;
}
interface Media {
  readonly content?: { readonly "application/json"?: { readonly schema?: Json } };
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: Json;
}
interface Operation {
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: Media;
  readonly responses: Readonly<Record<string, Media | { readonly $ref: string }>>;
}
/** As much of an OpenAPI 3.0 document as is read here. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface KnownOperation {
  readonly method: string;
  readonly template: string;
  readonly pattern: RegExp;
  readonly query: ReadonlyMap<string, Json>;
  readonly body: Json | undefined;
  /** Undefined value: described, without a schema. */
  readonly answers: ReadonlyMap<number, Json | undefined>;
}

const FORMATS = {
  uri: /^[a-z][a-z0-9+.-]*:\S+$/i,
  "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
  email: /^\S+@\S+$/,
  "repo.nwo": /^[\w.-]+\/[\w.-]+$/,
  int64: true,
} as const;

function operationOf(document: OpenApi, name: string): KnownOperation {
  const [method = "", template = ""] = name.split(" ");
  const operation = document.paths[template]?.[method.toLowerCase()];
  if (operation === undefined) throw new Error(`the description has no operation ${name}`);
  const follow = <T>(item: T | { readonly $ref: string }): T =>
    isReference(item) ? (resolve(document, item.$ref) as T) : item;
  const parameters = (operation.parameters ?? []).map((each) => follow<Parameter>(each));
  return {
    method,
    template,
    pattern: new RegExp(`^${template.replace(/\{\w+\}/g, "[^/]+")}$`),
    query: new Map(
      parameters
        .filter((each) => each.in === "query")
        .map((each) => [each.name, rooted(each.schema)]),
    ),
    body: schemaOf(operation.requestBody),
    answers: new Map(
      Object.entries(operation.responses).map(([status, answer]) => [
        Number(status),
        schemaOf(follow<Media>(answer)),
      ]),
    ),
  };
}

const schemaOf = (media: Media | undefined): Json | undefined => {
  const schema = media?.content?.["application/json"]?.schema;
  return schema === undefined ? undefined : rooted(schema);
};

function queryProblems(ajv: Ajv, operation: KnownOperation, query: URLSearchParams): string[] {
  return [...query].flatMap(([name, value]) => {
    const schema = operation.query.get(name);
    if (schema === undefined) return [`query ${name} is not described`];
    const isNumber = schema.type === "integer" && /^-?\d+$/.test(value);
    return problems(ajv, schema, isNumber ? Number(value) : value, `query ${name}`);
  });
}

function bodyProblems(ajv: Ajv, operation: KnownOperation, body: unknown): string[] {
  if (operation.body === undefined) {
    return body === undefined ? [] : ["a request body is not described"];
  }
  const described = Object.keys(operation.body.properties ?? {});
  const unknown =
    described.length > 0 && typeof body === "object" && body !== null
      ? Object.keys(body).filter((key) => !described.includes(key))
      : [];
  return [
    ...unknown.map((key) => `request body: ${key} is not described`),
    ...problems(ajv, operation.body, body, "request body"),
  ];
}

/** Statuses that the description leaves out are let through: any request may meet a 401 or a 502. */
function answerProblems(ajv: Ajv, operation: KnownOperation, exchange: Exchange): string[] {
  const schema = operation.answers.get(exchange.status);
  if (schema === undefined) {
    const isGap = exchange.status < 300 && !operation.answers.has(exchange.status);
    return isGap ? [`status ${exchange.status} is not described`] : [];
  }
  return problems(ajv, schema, exchange.responseBody, `answer ${exchange.status}`);
}

const compiled = new WeakMap<Json, ValidateFunction>();

function problems(ajv: Ajv, schema: Json, value: unknown, what: string): string[] {
  const validate = compiled.get(schema) ?? ajv.compile(schema);
  compiled.set(schema, validate);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    (error) => `${what}${error.instancePath}: ${error.message ?? error.keyword}`,
  );
}

/** The schemas that the operations reach, as JSON Schema. */
function subset(document: OpenApi, operations: readonly string[]): Json {
  const components: Record<string, Record<string, Json>> = {};
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    if (!isObject(value)) return;
    if (isReference(value)) {
      const [, , kind = "", name = ""] = value.$ref.split("/");
      components[kind] ??= {};
      const room = components[kind];
      if (name in room) return;
      const target = resolve(document, value.$ref);
      room[name] = jsonSchema(target);
      visit(target);
      return;
    }
    for (const item of Object.values(value)) visit(item);
  };
  for (const operation of operations) {
    const [method = "", template = ""] = operation.split(" ");
    visit(document.paths[template]?.[method.toLowerCase()]);
  }
  return { components };
}

function resolve(document: OpenApi, reference: string): unknown {
  const [, , kind = "", name = ""] = reference.split("/");
  const target = document.components[kind]?.[name];
  if (target === undefined) throw new Error(`the description lacks ${reference}`);
  return target;
}

/** An inline schema whose references lead into the added subset. */
const rooted = (schema: Json): Json =>
  JSON.parse(JSON.stringify(jsonSchema(schema)).replaceAll('"#/components/', '"api#/components/'));

/** OpenAPI 3.0 writes `nullable`, also beside `$ref` and `enum` and without a `type`; JSON Schema has a null type. */
function jsonSchema(value: unknown): Json {
  return convert(value) as Json;
}

function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convert);
  if (!isObject(value)) return value;
  const { nullable, example, ...rest } = value;
  const schema = Object.fromEntries(
    Object.entries(rest).map(([key, item]) => [key, convert(item)]),
  );
  return nullable === true ? { anyOf: [schema, { type: "null" }] } : schema;
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isReference = (value: unknown): value is { readonly $ref: string } =>
  isObject(value) && typeof value.$ref === "string";
