import type { ScreenReading, Turn } from "./agent.ts";

type FailureKind = "context-full" | "auth-error" | "rate-limited" | "error-transient";

/** What the words of a failed request mean; first match wins. `text` must be known to be an error message. */
const MEANINGS: readonly { readonly kind: FailureKind; readonly words: RegExp }[] = [
  {
    kind: "context-full",
    words:
      /context[ _-](?:window|length|limit|low)|ran out of room|(?:prompt|input|conversation|request) is too (?:long|large)|too many (?:input )?tokens|exceeds? the (?:maximum|max)\b.*tokens?|maximum context|token count.*exceeds/i,
  },
  {
    kind: "rate-limited",
    words:
      /\b429\b|usage limit|rate.?limit|too many requests|quota|credit balance|insufficient (?:credit|fund)|(?:session|weekly|daily|hourly|\d+.?hour) limit|hit your .{0,20}limit|limit (?:reached|exceeded)|resource.?exhausted|payment required|\b402\b/i,
  },
  {
    kind: "auth-error",
    words:
      /\b401\b|\b403\b|unauthori[sz]ed|unauthenticated|forbidden|(?:invalid|incorrect|missing|expired|revoked|no) (?:\S+ )?(?:api|access|auth)?[- ]?(?:key|token|credentials)\b|not (?:logged|signed) in|(?:run|use) \/?login|auth(?:entication)? (?:method|failed|error|required)|missing environment variable|permission denied \((?:publickey|password|keyboard)/i,
  },
];

/** A limit that no time heals. */
const MONEY = /credit balance|insufficient|billing|add funds|payment required|\b402\b/i;

const RESET =
  /(?:try again|resets?|reset at|available again|retry(?:ing)?(?:[- ]after)?|wait(?: until)?)\b:?\s*(?:(?:in|at|on|after)\s+)?((?:[A-Z][a-z]{2,8}\.? \d|\d)[^·|[\]]{0,40}(?:\([A-Za-z_]+\/[A-Za-z_/]+\))?)/i;

/** What an error message means; undefined when its words say nothing known. */
export function failureKind(text: string): FailureKind | undefined {
  return MEANINGS.find(({ words }) => words.test(text))?.kind;
}

/** The reading of an error message that ends, or interrupts, a turn. */
export function failureReading(text: string, turn: Turn, confidence: number): ScreenReading {
  const kind = failureKind(text) ?? "error-transient";
  const resetText = kind === "rate-limited" ? RESET.exec(text)?.[1]?.trim() : undefined;
  const money = kind === "rate-limited" && resetText === undefined && MONEY.test(text);
  return {
    kind,
    confidence,
    why: `${turn === "running" ? "retries after" : "the turn ended with"} an error: ${text.slice(0, 200)}`,
    turn,
    ...(resetText === undefined ? {} : { resetText }),
    ...(money || kind === "auth-error" ? { needsPerson: true } : {}),
  };
}
