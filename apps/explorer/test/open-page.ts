import { rmSync } from "node:fs";
import { join } from "node:path";
import type { TestBrowser } from "@copse/testkit";
import { buildPage } from "../scripts/build.ts";
import { serveFolder } from "../scripts/serve.ts";

/** A file as it is handed to the page. */
export interface GivenFile {
  readonly name: string;
  readonly bytes: Uint8Array | string;
}

/** The built page in a browser, with what a test does to it. */
export type OpenPage = Awaited<ReturnType<typeof openPage>>;

/** Builds the page into a folder of this test run. */
export async function builtPage(): Promise<{ readonly folder: string; remove(): void }> {
  const folder = join(import.meta.dirname, `../.copse/page-${process.pid}`);
  await buildPage(folder);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/**
 * Opens the built page from a server on the loopback address, and notes every request that it makes, its workers' too.
 *
 * @param more files that the server gives beside the page's: name to path
 */
export async function openPage(
  browser: TestBrowser,
  folder: string,
  { query = "", more = {}, cores }: { query?: string; more?: Record<string, string>; cores?: number } = {},
) {
  const { server, origin } = await serveFolder(folder, 0, more);
  const page = await browser.open({ viewport: { width: 1000, height: 900 } });
  const requests: string[] = [];
  const errors: string[] = [];
  page.context().on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  if (cores !== undefined) {
    await page.addInitScript(`Object.defineProperty(navigator, "hardwareConcurrency", { value: ${cores} })`);
  }
  await page.goto(origin + query);
  const card = (name: string) =>
    page.getByRole("article").filter({ has: page.getByRole("heading", { name, exact: true }) });
  const give = async (...files: readonly GivenFile[]): Promise<void> => {
    const payload = files.map(({ name, bytes }) => ({
      name,
      mimeType: "application/octet-stream",
      buffer: Buffer.from(bytes),
    }));
    await page.getByLabel("Choose files").setInputFiles(payload);
  };
  return {
    page,
    origin,
    requests,
    errors,
    /** The newest card of a file. */
    card: (name: string) => card(name).first(),
    /** Chooses files as by hand, and does not wait. */
    give,
    /** Gives one file. @returns the text of its card at the end */
    async verify(name: string, bytes: Uint8Array | string): Promise<string> {
      const before = await card(name).count();
      await give({ name, bytes });
      await card(name).nth(before).waitFor();
      const found = card(name).first();
      await page.waitForFunction(() => document.querySelector("article[aria-busy=true]") === null);
      // biome-ignore lint/performance/useDomNodeTextContent: the text as it is seen, line by line
      return found.innerText();
    },
    /** Chooses a network by its manifest. */
    async choose(manifest: string): Promise<void> {
      await page
        .getByLabel("F3 manifest…")
        .setInputFiles({ name: "manifest.json", mimeType: "application/json", buffer: Buffer.from(manifest) });
      const { NetworkName: name } = JSON.parse(manifest) as { NetworkName: string };
      await page.getByText(`What is trusted: F3 of ${name} `).waitFor();
    },
    async close(): Promise<void> {
      await page.context().close();
      server.closeAllConnections();
      server.close();
    },
  };
}
