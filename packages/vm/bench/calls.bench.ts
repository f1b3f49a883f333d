// What single steps cost, as CPU time of this thread: a message of the reference's overhead scenario (500 calls of
// pubkey_address, f099 to f099), an instance of each size of actor, a call of the host.

import { readFile } from "node:fs/promises";
import { installFastest } from "@copse/crypto/fastest";
import { actorsDir } from "@copse/testkit";
import { Address, AttoFil } from "@copse/types";
import { loadActors } from "../src/bundle/library.node.ts";
import { bundleReader } from "../src/conformance/actors.ts";
import { fakedProofs, vectorExterns } from "../src/conformance/faked.ts";
import { parseVector } from "../src/conformance/vector.ts";
import { VectorStore } from "../src/conformance/vector-store.ts";
import { Engine } from "../src/engine/engine.ts";
import { host } from "../src/engine/web-assembly.ts";
import { createMachine } from "../src/machine/create-machine.ts";
import type { Machine } from "../src/machine/machine.ts";

const version = 18;
const path = process.env["COPSE_BENCH_VECTOR"] ?? vectorOf(version);
const rounds = Number(process.env["COPSE_BENCH_ROUNDS"] ?? 20);

function vectorOf(networkVersion: number): string {
  return new URL(`../test/vectors/nv${networkVersion}/send-burnt-pubkey.json`, import.meta.url).pathname;
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function measure(id: string, times: number, run: () => void): void {
  for (let at = 0; at < times; at++) run();
  const from = threadMs();
  for (let at = 0; at < times; at++) run();
  console.log(`${id.padEnd(52)} ${(((threadMs() - from) * 1000) / times).toFixed(1).padStart(10)} us of CPU`);
}

await installFastest();
const vector = await parseVector(await readFile(path, "utf8"));
const bundle = await loadActors(actorsDir, vector.actors?.version ?? 10, vector.actors?.network ?? "mainnet");
const engine = new Engine();
const burnt = Address.id(99n);

function open(): Machine {
  return createMachine({
    ...vector,
    timestamp: BigInt(vector.timestamp),
    store: new VectorStore(vector.blocks, bundleReader([bundle])),
    externs: vectorExterns(vector),
    proofs: fakedProofs,
    engine,
  });
}

function pubkeyAddress(machine: Machine, nonce: bigint): void {
  const { receipt } = machine.execute(
    {
      version: 0,
      to: burnt,
      from: burnt,
      nonce,
      value: AttoFil.fromFil(0n),
      gasLimit: 5_000_000_000n,
      gasFeeCap: AttoFil.fromFil(0n),
      gasPremium: AttoFil.fromFil(0n),
      method: 2n,
      params: new Uint8Array(0),
    },
    { kind: "explicit", rawLength: 60 },
  );
  if (receipt.exitCode !== 0) throw new Error(`exit code ${receipt.exitCode}`);
}

for (let at = 0; at < 5; at++) fiveHundred(open());
let best = Number.POSITIVE_INFINITY;
let sum = 0;
for (let at = 0; at < rounds; at++) {
  const machine = open();
  const from = threadMs();
  fiveHundred(machine);
  const took = threadMs() - from;
  machine.flush();
  best = Math.min(best, took);
  sum += took;
}
function fiveHundred(machine: Machine): void {
  for (let nonce = 0n; nonce < 500n; nonce++) pubkeyAddress(machine, nonce);
}
console.log(
  `vm/overhead nv${vector.networkVersion}: 500 pubkey_address calls: best ${best.toFixed(1)} ms, mean ${(sum / rounds).toFixed(1)} ms of CPU (${((sum / rounds) * 2).toFixed(1)} us a message)`,
);

for (const name of ["account", "multisig", "storagepower", "storageminer"]) {
  const code = bundle.manifest.entries.find((entry) => entry.name === name)?.code;
  if (code === undefined) continue;
  const { module, shape } = engine.load(code, 3, bundleReader([bundle]));
  const imports: Record<string, Record<string, unknown>> = {};
  for (const { module: from, name: item } of shape.imports) {
    imports[from] ??= {};
    (imports[from] as Record<string, unknown>)[item] = () => 0;
  }
  measure(`vm/instance ${name}, ${shape.memory?.minPages} pages, ${shape.imports.length} imports`, 2000, () => {
    new host.Instance(module, imports);
  });
}
measure("vm/machine made and flushed, nothing executed", 500, () => void open().flush());
