// Following ends, for it is too far behind or certificates could not be followed, while a parent is asked for that never comes. It begins anew
// in the next round, and what was asked for then is no fault of anybody's.
import { serveExchange } from "@copse/network";
import { TipsetKey } from "@copse/types";
import pino from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { MintedTipset } from "../src/local/minted-chain.ts";
import type { ServeChain } from "../src/local/serving-node.ts";
import { Follower } from "../src/sync/follow.ts";
import { syncContext } from "../src/sync-context.ts";
import { blockMessages, type FollowingNode, startFollowingNode } from "./following-node.ts";

let stalls = false;
let asked = 0;
const serve: ServeChain = (host, source) =>
  serveExchange({
    host,
    source: {
      ...source,
      tipset(key) {
        if (!stalls) return source.tipset(key);
        asked++;
        return new Promise(() => {});
      },
    },
  });

let on: FollowingNode;
beforeAll(async () => {
  on = await startFollowingNode("ended", { known: 20, ahead: 8 }, serve);
}, 120_000);
afterAll(() => on?.close());

it("begins anew after it was ended while a parent was fetched", { timeout: 60_000 }, async () => {
  const { node, ahead, publisher, until } = on;
  const log = pino({ level: "silent" });
  const follower = new Follower(
    node,
    syncContext(node, node.peers.pool, () => {}),
    log,
    { onHead() {} },
  );
  follower.start();
  try {
    stalls = true;
    const over = new AbortController();
    const first = follower.run(over.signal);
    const top = ahead[3] as MintedTipset;
    for (const message of blockMessages(top)) await publisher.publishBlock(message);
    await until("a parent that is asked for", () => asked > 0);
    over.abort(new Error("following has ended")); // a plain error, as `followBoth` gives it
    await expect(first).rejects.toThrow("following has ended");
    stalls = false;
    const stop = new AbortController();
    const second = follower.run(stop.signal);
    const isHead = (): boolean => TipsetKey.equals(node.store.head?.key ?? TipsetKey.empty, top.tipset.key);
    await Promise.race([second, until("the head that waited for its parents", isHead)]);
    expect(isHead()).toBe(true);
    stop.abort(new Error("the test is over"));
    await expect(second).rejects.toThrow();
  } finally {
    follower.stop();
  }
});
