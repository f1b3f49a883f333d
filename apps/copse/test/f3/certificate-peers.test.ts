import { F3ExchangeError } from "@copse/f3/exchange";
import type { Host } from "@copse/network";
import pino from "pino";
import { describe, expect, it } from "vitest";
import { CertificatePeers } from "../../src/f3/certificate-peers.ts";
import { noRanking } from "../../src/sync/ranking.ts";
import { type ChainSourcePort, SourcePool } from "../../src/sync/sources.ts";
import { manifest, networkName } from "./certified-chain.ts";

const protocol = `/f3/certexch/get/1/${networkName}`;
const names = Array.from({ length: 30 }, (_, i) => `peer ${String(i).padStart(2, "0")}`);
const nothing = (): Promise<never> => Promise.reject(new Error("not asked for"));

/** Peers in order of rank, of which none can be reached. */
function among(ids: readonly string[]): CertificatePeers {
  const pool = new SourcePool(noRanking);
  for (const id of ids) pool.add({ id, headers: nothing, messages: nothing } satisfies ChainSourcePort);
  const host = {
    peers: () => ids.map((peer) => ({ peer, protocols: new Set([protocol]) })),
    open: () => Promise.reject(new Error("unreachable")),
  } as unknown as Host;
  const metrics = { count() {} };
  return new CertificatePeers({
    settings: { manifest, table: undefined },
    host,
    pool,
    log: pino({ level: "silent" }),
    metrics,
  });
}

/** One round: everybody who is chosen is asked. */
async function round(peers: CertificatePeers): Promise<string[]> {
  const ready = peers.ready();
  const ask = { first: 0, limit: 0, powerTable: false };
  await Promise.all(ready.map((source) => source.fetch(ask, {}).catch(() => {})));
  return ready.map(({ peer }) => peer);
}

describe("the peers that are asked for certificates", () => {
  it("are in time all there are, the best among them each time", async () => {
    const peers = among(names);
    const asked = new Map<string, number>();
    for (let i = 0; i < 100; i++) {
      const chosen = await round(peers);
      expect(chosen).toHaveLength(8);
      expect(new Set(chosen).size).toBe(8);
      expect(chosen.slice(0, 5)).toEqual(names.slice(0, 5));
      for (const peer of chosen) asked.set(peer, (asked.get(peer) ?? 0) + 1);
      if (i === 8) expect(asked.size).toBe(30); // 25 others, three a round
    }
    expect([...asked.keys()].sort()).toEqual(names);
    const others = names.slice(5).map((peer) => asked.get(peer) ?? 0);
    expect(Math.max(...others) - Math.min(...others)).toBeLessThanOrEqual(1);
  });

  it("do not change because somebody looks who is there", async () => {
    const peers = among(names);
    const first = peers.ready().map(({ peer }) => peer);
    for (let i = 0; i < 5; i++) expect(peers.ready().map(({ peer }) => peer)).toEqual(first);
    expect(await round(peers)).toEqual(first);
  });

  it("are all where they are few, and leave out one that failed", async () => {
    const peers = among(names.slice(0, 8));
    expect(await round(peers)).toEqual(names.slice(0, 8));
    const [source] = peers.ready();
    if (source === undefined) throw new Error("nobody");
    const facts = { peer: source.peer, first: 0, waitedMs: 1 };
    peers.report({ peer: source.peer, kind: "failed", error: new F3ExchangeError("f3/source-late", facts) });
    expect(await round(peers)).toEqual(names.slice(1, 8));
  });
});
