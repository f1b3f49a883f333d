// A read of state that someone else's abort ends: a deadline, or who waited for the same and left. The follower was not told to stop.
import { cidKey } from "@copse/ipld";
import { HostFault } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import pino from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { MintedTipset } from "../src/local/minted-chain.ts";
import { startServingNode } from "../src/local/serving-node.ts";
import { blockMessages, type FollowingNode, startFollowingNode } from "./following-node.ts";

const kinds: readonly (readonly [name: string, make: () => unknown])[] = [
  ["a HostFault", () => new HostFault("host/aborted", { reason: "a deadline" })],
  ["an AbortError", () => new DOMException("This operation was aborted", "AbortError")],
];

describe.each(kinds)("a follower whose read of state ends by another's abort, %s,", (_, make) => {
  let on: FollowingNode;
  /** Heads at which reads ended so. */
  const ended: (number | undefined)[] = [];
  let aborts = false;

  // a new node for each: a follower keeps open what states it has read
  beforeEach(async () => {
    ended.length = 0;
    aborts = false;
    on = await startFollowingNode("another's abort", { known: 30, ahead: 14 });
    const { bitswap, store } = on.node;
    // the minted state is always the same: it is gone from here while reads are to end, so that peers are asked for it
    const state = new Set(on.chain.mint.genesis.state.map(([cid]) => cidKey(cid)));
    const held = store.reader.getSync.bind(store.reader);
    vi.spyOn(store.reader, "getSync").mockImplementation((cid) =>
      aborts && state.has(cidKey(cid)) ? undefined : held(cid),
    );
    const session = bitswap.session.bind(bitswap);
    vi.spyOn(bitswap, "session").mockImplementation((peers) => {
      const plain = session(peers);
      return {
        peers: plain.peers,
        get(cid, options) {
          if (!aborts || options?.signal?.aborted) return plain.get(cid, options);
          ended.push(store.head?.height);
          return Promise.reject(make());
        },
      };
    });
  }, 300_000);
  afterEach(() => on?.close());

  const publish = async (at: number): Promise<MintedTipset> => {
    const next = on.ahead[at] as MintedTipset;
    for (const message of blockMessages(next)) await on.publisher.publishBlock(message);
    return next;
  };
  const isHead = ({ tipset }: Pick<MintedTipset, "tipset">): boolean =>
    TipsetKey.equals(on.node.store.head?.key as TipsetKey, tipset.key);
  /** All that was stored is checked, nobody is blamed, and nothing that was put off. */
  const expectWhole = async (next: MintedTipset): Promise<void> => {
    const { node, told, until, verdicts } = on;
    await until(`head ${next.tipset.height}`, () => isHead(next));
    const all = [{ from: 0, to: next.tipset.height }];
    await until("its level", () => node.store.assurance["leader-checked"].at(-1)?.to === next.tipset.height);
    expect(node.store.assurance["leader-checked"]).toEqual(all);
    expect(told).toEqual([]);
    expect(verdicts.filter(({ verdict }) => verdict === "reject")).toEqual([]);
  };

  it("puts the tipset off, and takes it when it comes again", { timeout: 120_000 }, async () => {
    const [first] = on.ahead as [MintedTipset];
    const { chain, node, until } = on;
    const before = node.store.head?.height;
    aborts = true;
    // told by hello: what ends there ends in the follower itself, not in a verdict on gossip
    const stop = new AbortController();
    const teller = await startServingNode(chain, pino({ level: "silent" }), stop.signal, { tells: first.tipset });
    try {
      await teller.host.dial(node.host.addresses()[0] as string);
      await until("reads that ended", () => ended.length > 0);
      expect(ended[0]).toBe(before);
      expect(isHead(first)).toBe(false);
    } finally {
      await teller.close();
    }
    aborts = false;
    await expectWhole(await publish(0));
  });

  it("puts the tipset off and what stands on it, and takes them when they come again", {
    timeout: 120_000,
  }, async () => {
    const before = on.node.store.head?.height;
    aborts = true;
    // its parents are fetched, not gossiped: what ends there ends in the follower itself, not in a verdict
    await publish(2);
    await on.until("reads that ended", () => ended.length > 0);
    expect(on.node.store.head?.height).toBe(before);
    expect(ended[0]).toBe(before);
    aborts = false;
    await expectWhole(await publish(3));
  });

  it("goes on where it was the check of the chain up to a new head that ended", { timeout: 120_000 }, async () => {
    // then the follower has this state open, and the check of the chain opens it anew
    for (const at of [0, 1, 2]) await expectWhole(await publish(at));
    const before = on.node.store.head?.height as number;
    aborts = true;
    await publish(6);
    await on.until("reads that ended", () => ended.length > 0);
    expect(ended[0]).toBeGreaterThan(before);
    aborts = false;
    await expectWhole(await publish(7));
  });
});
