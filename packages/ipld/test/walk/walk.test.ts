import { fromHex, toHex } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { type CidBytes, cidOf, links, makeCid, readCid, runAsync, runSync, toCid } from "../../src/index.ts";
import {
  CidSet,
  DagWalk,
  everyBlockPolicy,
  lotusPolicy,
  progressEvery,
  type WalkRunOptions,
  walkAsync,
  walkDag,
  walkSync,
} from "../../src/walk/index.ts";
import { codeOf, codeOfAsync, createTestStore, type TestStore } from "./blocks.ts";

/** The rule written down as recursion: what every driver must give. */
function expected(store: TestStore, root: CidBytes, seen: Set<string> = new Set()): string[] {
  const { codec, hash } = readCid(root);
  if (hash === 0 || (codec !== 0x71 && codec !== 0x55) || seen.has(toHex(root))) return [];
  seen.add(toHex(root));
  const block = store.blocks.get(String.fromCharCode(...root)) as Uint8Array;
  const below = codec === 0x71 ? links(block).flatMap((link) => expected(store, link, seen)) : [];
  return [toHex(root), ...below];
}

/** A DAG of `count` blocks, each linking to some before it, some twice, some raw. */
function randomDag(store: TestStore, count: number, seed: number): CidBytes {
  const random = seeded(seed);
  const made: CidBytes[] = [];
  for (let i = 0; i < count; i++) {
    const to = Array.from({ length: Math.floor(random() * 6) }, () => made[Math.floor(random() * made.length)]);
    const cids = to.filter((cid) => cid !== undefined).map(toCid);
    const inline = toCid(makeCid(Uint8Array.of(i), { codec: 0x55, hash: 0 }));
    if (random() < 0.1) made.push(store.raw(Uint8Array.of(i, i >> 8)));
    else made.push(store.value([i, cids.slice(0, 2), inline, { x: cids.slice(2) }]));
  }
  return store.value([made.slice(-3).map(toCid)]);
}

const given = (store: TestStore, root: CidBytes, options?: WalkRunOptions): string[] =>
  [...walkSync(root, store, options)].map(({ cid }) => toHex(cid));

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe("walks", () => {
  it("all drivers give random DAGs in the order of the rule", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const store = createTestStore();
      const root = randomDag(store, 60, seed);
      const order = expected(store, root);
      expect(given(store, root)).toEqual(order);
      const called: string[] = [];
      runSync(
        walkDag(root, (cid) => called.push(toHex(cid))),
        store,
      );
      expect(called).toEqual(order);
      called.length = 0;
      const counts = await runAsync(
        walkDag(root, (cid) => called.push(toHex(cid))),
        store,
      );
      expect(called).toEqual(order);
      for (const concurrency of [1, 2, 7, 64]) {
        const later: string[] = [];
        store.asked.length = 0;
        for await (const { cid } of walkAsync(root, store, { concurrency })) later.push(toHex(cid));
        expect(later).toEqual(order);
        expect(store.asked.length).toBe(order.length); // nothing is asked for twice or in vain
      }
      expect(counts.blocks).toBe(order.length);
    }
  });

  it("tell how deep a block is, and what was done", () => {
    const store = createTestStore();
    const leaf = store.value(1);
    const root = store.value([toCid(store.value([toCid(leaf)])), toCid(leaf), toCid(makeCid(leaf, { hash: 0 }))]);
    const walk = walkSync(root, store);
    const steps = [walk.next(), walk.next(), walk.next(), walk.next()];
    expect(steps.slice(0, 3).map((step) => (step.value as { depth: number }).depth)).toEqual([0, 1, 2]);
    expect(steps[3]).toMatchObject({ done: true, value: { blocks: 3, missing: 0, skipped: 1 } });
  });

  it("start from several roots, over a set that others have filled", () => {
    const store = createTestStore();
    const [one, two] = [store.value([1]), store.value([2])];
    const both = store.value([toCid(two), toCid(one)]);
    expect([...walkSync([both, one], store)].map(({ cid }) => toHex(cid))).toEqual([both, two, one].map(toHex));
    const seen = new CidSet();
    seen.add(two);
    expect(given(store, both, { seen })).toEqual([both, one].map(toHex));
    expect(seen.size).toBe(3);
    expect(codeOf(() => [...walkSync(Uint8Array.of(1, 2), store)])).toBe("cid/malformed");
  });

  it("a missing block ends them, or is told of and left out", async () => {
    const store = createTestStore();
    const absent = cidOf(Uint8Array.of(9));
    const root = store.value([toCid(absent), toCid(store.value([1])), toCid(absent)]);
    expect(codeOf(() => given(store, root))).toBe("host/block-missing");
    expect(
      codeOf(() =>
        runSync(
          walkDag(root, () => {}),
          store,
        ),
      ),
    ).toBe("host/block-missing");
    expect(await codeOfAsync(() => collect(walkAsync(root, store)))).toBe("host/block-missing");

    const told: string[] = [];
    const onMissing = (cid: CidBytes, depth: number): void => void told.push(`${toHex(cid)} ${depth}`);
    const options = { missing: "skip", onMissing } as const;
    expect(given(store, root, options)).toHaveLength(2);
    expect(
      runSync(
        walkDag(root, () => {}, options),
        store,
      ),
    ).toMatchObject({ blocks: 2, missing: 1 });
    expect(await collect(walkAsync(root, store, options))).toHaveLength(2);
    expect(told).toEqual(Array.from({ length: 3 }, () => `${toHex(absent)} 1`));
  });

  it("what is skipped, given and looked into is up to the policy", () => {
    const store = createTestStore();
    const leaf = store.value([1]);
    const plain = store.raw(fromHex("8101"), 0x51);
    const other = store.raw(fromHex("0801"), 0x70);
    const inline = makeCid(fromHex(`81d82a582700${toHex(leaf)}`), { hash: 0 });
    const commitment = makeCid(new Uint8Array(32), { codec: 0xf101 });
    const root = store.value([plain, other, inline, commitment].map(toCid));
    expect(given(store, root)).toEqual([root].map(toHex));
    expect(given(store, root, { policy: lotusPolicy })).toEqual([root, plain, leaf].map(toHex));
    expect(given(store, root, { policy: everyBlockPolicy })).toEqual([root, plain, other, inline, leaf].map(toHex));
  });

  it("are bounded in blocks, bytes, depth, links and nesting", () => {
    const store = createTestStore();
    const leaf = store.value([[1, 2, 3]]);
    const root = store.value([toCid(store.value([toCid(leaf)])), toCid(store.value([0])), toCid(store.value([1]))]);
    const at = (limits: WalkRunOptions["limits"]): string => codeOf(() => given(store, root, { limits }));
    expect(at({})).toBe("accepted");
    expect(at({ maxBlocks: 4 })).toBe("walk/too-many-blocks");
    expect(at({ maxBlocks: 5 })).toBe("accepted");
    expect(at({ maxBytes: 100 })).toBe("walk/too-many-bytes");
    expect(at({ maxBlockBytes: 100 })).toBe("walk/block-too-large");
    expect(at({ maxDepth: 1 })).toBe("walk/too-deep");
    expect(at({ maxDepth: 2 })).toBe("accepted");
    expect(at({ maxLinks: 2 })).toBe("walk/block-malformed");
    expect(at({ maxNesting: 1 })).toBe("walk/block-malformed");
  });

  it("a block that cannot be looked into is named", () => {
    const store = createTestStore();
    const root = store.value([toCid(store.raw(fromHex("82"), 0x71))]);
    expect(codeOf(() => given(store, root))).toBe("walk/block-malformed");
    const odd = store.raw(fromHex("c101"), 0x71);
    expect(codeOf(() => given(store, odd))).toBe("accepted");
    expect(codeOf(() => given(store, odd, { form: "strict" }))).toBe("walk/block-malformed");
  });

  it("tell how far they are, and end when they are told to", async () => {
    const store = createTestStore();
    const root = store.value(Array.from({ length: progressEvery * 3 }, (_, i) => toCid(store.value(i))));
    const stop = new AbortController();
    const told: number[] = [];
    const options: WalkRunOptions = {
      signal: stop.signal,
      onProgress({ blocks }) {
        told.push(blocks);
        if (blocks > progressEvery) stop.abort(new Error("enough"));
      },
    };
    expect(codeOf(() => given(store, root, options))).toBe("host/aborted");
    expect(told).toEqual([progressEvery, 2 * progressEvery]);
    expect(
      codeOf(() =>
        runSync(
          walkDag(root, () => {}, options),
          store,
        ),
      ),
    ).toBe("host/aborted");
    expect(await codeOfAsync(() => collect(walkAsync(root, store, options)))).toBe("host/aborted");
  });

  it("a loop that is left ends what is in flight, and a store's failure comes in its turn", async () => {
    const store = createTestStore();
    const root = store.value(Array.from({ length: 50 }, (_, i) => toCid(store.value(i))));
    const signals = new Set<AbortSignal>();
    let most = 0;
    let open = 0;
    const slow = {
      async getBytes(cid: CidBytes, options: { signal?: AbortSignal | undefined } = {}) {
        if (options.signal !== undefined) signals.add(options.signal);
        most = Math.max(most, ++open);
        await new Promise((resolve) => setImmediate(resolve));
        open--;
        if (store.asked.length === 20) throw new TypeError("the disk is gone");
        return store.getSync(cid);
      },
    };
    let count = 0;
    for await (const _ of walkAsync(root, slow, { concurrency: 6 })) if (++count === 10) break;
    expect(most).toBeLessThanOrEqual(6);
    expect(most).toBeGreaterThan(3);
    expect([...signals].every((signal) => signal.aborted)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 5));
    store.asked.length = 0;
    const got: unknown[] = [];
    await expect(async () => {
      for await (const block of walkAsync(root, slow, { concurrency: 6 })) got.push(block);
    }).rejects.toThrow("the disk is gone");
    expect(got).toHaveLength(20);
  });

  it("what waits beside the way down does not keep the blocks below from being asked for together", async () => {
    const store = createTestStore();
    let leaves = 0;
    const tree = (depth: number): CidBytes =>
      depth === 0 ? store.value(leaves++) : store.value(Array.from({ length: 8 }, () => toCid(tree(depth - 1))));
    const root = tree(3); // 585 blocks
    for (const [concurrency, turns, maxAhead] of [
      [8, 80, undefined],
      [8, 110, 16],
      [2, 305, undefined],
    ] as const) {
      let turn = 0;
      let open = 0;
      let most = 0;
      let waiting: (() => void)[] = [];
      const slow = {
        async getBytes(cid: CidBytes) {
          most = Math.max(most, ++open);
          // all that was asked for in one turn comes together
          if (waiting.length === 0) {
            setImmediate(() => {
              turn++;
              const all = waiting;
              waiting = [];
              for (const go of all) go();
            });
          }
          await new Promise<void>((resolve) => waiting.push(resolve));
          open--;
          return store.getSync(cid);
        },
      };
      expect(await collect(walkAsync(root, slow, { concurrency, maxAhead }))).toHaveLength(585);
      expect(most).toBeLessThanOrEqual(concurrency);
      expect(turn).toBeLessThan(turns);
    }
  });

  it("go on where others were, also with a block that was asked for and not answered", () => {
    const store = createTestStore();
    const root = randomDag(store, 60, 3);
    const order = expected(store, root);
    const give = (walk: DagWalk, cid: CidBytes): string[] =>
      walk.give(store.getSync(cid) as Uint8Array) ? [toHex(cid)] : [];
    for (const isAsked of [false, true]) {
      for (let stop = 0; stop <= order.length; stop++) {
        const seen = new CidSet();
        const first = new DagWalk([root, root], { seen });
        const given: string[] = [];
        for (let i = 0; i < stop; i++) given.push(...give(first, first.next() as CidBytes));
        if (isAsked) first.next();
        const from = structuredClone(first.place);
        const second = new DagWalk([root, root], { seen, from });
        if (from.path.length > 0) expect(second.place).toEqual(from);
        for (let cid = second.next(); cid !== undefined; cid = second.next()) given.push(...give(second, cid));
        expect(given).toEqual(order);
      }
    }
    const start = { path: [{ links: 2 }], isAsked: false };
    expect(codeOf(() => new DagWalk(root, { from: start }))).toBe("walk/place-malformed");
    const lost = { path: [{ links: 1 }, { cid: root, links: 9 }], isAsked: false };
    expect(codeOf(() => given(store, root, { from: lost }))).toBe("walk/place-malformed");
    const leaf = { path: [{ links: 1 }, { cid: store.value(1), links: 0 }], isAsked: false };
    expect(codeOf(() => given(store, root, { from: leaf }))).toBe("walk/place-malformed");
  });

  it("DagWalk asks for the same block until it is answered, and knows what comes next", () => {
    const store = createTestStore();
    const cids = Array.from({ length: 4 }, (_, i) => store.value([i]));
    const root = store.value([
      [cids[0], cids[1], cids[0]].map((cid) => toCid(cid as CidBytes)),
      cids.slice(2).map(toCid),
    ]);
    const walk = new DagWalk(root);
    expect(walk.ahead(3)).toEqual([root]);
    expect(walk.next()).toEqual(root);
    expect(walk.next()).toEqual(root);
    expect(walk.give(store.getSync(root) as Uint8Array)).toBe(true);
    expect(walk.next()).toEqual(cids[0]);
    expect(walk.ahead(3)).toEqual([cids[0], cids[1], cids[2]]);
    expect(walk.ahead(10)).toEqual(cids);
  });
});
