import { type ChildProcess, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Prepared actors are made once for all of these processes. */
const modules = join(tmpdir(), "copse-test-modules");

/** How long one document is waited for, in milliseconds: less than a test may take, so that its failure tells more. */
const patience = 100_000;

/** A document that a node prints. */
export type Told = Readonly<Record<string, unknown>>;

/** A lite node in a process of its own. */
export interface LiteProcess {
  readonly child: ChildProcess;
  /** What it has told so far. */
  readonly told: readonly Told[];
  /** Resolves with the first document that fits, of those told already or to come. */
  until(what: string, fits: (told: Told) => boolean): Promise<Told>;
  /** How it ended. */
  readonly done: Promise<{ readonly code: number | null; readonly told: readonly Told[]; readonly err: string }>;
}

/** Starts `copse node start` with these flags and no network but loopback. */
export const startLite = (...flags: readonly string[]): LiteProcess => startLiteIn({}, ...flags);

/** The same, with variables of its own. */
export function startLiteIn(environment: Readonly<Record<string, string>>, ...flags: readonly string[]): LiteProcess {
  const main = join(import.meta.dirname, "../../src/main.ts");
  const usual = ["--no-bootstrap", "--json", "--listen", "/ip4/127.0.0.1/tcp/0", "--log-level", "warn"];
  const child = spawn(process.execPath, ["--conditions=@copse/source", main, "node", "start", ...usual, ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, COPSE_MODULES_DIR: modules, ...environment },
  });
  const told: Told[] = [];
  const waiting = new Set<(document: Told) => void>();
  let rest = "";
  let err = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  child.stdout?.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (!line.startsWith("{")) continue;
      const document = JSON.parse(line) as Told;
      told.push(document);
      for (const listener of [...waiting]) listener(document);
    }
  });
  const done = new Promise<{ code: number | null; told: readonly Told[]; err: string }>((resolve) =>
    child.on("close", (code) => resolve({ code, told, err })),
  );
  return {
    child,
    told,
    done,
    until: (what, fits) =>
      new Promise((resolve, reject) => {
        const seen = told.find(fits);
        if (seen !== undefined) return resolve(seen);
        const fail = (how: string): void =>
          reject(new Error(`${how} before ${what}: ${JSON.stringify(told.slice(-8))} ${err}`));
        const timer = setTimeout(fail, patience, `nothing in ${patience} ms`);
        const listener = (document: Told): void => {
          if (!fits(document)) return;
          clearTimeout(timer);
          waiting.delete(listener);
          resolve(document);
        };
        waiting.add(listener);
        void done.then(({ code }) => {
          clearTimeout(timer);
          fail(`ended with ${code}`);
        });
      }),
  };
}
