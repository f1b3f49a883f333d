import { type CidBytes, cidKey } from "@copse/ipld";
import { seeded } from "@copse/testkit";
import { expect, it } from "vitest";
import { sampleBlock } from "../../src/compliance/rules.ts";
import {
  createBlockCache,
  createOverlay,
  createTracker,
  createWriteBuffer,
  identityStoreOf,
  isStore,
  unionStoreOf,
  verifyingStoreOf,
} from "../../src/compose.ts";
import type { AsyncStore, Store } from "../../src/index.ts";
import { holding, laterStore } from "./bases.ts";

const universe = 60;
const blocks = Array.from({ length: universe }, (_, n) => sampleBlock(n, 20 + 37 * (n % 30)));
const cidAt = (n: number): CidBytes => (blocks[n] as (typeof blocks)[0])[0];
const bytesAt = (n: number): Uint8Array => (blocks[n] as (typeof blocks)[0])[1];

type Pick = (limit: number) => number;
/** What may be done to a layer at any time without a difference to what is read. */
type Settle = () => unknown;

const layers: readonly ((base: AsyncStore, pick: Pick, settles: Settle[]) => AsyncStore)[] = [
  (base, pick, settles) => {
    const overlay = createOverlay(base, { skipKnown: pick(2) === 0 });
    settles.push(() => overlay.commit());
    if (isStore(base)) settles.push(() => createdSync(overlay.commitSync));
    return overlay.blocks;
  },
  (base, pick, settles) => {
    const buffer = createWriteBuffer(base, { maxBytes: 500 + pick(20_000) });
    settles.push(
      () => buffer.flush(),
      () => buffer.flushReachable(cidAt(pick(universe))),
    );
    if (isStore(base)) settles.push(() => createdSync(buffer.flushSync));
    return buffer.blocks;
  },
  (base, pick, settles) => {
    const absent = pick(2) === 0 ? { maxKeys: 1 + pick(20) } : undefined;
    const cache = createBlockCache(base, { maxBytes: 1000 + pick(30_000), keepPuts: pick(2) === 0, absent });
    settles.push(
      () => cache.forget(cidAt(pick(universe))),
      () => pick(3) === 0 && cache.clear(),
      () => expect(cache.stats().bytes).toBeLessThanOrEqual(31_000 + 20 * 200),
    );
    return cache.blocks;
  },
  (base) => createTracker(base, { record: "every" }).blocks,
  (base) => verifyingStoreOf(base),
  (base) => identityStoreOf(base),
  (base) => unionStoreOf([base, isStore(base) ? holding([]) : laterStore()], { writeTo: base }),
  (base) => unionStoreOf([holding([]) as AsyncStore, base], { writeTo: "all", heal: base }),
  (base) => unionStoreOf([base, laterStore()], { writeTo: "all", read: "parallel" }),
];

function createdSync(made: (() => unknown) | undefined): unknown {
  expect(made).toBeDefined();
  return made?.();
}

for (const kind of ["at once", "later"] as const) {
  for (let seed = 1; seed <= 60; seed++) {
    it(`a random stack agrees with a map, ${kind}, seed ${seed}`, async () => {
      const random = seeded(seed);
      const pick: Pick = (limit) => Math.floor(random() * limit);
      const settles: Settle[] = [];
      const start = Array.from({ length: pick(universe) }, () => pick(universe));
      const memory = holding(start.map((n) => [cidAt(n), bytesAt(n)]));
      // What is asked first may be answered last.
      const gate = async (): Promise<void> => {
        for (let left = pick(4); left >= 0; left--) await new Promise((resolve) => setImmediate(resolve));
      };
      let store: AsyncStore = kind === "at once" ? memory : laterStore(memory, gate);
      const usable = kind === "at once" ? layers.length - 1 : layers.length;
      for (let depth = 1 + pick(5); depth > 0; depth--) {
        store = (layers[pick(usable)] as (typeof layers)[0])(store, pick, settles);
      }
      expect(isStore(store)).toBe(kind === "at once");
      const model = new Set(start);
      const top = createOverlay(store);
      const reverts = pick(2) === 0;
      const subject = reverts ? (top.blocks as AsyncStore) : store;
      let kept = new Set(model);

      for (let step = 0; step < 80; step++) {
        if (isStore(subject) && pick(2) === 0) actAtOnce(subject, model, pick);
        else await actTogether(subject, model, pick, settles);
        const settle = settles[pick(settles.length * 3)];
        if (settle !== undefined) await settle();
        if (reverts && pick(20) === 0) {
          if (pick(2) === 0) {
            await top.commit();
            kept = new Set(model);
          } else {
            top.discard();
            model.clear();
            for (const n of kept) model.add(n);
          }
        }
        if (step % 16 === 0) await compare(subject, model);
      }
      await compare(subject, model);
    });
  }
}

function actAtOnce(store: Store, model: Set<number>, pick: Pick): void {
  const some = Array.from({ length: 1 + pick(8) }, () => pick(universe));
  const kind = pick(4);
  if (kind < 2) {
    store.putManySync(some.map((n) => [cidAt(n), bytesAt(n)]));
    for (const n of some) model.add(n);
  } else if (kind === 2) {
    store.deleteManySync(some.map(cidAt));
    for (const n of some) model.delete(n);
  }
  for (const n of some) expect(store.getSync(cidAt(n))).toEqual(model.has(n) ? bytesAt(n) : undefined);
}

/** Several operations at the same time, each on blocks of its own; and sometimes a flush beside them. */
async function actTogether(
  store: AsyncStore,
  model: Set<number>,
  pick: Pick,
  settles: readonly Settle[],
): Promise<void> {
  const lanes = 1 + pick(5);
  const after: (() => void)[] = [];
  const work = Array.from({ length: lanes }, async (_, lane) => {
    const some = Array.from({ length: 1 + pick(6) }, () => pick(Math.floor(universe / lanes)) * lanes + lane);
    switch (pick(5)) {
      case 0:
      case 1:
        after.push(() => {
          for (const n of some) model.add(n);
        });
        return store.putManyBytes(some.map((n) => [cidAt(n), bytesAt(n)]));
      case 2:
        after.push(() => {
          for (const n of some) model.delete(n);
        });
        return store.deleteManyBytes(some.map(cidAt));
      case 3:
        return expect(await store.getManyBytes(some.map(cidAt))).toEqual(
          some.map((n) => (model.has(n) ? bytesAt(n) : undefined)),
        );
      default:
        for (const n of some) expect(await store.getBytes(cidAt(n))).toEqual(model.has(n) ? bytesAt(n) : undefined);
        for (const n of some) expect(await store.hasBytes(cidAt(n))).toBe(model.has(n));
    }
  });
  const settle = settles[pick(settles.length * 2)];
  if (settle !== undefined) work.push((async () => void (await settle()))());
  await Promise.all(work);
  for (const done of after) done();
}

async function compare(store: AsyncStore, model: ReadonlySet<number>): Promise<void> {
  const expected = Array.from({ length: universe }, (_, n) => (model.has(n) ? bytesAt(n) : undefined));
  expect(await store.getManyBytes(blocks.map(([cid]) => cid))).toEqual(expected);
  if (isStore(store)) expect(blocks.map(([cid]) => store.getSync(cid))).toEqual(expected);
  const listed: string[] = [];
  for await (const [cid] of store.entries()) listed.push(cidKey(cid));
  expect(listed.sort()).toEqual(Array.from(model, (n) => cidKey(cidAt(n))).sort());
}
