import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { chromiumFlags, findChromium } from "./chromium.ts";

/** What a page module gets: JSON values, and the addresses of the files that the test named. */
export type PageInput = Readonly<Record<string, unknown>>;

/** A page module: `export default` of this kind. What it returns must be JSON; bigints are for it to format. */
export type PageModule = (input: PageInput) => unknown;

/** What a page may be handed beside its input. */
export interface PageOptions {
  /** JSON values, handed to the page's function as they are. */
  readonly input?: PageInput;
  /** Files of this machine, by the input name under which the page finds the address to fetch them from. */
  readonly files?: Readonly<Record<string, string>>;
  /** Package export conditions beside `browser`; the source of the workspace unless told otherwise. */
  readonly conditions?: readonly string[];
  /** Modules that workers load: name in the input to the file. */
  readonly workers?: Readonly<Record<string, URL>>;
  /** How long the page may take. */
  readonly timeoutMs?: number;
}

/** A running browser: pages go in, results come out. */
export interface TestBrowser {
  readonly version: string;
  /**
   * Bundles a page module for browsers, loads it in a fresh page from a loopback server (a secure context, with
   * worker and crypto.subtle), runs its default export and returns what that returns. Any error of the page, also
   * one that it only logs as uncaught, is thrown here.
   */
  run<Result>(module: URL, options?: PageOptions): Promise<Result>;
  /** An empty page in a context of its own, for a site that is built: `page.context().close()` ends both. */
  open(options?: BrowserContextOptions): Promise<Page>;
  close(): Promise<void>;
}

/** Starts the browser; `undefined` where there is none. */
export async function launchBrowser(): Promise<TestBrowser | undefined> {
  const executablePath = findChromium();
  if (executablePath === undefined) return undefined;
  const browser = await chromium.launch({ executablePath, headless: true, args: [...chromiumFlags] });
  return {
    version: browser.version(),
    run: (module, options) => runPage(browser, module, options ?? {}),
    open: async (options) => (await browser.newContext(options)).newPage(),
    close: () => browser.close(),
  };
}

async function runPage<Result>(browser: Browser, module: URL, options: PageOptions): Promise<Result> {
  const conditions = options.conditions ?? ["@copse/source"];
  const served = new Map<string, { type: string; body: () => Uint8Array | string }>();
  const script = (path: string, code: string): void =>
    void served.set(path, { type: "text/javascript", body: () => code });
  script("/page.js", await bundleForBrowser(fileURLToPath(module), { conditions: [...conditions] }));
  const input: Record<string, unknown> = { ...options.input };
  for (const [name, worker] of Object.entries(options.workers ?? {})) {
    script(`/worker/${name}.js`, await bundleForBrowser(fileURLToPath(worker), { conditions: [...conditions] }));
    input[name] = `/worker/${name}.js`;
  }
  for (const [name, path] of Object.entries(options.files ?? {})) {
    const address = `/file/${name}/${basename(path)}`;
    served.set(address, { type: "application/octet-stream", body: () => readFileSync(path) });
    input[name] = address;
  }
  served.set("/", { type: "text/html; charset=utf-8", body: () => "<!doctype html><title>copse</title>" });

  const server = createServer((request, response) => {
    const found = served.get(decodeURIComponent((request.url ?? "/").replace(/\?.*/, "")));
    response.writeHead(found === undefined ? 404 : 200, { "content-type": found?.type ?? "text/plain" });
    response.end(found?.body());
  });
  const origin = await listen(server);
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const failed = new Promise<never>((_, reject) => {
      page.on("pageerror", (error) => reject(new Error(`the page failed: ${error.message}`, { cause: error })));
      page.on("crash", () => reject(new Error("the page crashed")));
    });
    failed.catch(() => {}); // an error after the result is the page's own business
    await page.goto(origin);
    // The text is made here so that no build step of the test runner rewrites the dynamic import.
    const call = `import("/page.js").then((module) => module.default(${JSON.stringify(input)}))`;
    const late = AbortSignal.timeout(options.timeoutMs ?? 60_000);
    const timedOut = new Promise<never>((_, reject) => {
      late.addEventListener("abort", () => reject(new Error("the page did not answer in time")), { once: true });
    });
    timedOut.catch(() => {});
    return (await Promise.race([page.evaluate(call), failed, timedOut])) as Result;
  } finally {
    await context.close();
    server.closeAllConnections();
    server.close();
  }
}

/**
 * One browser file of a module and all it imports. Fails where anything needs Node.js: a `node:` import is an error.
 */
export async function bundleForBrowser(file: string, options: BuildOptions = {}): Promise<string> {
  const made = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2024",
    sourcemap: "inline",
    logLevel: "silent",
    ...options,
  });
  return made.outputFiles?.[0]?.text ?? "";
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
