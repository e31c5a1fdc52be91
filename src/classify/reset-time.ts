import { fromIso, toIso } from "../manifest/time.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * When a limit ends, as Unix milliseconds, from the words of a screen: `11:31 AM`, `11:31`, `3pm (Europe/Berlin)`,
 * `Oct 7 at 3pm`, `Feb 12th, 2026 3:04 PM`, `14:08 on 7 Oct`, ISO 8601, `2h 5m`, `3 days 2 hours`, `120s`, or bare seconds.
 * A time of day is the next one after `nowMs`, or the one just over, in its named zone, else `utcOffsetMinutes` east of UTC. Undefined: not understood.
 */
export function resetTimeMs(
  text: string,
  nowMs: number,
  utcOffsetMinutes: number,
): number | undefined {
  const words = text.trim();
  return isoTime(words) ?? duration(words, nowMs) ?? timeOfDay(words, nowMs, utcOffsetMinutes);
}

function isoTime(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?(?:\.\d+)?)\s?(Z|[+-]\d\d:?\d\d)/.exec(
    text,
  );
  if (!match) return undefined;
  const zone = (match[3] ?? "Z").replace(/^([+-]\d\d)(\d\d)$/, "$1:$2");
  return known(`${match[1]}T${match[2]}${zone}`);
}

const UNIT_MS: Readonly<Record<string, number>> = { d: DAY_MS, h: HOUR_MS, m: MINUTE_MS, s: 1000 };

function duration(text: string, nowMs: number): number | undefined {
  const words = text
    .replace(/^in\s+/i, "")
    .replace(/\band\b|,/g, " ")
    .trim();
  const seconds = /^(\d+)(?:\.\d+)?$/.exec(words);
  if (seconds) return nowMs + Number(seconds[1]) * 1000;
  const parts =
    /^(?:\d+(?:\.\d+)?\s*(?:d(?:ays?)?|h(?:(?:ou)?rs?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?)\b\s*)+/i.exec(
      words,
    );
  if (!parts) return undefined;
  let ms = 0;
  for (const [, count, unit] of parts[0].matchAll(/(\d+(?:\.\d+)?)\s*([dhms])/gi)) {
    ms += Number(count) * (UNIT_MS[(unit ?? "").toLowerCase()] ?? 0);
  }
  return nowMs + Math.round(ms);
}

/** A time of day this little ago was meant for today: the screen was read late. */
const JUST_OVER_MS = 10 * MINUTE_MS;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

function timeOfDay(text: string, nowMs: number, utcOffsetMinutes: number): number | undefined {
  const clock =
    /(?:^|\s)(\d{1,2})(?::(\d\d))?\s?([ap])\.?m\b/i.exec(text) ??
    /(?:^|\s)(\d{1,2}):(\d\d)\b/.exec(text);
  if (!clock) return undefined;
  const half = clock[3]?.toLowerCase();
  const hour = (Number(clock[1]) % (half ? 12 : 24)) + (half === "p" ? 12 : 0);
  const minute = Number(clock[2] ?? 0);
  if (minute > 59) return undefined;
  const offsetMs = MINUTE_MS * (zoneOffsetMinutes(text, nowMs) ?? utcOffsetMinutes);
  const today = toIso(nowMs + offsetMs).slice(0, 10);
  const date = dateIn(text, today);
  const wallMs = known(`${date ?? today}T${two(hour)}:${two(minute)}:00Z`);
  if (wallMs === undefined) return undefined;
  const atMs = wallMs - offsetMs;
  const agoMs = nowMs - atMs;
  // The words leave the seconds out: a limit that ends within this minute is over with it.
  if (agoMs >= 0 && agoMs < MINUTE_MS) return atMs + MINUTE_MS;
  return date === undefined && agoMs >= JUST_OVER_MS ? atMs + DAY_MS : atMs;
}

/** `Oct 7`, `7 Oct`, `Feb 12th, 2026` as `YYYY-MM-DD`; without a year the one that is not long past. */
function dateIn(text: string, today: string): string | undefined {
  const name = `(${MONTHS.join("|")})[a-z]*\\.?`;
  const monthFirst = new RegExp(`${name} (\\d{1,2})(?:st|nd|rd|th)?(?:,? (\\d{4}))?`, "i").exec(
    text,
  );
  const dayFirst = new RegExp(`(\\d{1,2})(?:st|nd|rd|th)? ${name}(?:,? (\\d{4}))?`, "i").exec(text);
  const [month, day, year] = monthFirst
    ? [monthFirst[1], monthFirst[2], monthFirst[3]]
    : [dayFirst?.[2], dayFirst?.[1], dayFirst?.[3]];
  if (month === undefined || day === undefined) return undefined;
  const rest = `${two(MONTHS.indexOf(month.toLowerCase()) + 1)}-${two(Number(day))}`;
  if (year !== undefined) return `${year}-${rest}`;
  const thisYear = Number(today.slice(0, 4));
  return rest < today.slice(5) ? `${thisYear + 1}-${rest}` : `${thisYear}-${rest}`;
}

/** Minutes east of UTC of a zone in brackets, e.g. `(Europe/Berlin)`, `(UTC)`. */
function zoneOffsetMinutes(text: string, nowMs: number): number | undefined {
  const zone = /\(([A-Za-z]+(?:\/[A-Za-z_+-]+\d*)*)\)/.exec(text)?.[1];
  if (zone === undefined) return undefined;
  try {
    const parts = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      timeZoneName: "longOffset",
    }).formatToParts(nowMs);
    const name = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
    const offset = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(name);
    const minutes = Number(offset?.[2] ?? 0) * 60 + Number(offset?.[3] ?? 0);
    return offset?.[1] === "-" ? -minutes : minutes;
  } catch (error) {
    // Intl's only answer to a word that names no zone.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function known(iso: string): number | undefined {
  const valid = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d/.test(
    iso,
  );
  return valid ? fromIso(iso) : undefined;
}

const two = (count: number): string => String(count).padStart(2, "0");
