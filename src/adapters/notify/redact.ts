const SECRET_NAME = /TOKEN|SECRET|PASSWORD|PASSWD|_KEY$|CREDENTIAL/i;
/** Shorter values would black out ordinary words. */
const SECRET_LENGTH_MIN = 8;
const KNOWN_SHAPES =
  /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|sk-[\w-]{16,}|AKIA[0-9A-Z]{16}|xox[abprs]-[\w-]{10,})|(?<=Authorization:\s{0,4}(?:Bearer|Basic|token)\s)\S+|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;

/**
 * Takes secrets out of a text: the values of the user's secret variables, plain, base64 and URL-encoded, and everything
 * that has the shape of a token or a private key.
 */
export function createRedactor(
  env: Readonly<Record<string, string | undefined>>,
): (text: string) => string {
  const secrets = Object.entries(env)
    .flatMap(([name, value]) =>
      value && SECRET_NAME.test(name) && value.length >= SECRET_LENGTH_MIN ? [value] : [],
    )
    .flatMap((value) => [
      value,
      Buffer.from(value).toString("base64").replace(/=+$/, ""),
      encodeURIComponent(value),
    ])
    .toSorted((left, right) => right.length - left.length);
  return (text) => {
    let clean = text.replace(KNOWN_SHAPES, "[secret]");
    for (const secret of secrets) clean = clean.replaceAll(secret, "[secret]");
    return clean;
  };
}
