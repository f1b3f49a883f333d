import type { LinkedTipset } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import { cidOf } from "@copse/ipld";
import { Address, type BlockHeader, encodeBlockHeader, TipsetKey } from "@copse/types";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { mintChain } from "../../src/local/minted-chain.ts";
import { MessageFetches } from "../../src/sync/message-fetches.ts";

const never = new AbortController().signal;
let template: BlockHeader;
beforeAll(async () => {
  const mint = createMint({ seed: "fetches", miners: 1, signatures: "none" });
  const chain = await mintChain(mint, 3, () => {}, never);
  template = chain.tipsets.at(-1)?.tipset.blocks[0] as BlockHeader;
});

/** A tipset of one block; `variant` tells blocks of one miner at one height apart. */
function tipset(miner: number, height: number, variant = 0): LinkedTipset {
  const header = encodeBlockHeader({ ...template, miner: Address.id(miner), height, timestamp: variant });
  const key = TipsetKey.fromBytes(cidOf(header));
  return { key, parents: TipsetKey.empty, height, headers: [header] } as unknown as LinkedTipset;
}

interface Running {
  readonly tipset: LinkedTipset;
  readonly end: () => void;
  readonly fail: (error: unknown) => void;
}
let running: Running[];
let fetches: MessageFetches;
let ended: number;
beforeEach(() => {
  running = [];
  ended = 0;
  fetches = new MessageFetches({
    check: (one, signal) =>
      new Promise((resolve, fail) => {
        running.push({ tipset: one, end: () => resolve({ counts: {} }), fail });
        signal.addEventListener("abort", () => fail(signal.reason), { once: true });
      }),
    onEnd: () => void ended++,
  });
});
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const begun = (): LinkedTipset[] => running.map((one) => one.tipset);

describe("MessageFetches", () => {
  it("fetches a few at once, and gives each back with what came of it", async () => {
    const all = Array.from({ length: 8 }, (_, i) => tipset(i + 1, 10));
    for (const one of all) expect(fetches.add(one)).toBeUndefined();
    fetches.start(9, never);
    expect(begun()).toEqual(all.slice(0, 6));
    running[0]?.end();
    const error = new Error("nobody has them");
    running[1]?.fail(error);
    await tick();
    expect(ended).toBe(2);
    expect(fetches.has((all[0] as LinkedTipset).key)).toBe(true); // until it is taken out
    expect(fetches.take()).toEqual([
      { tipset: all[0], blocks: [] },
      { tipset: all[1], error },
    ]);
    expect(fetches.has((all[0] as LinkedTipset).key)).toBe(false);
    expect(fetches.take()).toEqual([]);
    fetches.start(9, never);
    expect(begun()).toEqual(all);
  });

  it("has a miner's further blocks at a height come last, and leaves them few places", () => {
    const [one, two, three, four] = [1, 2, 3, 4].map((variant) => tipset(1, 10, variant)) as [
      LinkedTipset,
      LinkedTipset,
      LinkedTipset,
      LinkedTipset,
    ];
    for (const variant of [one, two, three, four]) fetches.add(variant);
    fetches.start(9, never);
    expect(begun()).toEqual([one, two, three]); // two of them late
    const other = tipset(2, 10);
    const next = tipset(1, 11);
    fetches.add(other);
    fetches.add(next);
    fetches.start(9, never);
    expect(begun().slice(3)).toEqual([next, other]); // the newest first
  });

  it("has what is below the head come after what is new", () => {
    for (const miner of [1, 2, 3]) fetches.add(tipset(miner, 5));
    const fresh = tipset(4, 10);
    fetches.add(fresh);
    fetches.start(9, never);
    expect(begun()).toHaveLength(3);
    expect(begun()[0]).toBe(fresh);
  });

  it("keeps so many of one miner's at one height, and what comes last gives way where there is no room", () => {
    const crowd = Array.from({ length: 17 }, (_, i) => tipset(1, 10, i));
    expect(crowd.map((one) => fetches.add(one)).filter((gone) => gone !== undefined)).toEqual([crowd[16]]);
    fetches.start(9, never);
    for (let i = 0; i < 240; i++) expect(fetches.add(tipset(2 + i, 11))).toBeUndefined();
    const gone = fetches.add(tipset(1000, 11));
    expect(gone?.height).toBe(10);
    expect(fetches.has((gone as LinkedTipset).key)).toBe(false);
  });

  it("begins again with what a signal ended", async () => {
    const one = tipset(1, 10);
    fetches.add(one);
    const over = new AbortController();
    fetches.start(9, over.signal);
    over.abort(new Error("following has ended"));
    await tick();
    expect(fetches.take()).toEqual([]);
    expect(fetches.has(one.key)).toBe(true);
    fetches.start(9, never);
    expect(begun()).toEqual([one, one]);
    running[1]?.end();
    await tick();
    expect(fetches.take()).toEqual([{ tipset: one, blocks: [] }]);
  });
});
