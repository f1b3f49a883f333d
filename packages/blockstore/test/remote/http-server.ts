import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach } from "vitest";

/** A request as a test looks at it. */
export interface Seen {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
}

/** An HTTP server on this machine. */
export interface TestServer {
  readonly url: string;
  readonly seen: Seen[];
  /** Responses that the client has left before their end. */
  left: number;
}

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** Starts a server, stopped after the test. */
export async function startServer(answer: (path: string, response: ServerResponse) => void): Promise<TestServer> {
  const seen: Seen[] = [];
  const http = createServer((request, response) => {
    seen.push({ path: request.url ?? "", headers: request.headers });
    response.on("close", () => {
      if (!response.writableFinished) made.left++;
    });
    answer(request.url ?? "", response);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  closing.push(
    () =>
      new Promise((resolve) => {
        http.closeAllConnections();
        http.close(() => resolve());
      }),
  );
  const made: TestServer = { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, seen, left: 0 };
  return made;
}

/** Resolves once `holds`; the test's own timeout ends it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}
