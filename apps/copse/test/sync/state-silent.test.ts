// States of peers, nine of ten of which take every want and keep silent. No time passes but the clock's.
import { createMemoryDatabase } from "@copse/blockstore";
import { openChainStore } from "@copse/chain";
import { cidOf } from "@copse/ipld";
import { type Bitswap, type BitswapNeeds, type BlockSource, startBitswap } from "@copse/network";
import { buildGenesisState } from "@copse/state";
import { expect, it } from "vitest";
import type { CopseNode } from "../../src/node-types.ts";
import { StateCache } from "../../src/sync/state-cache.ts";
import { type StateSource, stateSource } from "../../src/sync/state-source.ts";
import { nodeStates } from "../../src/sync-context.ts";

type Streams = BitswapNeeds["host"];
type StreamHandler = Parameters<Streams["handle"]>[1];
type Stream = Parameters<StreamHandler>[0];

const protocol = "/chain/ipfs/bitswap/1.2.0";
const signal = new AbortController().signal;

/** Hosts in memory, on a clock that stands still but while something is waited for. A name that nobody listens by keeps silent. */
class Wire {
  readonly sentTo: string[] = [];
  now = 1;
  readonly #listeners = new Map<string, StreamHandler>();
  #timers: { readonly at: number; readonly task: () => void }[] = [];

  bitswap(name: string, source?: BlockSource): Promise<Bitswap> {
    const clock = {
      now: () => this.now,
      unixNanoseconds: () => 0n,
      after: (delayMs: number, task: () => void) => {
        const timer = { at: this.now + delayMs, task };
        this.#timers.push(timer);
        return () => {
          this.#timers = this.#timers.filter((one) => one !== timer);
        };
      },
    };
    const host: Streams = {
      open: async (peer) => this.#stream(name, peer),
      handle: async (_, handler) => void this.#listeners.set(name, handler),
      unhandle: async () => {},
    };
    return startBitswap({ host, clock, ...(source && { source }) }, { totalMs: 10_000 }); // as a node has it
  }

  /** @returns how long the work took by the clock. Unit: ms */
  async until(work: Promise<unknown>): Promise<number> {
    const began = this.now;
    let isDone = false;
    const done = (): void => {
      isDone = true;
    };
    work.then(done, done);
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    for (await turn(); !isDone; await turn()) {
      const [next] = this.#timers.toSorted((a, b) => a.at - b.at);
      if (next === undefined) continue;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.now = next.at;
      next.task();
    }
    return this.now - began;
  }

  #stream(from: string, to: string): Stream {
    const send = (bytes: Uint8Array): void => {
      this.sentTo.push(to);
      queueMicrotask(() => this.#deliver(from, to, bytes));
    };
    return { protocol, writableNeedsDrain: false, send, close: async () => {} } as unknown as Stream;
  }

  #deliver(from: string, to: string, bytes: Uint8Array): void {
    const state = { protocol, status: "open", readableEnded: false, readBufferLength: 0, close: async () => {} };
    const stream = Object.assign(new EventTarget(), state);
    void this.#listeners.get(to)?.(stream as unknown as Stream, from);
    stream.dispatchEvent(Object.assign(new Event("message"), { data: { subarray: () => bytes } }));
    stream.dispatchEvent(new Event("end"));
  }
}

/** States that differ in a name, as those of a chain's tipsets do. */
const states = Array.from({ length: 8 }, (_, n) =>
  buildGenesisState({ networkName: `state ${n}`, miners: [], accounts: [] }),
);

async function setUp() {
  const wire = new Wire();
  const given = createMemoryDatabase();
  await given.commit({ blocks: states.flatMap(({ blocks }) => blocks) });
  await wire.bitswap("honest", given.blocks);
  const bitswap = await wire.bitswap("node");
  const peers = [...Array.from({ length: 9 }, (_, i) => `silent ${i}`), "honest"];
  const source = (): StateSource => {
    const database = createMemoryDatabase();
    const needs = { database, reader: database.blocks, bitswap, peers: () => peers, onlyLie: () => undefined };
    return stateSource({ ...needs, now: () => wire.now });
  };
  const store = await openChainStore(createMemoryDatabase(), { genesis: cidOf(Uint8Array.of(0x80)) });
  /** Opens every state; how long each took. */
  const open = async (): Promise<number[]> => {
    const cache = new StateCache(source(), store.reader);
    const took: number[] = [];
    for (const [n, { root }] of states.entries()) {
      const opening = cache.exact(root, n, { signal });
      took.push(await wire.until(opening));
      expect((await opening)?.tree.root).toEqual(root);
    }
    return took;
  };
  return { wire, open };
}

it("one peer that has them is enough, behind nine that keep silent, and each root another", async () => {
  const { wire, open } = await setUp();
  expect(await open()).toEqual([500, ...new Array<number>(states.length - 1).fill(0)]);
  wire.sentTo.length = 0;
  expect(await open()).toEqual(new Array<number>(states.length).fill(0)); // what else asks knows who answers
  expect(new Set(wire.sentTo)).toEqual(new Set(["honest", "node"]));
});

it("a state that nobody has costs its time once: then those known for their silence are not waited for", async () => {
  const wire = new Wire();
  await wire.bitswap("honest", { getSync: () => undefined });
  const bitswap = await wire.bitswap("node");
  const peers = [...Array.from({ length: 9 }, (_, i) => `silent ${i}`), "honest"];
  const database = createMemoryDatabase();
  const needs = { database, reader: database.blocks, bitswap, peers: () => peers, onlyLie: () => undefined };
  const source = stateSource({ ...needs, now: () => wire.now });
  const took: number[] = [];
  for (const { root } of states.slice(0, 3)) {
    const getting = source.getBytes(root.bytes);
    took.push(await wire.until(getting));
    expect(await getting).toBeUndefined();
    expect(source.isAbsent(root.bytes)).toBe(true);
  }
  expect(took[0]).toBe(10_000);
  for (const ms of took.slice(1)) expect(ms).toBeLessThanOrEqual(2_500);
});

it("a node asks in no order that a peer could choose by joining early", async () => {
  const database = createMemoryDatabase();
  const peers = Array.from({ length: 10 }, (_, i) => ({ peer: `peer ${i}` }));
  const orders: (readonly string[])[] = [];
  const session = (given: readonly string[]) => {
    orders.push(given);
    return { peers: given, get: async () => Uint8Array.of(0x41, orders.length) };
  };
  const node = {
    repo: { database },
    store: { reader: database.blocks },
    bitswap: { session },
    peers: { pool: {} },
    host: { peers: () => peers },
  };
  for (let i = 0; i < 50; i++) {
    await nodeStates(node as unknown as CopseNode).ahead.getBytes(cidOf(Uint8Array.of(0x42, i)));
  }
  expect(orders.every((order) => new Set(order).size === peers.length)).toBe(true);
  expect(new Set(orders.map(([first]) => first)).size).toBeGreaterThan(1);
});
