import type { Permissions } from "../manifest/permissions.ts";
import type { KnownAnswer } from "../manifest/policy.ts";
import type { VerdictKind } from "../manifest/verdict-kind.ts";
import type { Dialog, DialogOption } from "./agent.ts";
import { approvalOf } from "./approval.ts";
import { isDenied } from "./denied.ts";

/** A dialog that is known across agents and versions: how it is recognised, what it means, what is answered. */
interface KnownDialog {
  readonly id: string;
  readonly kind: VerdictKind;
  /** Compared with the dialog's text and hints on one line. */
  readonly text?: RegExp;
  /** Compared with its question alone: other words on the screen, e.g. the agent's own, must not make it this one. */
  readonly title?: RegExp;
  /** An option that it must have. */
  readonly option?: RegExp;
  /** The label that is chosen. `policy`: only a person's own answer may. `never`: not even that. */
  readonly answer: RegExp | "policy" | "never";
}

const KEEPS_MODEL = /\b(?:existing|current) model$|^(?:keep|stay)\b/i;
/** Options that only a question for approval has, whatever else stands on the screen. */
const APPROVES =
  /\btell \w+ what to do\b|\bdon['’]t ask again\b|\ballow (?:once|always|all|for this)\b|\balways allow\b|\b(?:this|the) session\b|\bsuggest changes\b|\bauto[- ](?:accept|approve|mode)|^reject\b/i;
/** Options of the agent's own questions: it made up the words itself. */
const OWN_QUESTION = /^(?:type something|chat about this|none of the above|other \(type)/i;

/** First match wins, and what may be answered without a person stands last: more words on the screen never bring an answer. */
const KNOWN: readonly KnownDialog[] = [
  {
    id: "log-in",
    kind: "onboarding",
    text: /\bsign in\b|\blog ?in (?:method|with|to)\b|connect a provider|how would you like to authenticate|\bauth(?:entication)? method\b|choose how you want to use/i,
    answer: "never",
  },
  {
    id: "payment",
    kind: "waiting-input",
    text: /\bupgrade (?:your plan|to (?:pro|plus|max))\b|\badd (?:funds|credits)\b|\bpurchase\b|\bsubscribe\b/i,
    answer: "never",
  },
  {
    id: "plan-approval",
    kind: "waiting-approval",
    text: /\bexit plan mode\b|\bimplement (?:this|the) plan\b|\bready to code\b|\bproceed with (?:this|the) plan\b/i,
    answer: "policy",
  },
  {
    id: "tool-approval",
    kind: "waiting-approval",
    text: /would you like to (?:run|make|apply|allow|grant)|do you want to (?:proceed|run|create|make|edit|apply|allow|overwrite|delete|fetch)|apply this change|allow (?:execution|this|the|command)|permission required|requires? (?:your )?(?:approval|permission|confirmation)|waiting for (?:user )?confirmation|\btab to amend\b|approve (?:this|the)/i,
    answer: "policy",
  },
  {
    id: "api-key",
    kind: "onboarding",
    text: /\bapi key\b/i,
    option: /^(?:yes|no|use|continue)\b/i,
    answer: "policy",
  },
  {
    id: "resume-picker",
    kind: "waiting-input",
    text: /\bresume (?:a previous )?session\b|\benter (?:to )?resume\b/i,
    answer: "policy",
  },
  {
    id: "trust-folder",
    kind: "onboarding",
    title:
      /\btrust\b.{0,40}\b(?:folder|director(?:y|ies)|workspace|files)\b|\bone you trust\b|\bfolder access\b/i,
    option: /\btrust\b|\bthis folder\b|^no,? (?:exit|quit)$/i,
    answer:
      /^(?:yes,? (?:proceed|continue|i trust\b.*|trust\b.*)|trust and continue|trust (?:this )?folder\b.*|i trust this\b.*|yes)$/i,
  },
  {
    id: "bypass-permissions",
    kind: "onboarding",
    title: /\bbypass permissions mode\b/i,
    answer: /^yes, i accept$/i,
  },
  {
    id: "hooks-review",
    kind: "onboarding",
    title: /\bhooks? (?:need|needs|are|is) (?:review|new)/i,
    answer: /\bwithout trusting\b|^(?:skip|not now)\b/i,
  },
  {
    id: "telemetry",
    kind: "onboarding",
    title: /\btelemetry\b|\busage (?:data|statistics)\b|\bhelp improve\b/i,
    answer: /^(?:no\b|decline|don['’]t|opt out|not now)/i,
  },
  {
    id: "usage-limit",
    kind: "rate-limited",
    text: /usage limit reached|limit reached|you['’]ve (?:hit|reached) your/i,
    option: /^(?:stop|keep trying|wait)\b/i,
    answer: /^(?:stop\b|(?:stop and )?wait\b)/i,
  },
  {
    id: "update",
    kind: "onboarding",
    text: /\bupdate available\b|\bnew version\b.*\bavailable\b/i,
    option: /^(?:update|upgrade|install)\b|^skip\b/i,
    answer: /^(?:skip|no\b|not now|later|remind me later)/i,
  },
  {
    id: "cheaper-model",
    kind: "waiting-input",
    text: /\brate limits?\b.*\bswitch\b/i,
    option: KEEPS_MODEL,
    answer: KEEPS_MODEL,
  },
  {
    id: "model-change",
    kind: "onboarding",
    text: /\b(?:try|meet|introducing|switch(?:ing)? to|upgrade to)\b.*\b(?:model|gpt|opus|sonnet|haiku|gemini|sol|luna)\b/i,
    option: KEEPS_MODEL,
    answer: KEEPS_MODEL,
  },
  {
    id: "theme",
    kind: "onboarding",
    text: /\btext style\b|\bcolou?r theme\b|\bchoose (?:a|your) theme\b/i,
    option: /^dark mode$/i,
    answer: /^(?:auto\b.*|dark mode)$/i,
  },
  {
    id: "security-notes",
    kind: "onboarding",
    text: /\bsecurity notes\b/i,
    answer: /^continue$/i,
  },
];

/** Words that ask for a secret or for trust in a host. */
export const SECRET_QUESTION =
  /\bpassw(?:or)?d\b|\bpassphrase\b|\bpin\b(?=.*:)|\botp\b|\bone-time code\b|\bverification code\b|^username for\b|\busername:|\btoken:|\bapi key:|authenticity of host|\bfingerprint\b/i;

/** What a dialog is: its id and verdict. An unknown one waits for input. */
export function recogniseDialog(
  agent: string,
  { title, text, options }: DialogWords,
): { readonly id: string; readonly kind: VerdictKind; readonly needsPerson: boolean } {
  const known = knownDialog({ title, text, options });
  return known
    ? { id: `${agent}/${known.id}`, kind: known.kind, needsPerson: known.answer === "never" }
    : { id: `${agent}/unknown`, kind: "waiting-input", needsPerson: false };
}

/** The words of a dialog. */
interface DialogWords {
  /** Its question. */
  readonly title: string;
  /** All that stands above its options, with the hints, on one line. */
  readonly text: string;
  readonly options: readonly DialogOption[];
}

/** What to do about a dialog. */
export type Answer =
  | { readonly kind: "choose"; readonly label: string; readonly keys?: readonly string[] }
  | { readonly kind: "type"; readonly text: string }
  | { readonly kind: "ask-person"; readonly why: string };

/**
 * What a dialog asks, to tell it from another of the same id: of durations, line breaks and blanks nothing is left, for they
 * change while it stands.
 */
export function askedBy({ title, body = "", command = [] }: Dialog): string {
  const text = body.replace(/\b\d+\s?(?:ms|[hms])\b/g, "");
  return [title, text, command.join("")].map((part) => part.replace(/\s/g, "")).join("\n");
}

/** Approves this once, and nothing else. */
const ONCE = /^(?:yes(?:, (?:proceed|allow once))?|allow once)$/i;

/**
 * The answer to a dialog, by label: the person's own answers first, then the commands that they allow, then the default of a
 * known dialog. Log-ins, payments, secrets and whatever a deny list names are a person's, whatever the policy says; so is
 * every unknown dialog.
 */
export function answerFor(
  dialog: Dialog,
  answers: readonly KnownAnswer[],
  permissions?: Permissions,
): Answer {
  const text = `${dialog.title} ${dialog.body ?? ""}`;
  const known = knownById(dialog.id);
  if (known?.answer === "never") return askPerson(`${known.id} is a person's to answer`);
  if (SECRET_QUESTION.test(dialog.title))
    return askPerson("it asks for a secret or for trust in a host");
  if (isDenied(text)) return askPerson("it names something that is never answered automatically");
  const asked = permissions && dialog.command?.map((row) => approvalOf(row, permissions));
  if (asked?.includes("denied")) return askPerson("the command is on the deny list");
  const own = answers.find(({ question }) => text.toLowerCase().includes(question.toLowerCase()));
  if (own) return ownAnswer(dialog, own.answer);
  if (known === undefined) return askPerson("the question is not known");
  if (known.id === "tool-approval" && asked?.length === 1 && asked[0] === "allowed") {
    const once = dialog.options.find(({ label }) => ONCE.test(label));
    return once ? chosen(once) : askPerson("the dialog has no option for this once");
  }
  if (known.answer === "policy") return askPerson("the policy names no answer");
  const wanted = known.answer;
  const option = dialog.options.find(({ label }) => wanted.test(label));
  return option ? chosen(option) : askPerson("the dialog does not have the option that is known");
}

function ownAnswer(dialog: Dialog, answer: string): Answer {
  if (isDenied(answer)) return askPerson("the policy's answer is on the deny list");
  if (dialog.options.length === 0) return { kind: "type", text: answer };
  const wanted = answer.toLowerCase();
  const matches = dialog.options.filter(({ label }) => label.toLowerCase() === wanted);
  const near = dialog.options.filter(({ label }) => label.toLowerCase().startsWith(wanted));
  const option = matches[0] ?? (near.length === 1 ? near[0] : undefined);
  return option ? chosen(option) : askPerson(`it has no option ${JSON.stringify(answer)}`);
}

function chosen(option: DialogOption): Answer {
  if (isDenied(option.label)) return askPerson("the option is on the deny list");
  const { label, keys } = option;
  return { kind: "choose", label, ...(keys === undefined ? {} : { keys }) };
}

function knownDialog({ title, text, options }: DialogWords): KnownDialog | undefined {
  const has = (label: RegExp): boolean => options.some((option) => label.test(option.label));
  const approves = has(APPROVES);
  return KNOWN.find(
    ({ id, answer, ...known }) =>
      (typeof answer === "string" || !(approves || has(OWN_QUESTION))) &&
      ((id === "tool-approval" && approves) ||
        ((known.text?.test(text) ?? true) &&
          (known.title?.test(title) ?? true) &&
          (known.option === undefined || has(known.option)))),
  );
}

function knownById(id: string): KnownDialog | undefined {
  return KNOWN.find((known) => id.endsWith(`/${known.id}`));
}

const askPerson = (why: string): Answer => ({ kind: "ask-person", why });
