import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveCarFile } from "@copse/car/node";
import { messageBlocks } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import { cidOf } from "@copse/ipld";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type MintedChain, mintChain } from "../src/local/minted-chain.ts";
import { networkJson } from "../src/networks.ts";

const main = join(import.meta.dirname, "../src/main.ts");
const children = new Set<ChildProcess>();
let dir: string;
let networkFile: string;
let car: string;
let chain: MintedChain;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "copse-process-"));
  const mint = createMint({ seed: "process", miners: 2, name: "localnet-process" });
  chain = await mintChain(mint, 12, () => {}, new AbortController().signal);
  networkFile = join(dir, "network.json");
  writeFileSync(networkFile, networkJson(mint.network));
  car = join(dir, "chain.car");
  const blocks = chain.tipsets.flatMap(({ blocks: own }) =>
    own.flatMap(({ bytes, messages }) => [[cidOf(bytes), bytes] as const, ...messageBlocks(messages).blocks]),
  );
  const unique = new Map([...blocks, ...mint.genesis.state].map((entry) => [entry[0].join(), entry]));
  const head = chain.tipsets.at(-1)?.tipset.cids.map(({ bytes }) => bytes) ?? [];
  await saveCarFile(
    car,
    head,
    [...unique.values()].map(([cid, bytes]) => ({ cid, bytes })),
  );
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** `copse` in a process of its own. */
interface Running {
  readonly child: ChildProcess;
  event(name: string): Promise<Record<string, unknown>>;
  /** Resolves when stderr has said so. */
  talk(text: string): Promise<void>;
  readonly done: Promise<{
    readonly code: number | null;
    readonly events: readonly Record<string, unknown>[];
    readonly out: string;
    readonly err: string;
  }>;
}

function copse(args: readonly string[], environment: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, ["--conditions=@copse/source", main, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], HOME: dir, ...environment },
  });
  children.add(child);
  let out = "";
  let err = "";
  const events: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  let rest = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
    rest += chunk.toString();
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("{")) events.push(JSON.parse(line) as Record<string, unknown>);
    for (const look of waiting) look();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
    for (const look of waiting) look();
  });
  const done = new Promise<Awaited<Running["done"]>>((resolve) =>
    child.on("close", (code) => {
      children.delete(child);
      resolve({ code, events, out, err });
    }),
  );
  const until = <T>(what: string, find: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      void done.then(({ code }) => reject(new Error(`ended with ${code} before "${what}": ${out}${err}`)));
    });
  return {
    child,
    done,
    event: (name) => until(name, () => events.find(({ event }) => event === name)),
    talk: async (text) => void (await until(text, () => err.includes(text) || undefined)),
  };
}

const start = (name: string, ...more: string[]): string[] => [
  ...["node", "start", "--network", networkFile, "--repo", join(dir, name), "--no-bootstrap", "--json"],
  ...["--log-level", "silent", "--listen", "/ip4/127.0.0.1/tcp/0", ...more],
];

describe("a node in a process of its own", () => {
  it("listens, tells its status and metrics, and ends with 0 on SIGINT, its lock released", async () => {
    const repo = join(dir, "a");
    const node = copse(start("a", "--import", car, "--log-level", "info"));
    const imported = await node.event("assembled");
    expect(imported).toMatchObject({ toGenesis: true, tipsets: chain.tipsets.length, headers: chain.headers });
    const { peer } = await node.event("listening");
    await node.talk("status and metrics");
    expect(readFileSync(join(repo, "node.lock"), "utf8")).toBe(String(node.child.pid));

    const second = copse(start("a"));
    const [status, refused] = await Promise.all([
      statusOf(repo),
      second.done, // only one node runs on a repository
    ]);
    expect(status).toMatchObject({
      network: "localnet-process",
      peer,
      assembled: true,
      head: { height: chain.tipsets.at(-1)?.tipset.height },
      peers: [],
    });
    expect(refused.code).toBe(5);
    expect(refused.events.at(-1)).toMatchObject({ event: "error", code: "host/store-failed" });

    const { url } = JSON.parse(readFileSync(join(repo, "api.json"), "utf8")) as { url: string };
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^copse_chain_height_epochs\{what="head"\} \d+$/m);
    expect(metrics).toMatch(/^copse_sync_tipsets_total\{stage="headers"\} \d+$/m);
    for (const name of ["copse_network_dials_total", "copse_network_peers", "process_resident_memory_bytes"]) {
      expect(metrics).toContain(`# TYPE ${name} `);
    }

    node.child.kill("SIGINT");
    expect((await node.done).code).toBe(0);
    expect([existsSync(join(repo, "node.lock")), existsSync(join(repo, "api.json"))]).toEqual([false, false]);
    const after = await copse(["node", "status", "--repo", repo, "--json"]).done;
    expect(after.code).toBe(6);
  });

  it("ends with 130 when it is stopped in the middle of --once", async () => {
    const node = copse(
      start("b", "--once", "--peer", "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWJ9PgV8yyHRLuzs8RVeYLDUf9mEfjHSjMDybiBFBTJZTL"),
    );
    await node.event("listening");
    node.child.kill("SIGINT");
    const { code, events } = await node.done;
    expect(code).toBe(130);
    expect(events.some(({ event }) => event === "assembled")).toBe(false);
    expect(existsSync(join(dir, "b", "node.lock"))).toBe(false);
  });

  it("reads its environment and its configuration file, and prints no JSON unless asked to", async () => {
    const config = join(dir, "config.toml");
    writeFileSync(
      config,
      [
        `network = ${JSON.stringify(networkFile)}`,
        `repo = ${JSON.stringify(join(dir, "elsewhere"))}`,
        'logLevel = "silent"',
        "once = true",
        'messages = "none"',
      ].join("\n"),
    );
    const environment = { COPSE_CONFIG: config, COPSE_REPO: join(dir, "c"), COPSE_BOOTSTRAP: "false" };
    const run = await copse(["node", "start", "--import", car], environment).done;
    expect(run.err).toBe("");
    expect(run.out).toMatch(/imported \d+ blocks[\s\S]*assembled to genesis bafy/);
    expect(run.events).toEqual([]);
    expect(run.code).toBe(0);
    expect([existsSync(join(dir, "c", "repo.json")), existsSync(join(dir, "elsewhere"))]).toEqual([true, false]);

    rmSync(networkFile); // the repository knows its network
    const head = await copse(["chain", "head", "--json"], environment).done;
    expect(head.code).toBe(0);
    expect(JSON.parse(head.out)).toMatchObject({ Height: chain.tipsets.at(-1)?.tipset.height });
  });

  it("ends with 2 and one sentence when the environment makes no sense", async () => {
    const run = await copse(["node", "start"], { COPSE_TO: "high" }).done;
    expect(run).toMatchObject({ code: 2, out: "", err: 'copse: --to: "high" is not a whole number\n' });
  });
});

async function statusOf(repo: string): Promise<unknown> {
  const { code, out, err } = await copse(["node", "status", "--repo", repo, "--json"]).done;
  expect(code, out + err).toBe(0);
  return JSON.parse(out);
}
