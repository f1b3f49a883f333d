// Serves dist/ on the loopback address: `node scripts/serve.ts [PORT]`. For a look at the page; any server of static
// files does the same.
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, extname, join } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".map": "application/json",
  ".txt": "text/plain; charset=utf-8",
};

/** A server of the files of one folder, and where it listens. */
export interface ServedFolder {
  readonly server: Server;
  /** `http://127.0.0.1:PORT/` */
  readonly origin: string;
}

/**
 * Serves the files of a folder, and more of them by name, on the loopback address.
 *
 * @param port 0: any that is free
 */
export async function serveFolder(
  folder: string,
  port = 0,
  more: Readonly<Record<string, string>> = {},
): Promise<ServedFolder> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "/").replace(/[?#].*/, ""));
    const name = path === "/" ? "index.html" : path.slice(1);
    const file = more[name] ?? join(folder, basename(name)); // one folder, without others in it
    if ((name.includes("/") && more[name] === undefined) || !existsSync(file)) {
      response.writeHead(404, { "content-type": "text/plain" }).end("not found");
      return;
    }
    response.writeHead(200, {
      "content-type": types[extname(name)] ?? "application/octet-stream",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    response.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

if (import.meta.main) {
  const { origin } = await serveFolder(join(import.meta.dirname, "../dist"), Number(process.argv[2] ?? 8080));
  console.log(`explorer: ${origin}`);
}
