import { latin1 } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { exportF3Snapshot, importF3Snapshot } from "../../src/snapshot/index.ts";
import { type CertificateStore, openCertificateStore } from "../../src/store/index.ts";
import { formCheck, inPieces, snapshotOf, unsignedChain } from "../unsigned-chain.ts";
import { gathered, OpenStore } from "./kinds.ts";

const first = 1400; // a table is stored for 1440
const count = 150;
const main = unsignedChain(count, { first });
// The same decisions under other signatures, and other decisions.
const chains = [
  main,
  unsignedChain(count, { first, forkAt: 1e9, resignAt: first }),
  unsignedChain(count, { first, forkAt: 1e9, resignAt: 1450 }),
];
const forks = [first, 1430, 1500].map((forkAt) => ({ ...unsignedChain(count, { first, forkAt }), forkAt }));
const [initialPowerTable] = main.tables as [(typeof main.tables)[0]];
const root = { networkName: main.manifest.networkName, initialInstance: first, initialPowerTable };

/** A store, and what it must hold. */
class Run {
  readonly #random: () => number;
  readonly done: string[] = [];
  kv = new OpenStore();
  store!: CertificateStore;
  /** Bytes of the certificates, from the first on. */
  held: Uint8Array[] = [];

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  pick(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  async open(): Promise<void> {
    this.store = await openCertificateStore(this.kv, root);
  }

  /** Puts a run of certificates; what is stored already is passed over. */
  async put(): Promise<void> {
    const chain = this.#one(this.family);
    const from = this.pick(Math.min(this.held.length + 3, count));
    const to = Math.min(count, from + this.pick(40));
    this.done.push(`put ${from} ${to}`);
    const { accepted, error } = await this.store.put(chain.certificates.slice(from, to), formCheck());
    const next = this.held.length;
    if (from > next) expect([undefined, "f3/instance-wrong"]).toContain(error?.code);
    else {
      expect([accepted, error]).toEqual([to - from, undefined]);
      this.held.push(...chain.bytes.slice(next, Math.max(next, to)));
    }
  }

  /** Imports up to some instance: to its end, or it fails, is aborted, or killed at some write. */
  async import(): Promise<void> {
    const isFork = this.pick(5) === 0;
    const chain = this.#one(isFork ? [main, ...forks] : this.family);
    const length = 1 + this.pick(count);
    const way = ["whole", "whole", "fails", "aborts", "is killed", "is cut"][this.pick(6)] as string;
    const at = this.kv.writes + this.pick(6);
    this.done.push(`import ${length} ${isFork ? "of a fork " : ""}${way} at write ${at - this.kv.writes}`);
    const stop = new AbortController();
    let killed: OpenStore | undefined;
    this.kv.onBatch = (number) => {
      if (number !== at) return;
      if (way === "fails") throw new Error("full");
      if (way === "aborts") stop.abort(new Error("enough"));
      if (way !== "is killed") return;
      killed = new OpenStore();
      for (const [key, value] of this.kv.rows) killed.rows.set(key, value);
    };
    const bytes = snapshotOf(chain, first + length - 1);
    const source = inPieces(way === "is cut" ? bytes.subarray(0, -1 - this.pick(bytes.length - 1)) : bytes, 1000);
    const resumable = this.pick(2) === 0;
    const options = { manifest: main.manifest, check: formCheck(), batch: 16, signal: stop.signal, resumable };
    let failure: { code?: string; message: string } | undefined;
    try {
      await importF3Snapshot(source, this.store, options);
    } catch (error) {
      failure = error as typeof failure;
    }
    this.kv.onBatch = () => {};
    if (killed !== undefined) {
      this.kv = killed;
      await this.open();
      return; // before the batch that would have changed what it holds, or after it: the check tells
    }
    if (failure === undefined) {
      this.held.push(...chain.bytes.slice(this.held.length, length));
      return;
    }
    if (way === "is cut") expect(failure.code).toMatch(/^f3\/snapshot-|^f3\/base/);
    else if (failure.message !== "full" && failure.code !== "host/aborted") {
      expect([isFork, failure.code]).toEqual([true, "f3/snapshot-conflict"]);
    }
  }

  /** Looks at all of it, opened anew half of the time. */
  async check(): Promise<void> {
    if (this.pick(2) === 0) await this.open();
    const next = first + this.held.length;
    expect(this.store.latest?.instance).toBe(this.held.length === 0 ? undefined : next - 1);
    if (this.held.length > 0) {
      const chain = { ...main, bytes: this.held };
      expect(Buffer.compare(await gathered(exportF3Snapshot(this.store)), snapshotOf(chain))).toBe(0);
    }
    const tables = this.fork?.tables ?? main.tables;
    for (const instance of [next, first + this.pick(this.held.length + 1)]) {
      const { cid } = await this.store.powerTable(instance);
      expect(cid.toString()).toBe(tables[instance - first]?.cid.toString());
    }
    expect((await this.store.position()).nextInstance).toBe(next);
    if (this.kv.rows.has("/import")) return;
    // nothing is left of what was taken away
    const rows = [...this.kv.rows.keys()].filter((key) => key.includes("/certs/"));
    expect(rows.length).toBe(this.held.length);
  }

  /** The fork it is on, if it is. */
  get fork(): typeof main | undefined {
    return forks.find(({ bytes, forkAt }) => {
      const held = this.held[forkAt - first];
      return held !== undefined && Buffer.compare(held, bytes[forkAt - first] as Uint8Array) === 0;
    });
  }

  /** Chains that decide as the store does. */
  get family(): readonly (typeof main)[] {
    return this.fork === undefined ? chains : [this.fork];
  }

  #one(of: readonly (typeof main)[]): typeof main {
    return of[this.pick(of.length)] as typeof main;
  }
}

describe("a store under puts, imports, kills and failures", () => {
  for (let seed = 1; seed <= 12; seed++) {
    it(`holds what a list holds: ${seed}`, async () => {
      const run = new Run(seed);
      await run.open();
      for (let step = 0; step < 25; step++) {
        await (run.pick(3) === 0 ? run.put() : run.import());
        await run.check().catch((error: unknown) => {
          throw new Error(`${run.done.join("; ")}\n${[...run.kv.rows.keys()].length} rows`, { cause: error });
        });
      }
      expect(latin1(run.held[0] ?? new Uint8Array(1)).length).toBeGreaterThan(0);
    });
  }
});
