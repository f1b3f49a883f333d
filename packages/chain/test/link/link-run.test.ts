import { describeData } from "@copse/testkit";
import { mainnet, TipsetKey } from "@copse/types";
import { describe, expect, it } from "vitest";
import { linkRules } from "../../src/link/link-rules.ts";
import { guessBelow, linkRun, targetBelow } from "../../src/link/link-run.ts";
import {
  downFrom,
  fakeChain,
  fakeGenesis,
  fakeHeader,
  fakeRules,
  fakeTipset,
  tipsetOf,
} from "../fixtures/fake-chain.ts";
import { readRealChain, realChainFile } from "../fixtures/real-chain.ts";

describeData("the real chain of 40 epochs", [realChainFile], () => {
  const real = readRealChain();
  const rules = linkRules(mainnet);

  it("links to genesis, with log2 of power 49 everywhere", () => {
    const run = linkRun({ key: real.head }, real.tipsets, rules);
    expect(run.fault).toBeUndefined();
    expect(run.reachedGenesis).toBe(true);
    expect(run.linked.length).toBe(33);
    expect(run.linked.flatMap((tipset) => tipset.headers).length).toBe(49);
    expect(run.linked.map((tipset) => tipset.log2Power)).toEqual([-1, ...Array(32).fill(49)]);
    expect(run.linked[0]?.height).toBe(39);
    expect(run.next.key.length).toBe(0);
  });

  it("goes on in the next window where the last one ended", () => {
    const top = linkRun({ key: real.head }, real.tipsets.slice(0, 10), rules);
    expect(guessBelow(real.tipsets[9]?.headers ?? [])?.key).toEqual(top.next.key);
    const below = linkRun(top.next, real.tipsets.slice(10), rules);
    expect(below.reachedGenesis).toBe(true);
    expect(below.linked.every((tipset) => tipset.log2Power === 49)).toBe(true);
    expect(targetBelow(top.linked.at(-1) as never)).toEqual(top.next);
  });

  it("names the block of any flipped bit", () => {
    let flips = 0;
    for (const [t, { headers }] of real.tipsets.entries()) {
      for (const [b, header] of headers.entries()) {
        const key = t === 0 ? real.head : linkRun({ key: real.head }, real.tipsets.slice(0, t), rules).next.key;
        const cid = TipsetKey.cids(key)[b]?.toString();
        // every 61st bit: a hash tells them all alike
        for (let bit = (t * 7 + b) % 61; bit < header.length * 8; bit += 61 * 8 + 1) {
          const bad = header.slice();
          bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7));
          const damaged = real.tipsets.map((tipset, i) =>
            i === t ? { headers: headers.map((it, j) => (j === b ? bad : it)) } : tipset,
          );
          const run = linkRun({ key: real.head }, damaged, rules);
          expect(run.fault?.code).toBe("chain/hash-mismatch");
          expect(run.fault?.facts).toMatchObject({ block: cid });
          expect(run.linked.length).toBe(t);
          flips++;
        }
      }
    }
    expect(flips).toBeGreaterThan(500);
  });
});

describe("linkRun", () => {
  const chain = fakeChain(fakeGenesis, 20, (height) => (height % 7 === 3 ? [] : height % 3 === 0 ? [1, 2, 3] : [1]));
  const head = chain.at(-1) ?? fakeGenesis;
  const window = downFrom(head);
  const fault = (target: Parameters<typeof linkRun>[0], tipsets: Parameters<typeof linkRun>[1], rules = fakeRules) =>
    linkRun(target, tipsets, rules).fault?.code;

  it("links a chain with null rounds", () => {
    const run = linkRun({ key: head.key }, window, fakeRules);
    expect(run.fault).toBeUndefined();
    expect(run.reachedGenesis).toBe(true);
    expect(run.linked.map((tipset) => tipset.height)).toEqual(window.map((tipset) => tipset.height));
  });

  it("is plain data that crosses threads", () => {
    const run = linkRun({ key: head.key }, window, { ...fakeRules, genesisTime: 1 });
    expect(structuredClone(run)).toEqual(run);
    expect(run.fault?.message).toContain("timestamp");
  });

  it("keeps the tipsets above a fault", () => {
    const run = linkRun({ key: head.key }, [...window.slice(0, 5), ...window.slice(6)], fakeRules);
    expect(run.linked.length).toBe(5);
    expect(run.fault?.code).toMatch(/hash-mismatch|block-count-wrong/);
    expect(run.next.key).toEqual(window[5]?.key);
  });

  it("refuses what breaks a rule", () => {
    const one = fakeTipset(fakeGenesis, 1, [1]);
    const three = fakeTipset(one, 3, [4, 5, 6]);
    const target = { key: three.key };
    expect(fault(target, [{ headers: three.headers.slice(1) }])).toBe("chain/block-count-wrong");
    expect(fault(target, [{ headers: three.headers.toReversed() }])).toBe("chain/order-wrong");
    expect(fault({ key: TipsetKey.empty }, [one])).toBe("chain/key-malformed");
    expect(fault({ key: three.key.subarray(1) as TipsetKey }, [three])).toBe("chain/key-malformed");
    expect(fault(target, [three], { ...fakeRules, blockDelay: 31 })).toBe("chain/timestamp-wrong");
    expect(fault(target, [three, one, fakeGenesis], { ...fakeRules, genesis: one.key })).toBe("chain/genesis-wrong");
    const child = { height: 4, parentWeight: 20n, log2Power: 49 };
    expect(fault({ key: three.key, child }, [three])).toBe("chain/weight-wrong");
    expect(fault({ key: three.key, child: { ...child, height: 3 } }, [three])).toBe("chain/height-not-falling");
  });

  it("refuses blocks in one tipset that do not belong together", () => {
    const one = fakeTipset(fakeGenesis, 1, [1]);
    const two = fakeTipset(fakeGenesis, 1, [2]);
    const twice = tipsetOf(one, 2, [fakeHeader(one, 2, 1), fakeHeader(one, 2, 1, 1, "again")], 2);
    expect(fault({ key: twice.key }, [twice])).toBe("chain/miner-repeated");
    const mixed = tipsetOf(one, 2, [fakeHeader(one, 2, 1), fakeHeader(two, 2, 2)], 2);
    expect(linkRun({ key: mixed.key }, [mixed], fakeRules).fault).toMatchObject({
      code: "chain/blocks-differ",
      facts: { field: "parents" },
    });
    const heights = tipsetOf(one, 2, [fakeHeader(one, 2, 1), fakeHeader(one, 3, 2)], 2);
    expect(linkRun({ key: heights.key }, [heights], fakeRules).fault).toMatchObject({ facts: { field: "height" } });
    const weights = tipsetOf(one, 2, [fakeHeader(one, 2, 1), fakeHeader(one, 2, 2, 1, "", 40)], 2);
    expect(linkRun({ key: weights.key }, [weights], fakeRules).fault).toMatchObject({
      facts: { field: "parentWeight" },
    });
  });

  it("takes as many blocks as chance has win an epoch", () => {
    for (const count of [16, 20, 255]) {
      const miners = Array.from({ length: count }, (_, i) => i + 1);
      const many = fakeTipset(fakeTipset(fakeGenesis, 1, [1]), 2, miners, { winCount: 15 });
      const above = fakeTipset(many, 3, [1]);
      const { fault: broken, linked } = linkRun({ key: above.key }, [above, many], fakeRules);
      expect(broken, `${count}`).toBeUndefined();
      expect(linked[1]).toMatchObject({ winCount: 15 * count, log2Power: 49 });
    }
    const most = fakeTipset(
      fakeTipset(fakeGenesis, 1, [1]),
      2,
      Array.from({ length: 256 }, (_, i) => i + 1),
    );
    expect(fault({ key: most.key }, [most])).toBe("chain/key-malformed");
  });

  it("refuses win counts that are not", () => {
    const one = fakeTipset(fakeGenesis, 1, [1]);
    for (const winCount of [0, 16, 24]) {
      const bad = fakeTipset(one, 2, [1], { winCount });
      expect(fault({ key: bad.key }, [bad])).toBe("chain/win-count-out-of-range");
    }
  });

  it("has no opinion on how power moves: a child's claim is nothing against its parents", () => {
    const one = fakeTipset(fakeGenesis, 1, [1]);
    const two = fakeTipset(one, 2, [1]);
    for (const power of [10, 200]) {
      const three = fakeTipset(two, 3, [1], { power });
      const { fault: broken, linked } = linkRun({ key: three.key }, [three, two, one], fakeRules);
      expect(broken).toBeUndefined();
      expect(linked.map(({ log2Power }) => log2Power)).toEqual([-1, power, 49]);
    }
  });

  it("wants the pinned block, also where the chain has a null round", () => {
    const pinned = (height: number, block: Uint8Array): typeof fakeRules => ({
      ...fakeRules,
      pins: [{ height, block }],
    });
    const some = window[4] ?? fakeGenesis;
    expect(fault({ key: head.key }, window, pinned(some.height, some.key.subarray(0, 38)))).toBeUndefined();
    expect(fault({ key: head.key }, window, pinned(some.height, head.key.subarray(0, 38)))).toBe("chain/pin-missed");
    expect(fault({ key: head.key }, window, pinned(10, some.key.subarray(0, 38)))).toBe("chain/pin-missed");
  });
});
