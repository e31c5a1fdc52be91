/** Names of the environment by which programs find a proxy and its certificates. */
export const PROXY_ENVIRONMENT: readonly string[] = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "all_proxy",
  "no_proxy",
  "SSL_CERT_FILE",
  "NODE_EXTRA_CA_CERTS",
];

/** `--model M`, where a model is named. */
export const modelFlag = (model: string | undefined): string[] =>
  model === undefined ? [] : ["--model", model];
