import { describe, it } from "vitest";
import {
  describeAsyncStore,
  describeReadOnlyAsyncStore,
  describeReadOnlyStore,
  describeStore,
} from "../../src/compliance.ts";
import {
  createBlockCache,
  createOverlay,
  createTracker,
  createWriteBuffer,
  identityStoreOf,
  unionStoreOf,
  verifyingStoreOf,
} from "../../src/compose.ts";
import { type AsyncStore, createMemoryBlockstore, readOnlyStoreOf, type Store } from "../../src/index.ts";
import { holding, laterStore } from "./bases.ts";

/** Every composite, over one base. */
const composites: Readonly<Record<string, (base: AsyncStore) => AsyncStore>> = {
  overlay: (base) => createOverlay(base).blocks,
  "overlay that skips what is known": (base) => createOverlay(base, { skipKnown: true }).blocks,
  "write buffer": (base) => createWriteBuffer(base).blocks,
  "write buffer of 20 kB": (base) => createWriteBuffer(base, { maxBytes: 20_000 }).blocks,
  cache: (base) => createBlockCache(base, { maxBytes: 1 << 24, absent: { maxKeys: 1000 } }).blocks,
  "cache of 20 kB": (base) =>
    createBlockCache(base, { maxBytes: 20_000, absent: { maxKeys: 5 }, keepPuts: false }).blocks,
  tracker: (base) => createTracker(base, { record: "each" }).blocks,
  "identity store": (base) => identityStoreOf(base),
  "verifying store": (base) => verifyingStoreOf(base),
  union: (base) => unionStoreOf([base, holding([])], { writeTo: base }),
  "union of all, in parallel": (base) => unionStoreOf([base, laterStore()], { writeTo: "all", read: "parallel" }),
  "union that heals": (base) => unionStoreOf([holding([]), base], { writeTo: "all", heal: base }),
  "a stack of them": (base) =>
    createOverlay(
      createBlockCache(createWriteBuffer(verifyingStoreOf(base), { maxBytes: 50_000 }).blocks, { maxBytes: 100_000 })
        .blocks,
    ).blocks,
};

for (const [name, over] of Object.entries(composites)) {
  const verifies = name.includes("verifying") || name.includes("stack");
  if (!name.includes("parallel")) {
    describeStore(
      `${name} at once`,
      { verifies, open: () => over(createMemoryBlockstore()) as Store },
      { describe, it },
    );
  }
  describeAsyncStore(`${name} later`, { verifies, open: () => over(laterStore()) }, { describe, it });
}

for (const name of ["cache", "tracker", "verifying store"]) {
  const over = composites[name] as (base: AsyncStore) => AsyncStore;
  describeReadOnlyStore(
    `${name}, read-only`,
    { open: (blocks) => over(readOnlyStoreOf(holding(blocks))) as Store },
    { describe, it },
  );
}
describeReadOnlyStore(
  "union, read-only",
  { open: (blocks) => unionStoreOf([holding(blocks.slice(0, 20)), holding(blocks.slice(10))]) },
  { describe, it },
);
describeReadOnlyAsyncStore(
  "union later, read-only",
  { open: (blocks) => unionStoreOf([laterStore(holding(blocks.slice(0, 20))), holding(blocks.slice(10))]) },
  { describe, it },
);
