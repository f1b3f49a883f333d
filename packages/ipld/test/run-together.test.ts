import { HostFault } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import {
  CborWriter,
  type CidBytes,
  cidKey,
  cidOf,
  FetchBudget,
  type Fetching,
  links,
  runTogether,
} from "../src/index.ts";

/** A chain of blocks, each linking to the next; the last says a number. */
function chainOf(length: number, seed: number) {
  const blocks = new Map<string, Uint8Array>();
  let next = new CborWriter().array(1).uint(seed).finish();
  for (let i = 0; ; i++) {
    blocks.set(cidKey(cidOf(next)), next);
    if (i === length - 1) return { root: cidOf(next), blocks };
    next = new CborWriter().array(2).link(cidOf(next)).uint(i).finish();
  }
}

function* lengthOf(root: CidBytes): Fetching<number> {
  let length = 1;
  for (let [next] = links(yield root); next !== undefined; [next] = links(yield next)) length++;
  return length;
}

/** A store over some chains, and what was asked of it, a list for each turn. */
function storeOf(...chains: { blocks: Map<string, Uint8Array> }[]) {
  const blocks = new Map(chains.flatMap((chain) => [...chain.blocks]));
  const rounds: string[][] = [];
  let open: string[] | undefined;
  return {
    blocks,
    rounds,
    async getBytes(cid: CidBytes): Promise<Uint8Array | undefined> {
      if (open === undefined) {
        open = [];
        rounds.push(open);
        queueMicrotask(() => {
          open = undefined;
        });
      }
      open.push(cidKey(cid));
      return blocks.get(cidKey(cid));
    },
  };
}

describe("runTogether", () => {
  const [long, short] = [chainOf(7, 1), chainOf(3, 2)];

  it("takes as many rounds as the longest, and asks for each block once", async () => {
    const store = storeOf(long, short);
    const budget = new FetchBudget();
    const found = await runTogether([lengthOf(long.root), lengthOf(short.root), lengthOf(short.root)], store, {
      budget,
    });
    expect(found).toEqual([7, 3, 3].map((value) => ({ ok: true, value })));
    expect(store.rounds.map((round) => round.length)).toEqual([2, 2, 2, 1, 1, 1, 1]);
    expect(budget.spent).toMatchObject({ blocks: 10, rounds: 7 });
    expect(budget.spent.bytes).toBe(
      [...long.blocks, ...short.blocks].reduce((sum, [, block]) => sum + block.length, 0),
    );
  });

  it("takes blocks at hand without asking, and counts them for nothing", async () => {
    const store = storeOf(long, short);
    const held = { getSync: (cid: CidBytes) => long.blocks.get(cidKey(cid)) };
    const budget = new FetchBudget();
    const found = await runTogether([lengthOf(long.root), lengthOf(short.root)], store, { held, budget });
    expect(found.map((one) => one.ok && one.value)).toEqual([7, 3]);
    expect(budget.spent).toMatchObject({ blocks: 3, rounds: 3 });
    expect(await runTogether([lengthOf(long.root)], storeOf(), { held })).toEqual([{ ok: true, value: 7 }]);
    expect(await runTogether([], storeOf())).toEqual([]);
  });

  it("tells an algorithm of a block that is missing, which the others do not notice", async () => {
    function* catching(root: CidBytes): Fetching<string> {
      try {
        yield root;
      } catch {
        return "missing";
      }
      return "there";
    }
    const found = await runTogether([lengthOf(long.root), catching(long.root), lengthOf(short.root)], storeOf(short));
    expect(found).toMatchObject([
      { ok: false, error: { code: "host/block-missing" } },
      { ok: true, value: "missing" },
      { ok: true, value: 3 },
    ]);
  });

  it.each([
    [{ maxBlocks: 5 }, "blocks", 6],
    [{ maxRounds: 3 }, "rounds", 4],
    [{ maxBytes: 100 }, "bytes", undefined],
  ] as const)("keeps to a budget of %o", async (limits, what, wanted) => {
    const budget = new FetchBudget(limits);
    const store = storeOf(long, short);
    let ended = 0;
    function* watched(root: CidBytes): Fetching<number> {
      try {
        return yield* lengthOf(root);
      } finally {
        ended++;
      }
    }
    const run = runTogether([watched(long.root), watched(short.root)], store, { budget });
    const [limit] = Object.values(limits);
    await expect(run).rejects.toMatchObject({
      code: "fetch/over-budget",
      facts: { what, limit, ...(wanted === undefined ? {} : { wanted }) },
    });
    expect(ended).toBe(2);
    const { blocks, rounds } = budget.spent;
    expect(store.rounds.flat().length).toBe(blocks);
    expect(rounds).toBeLessThanOrEqual(limits === undefined ? 0 : 4);
  });

  it("shares a budget between runs", async () => {
    const budget = new FetchBudget({ maxBlocks: 9 });
    await runTogether([lengthOf(long.root)], storeOf(long), { budget });
    await expect(runTogether([lengthOf(short.root)], storeOf(short), { budget })).rejects.toMatchObject({
      code: "fetch/over-budget",
    });
    expect(budget.spent.blocks).toBe(9);
  });

  it("ends all where the store fails, or one is told to stop", async () => {
    const fault = new HostFault("host/store-failed", { operation: "get", reason: "disk" });
    const failing = { getBytes: () => Promise.reject(fault) };
    await expect(runTogether([lengthOf(long.root)], failing)).rejects.toBe(fault);
    const stop = new AbortController();
    stop.abort(new Error("enough"));
    const run = runTogether([lengthOf(long.root)], storeOf(long), { signal: stop.signal });
    await expect(run).rejects.toMatchObject({ code: "host/aborted" });
  });

  it("does not rely on CIDs staying as they are: an algorithm may hand out views", async () => {
    function* views(): Fetching<number> {
      const cid = long.root.slice();
      const block = yield cid;
      cid.fill(0);
      return block.length;
    }
    const found = await runTogether([views(), lengthOf(long.root)], storeOf(long));
    expect(found.every(({ ok }) => ok)).toBe(true);
  });
});
