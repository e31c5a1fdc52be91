import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface LogStorage {
  readonly url: string;
  close(): Promise<void>;
}

/** Where GitHub redirects to for a job's log: another server, by addresses that hold the right and refuse a token. */
export async function startLogStorage(
  logOf: (repository: string, job: number) => string | null,
): Promise<LogStorage> {
  const server = createServer(({ url = "", headers }, response) => {
    const [, name = "", job] = /^\/(.+)\/(\d+)\?signature=once$/.exec(url) ?? [];
    const log = logOf(name, Number(job));
    const status = headers.authorization !== undefined ? 401 : log === null ? 404 : 200;
    response.writeHead(status, { "content-type": "text/plain", etag: `"${job}"` });
    response.end(status === 200 ? log : "<Error/>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export const logAddress = (storageUrl: string, repository: string, job: number): string =>
  `${storageUrl}/${repository}/${job}?signature=once`;
