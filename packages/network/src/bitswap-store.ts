import {
  createRemoteStore,
  type RemoteLimits,
  type RemoteNeeds,
  type RemoteSource,
  type RemoteStore,
} from "@copse/blockstore/remote";
import type { Bitswap } from "./bitswap.ts";
import { NetworkError } from "./errors.ts";
import type { Host } from "./host.ts";
import { bitswapProtocols } from "./protocols.ts";

/** What a source of blocks over bitswap may touch. */
export interface BitswapStoreNeeds {
  readonly bitswap: Pick<Bitswap, "session">;
  /** Whom to ask, best first; a function is asked anew for each block. */
  readonly peers: readonly string[] | (() => readonly string[]);
}

/**
 * Peers that are connected and speak bitswap.
 *
 * @example
 * const store = createBitswapStore({ bitswap, peers: () => bitswapPeersOf(host) });
 */
export function bitswapPeersOf(host: Pick<Host, "peers">): string[] {
  const speaks = (protocols: ReadonlySet<string>): boolean => bitswapProtocols.some((name) => protocols.has(name));
  return host
    .peers()
    .filter(({ protocols }) => speaks(protocols))
    .map(({ peer }) => peer);
}

/**
 * Bitswap as a source of blocks for a remote store, beside gateways for instance. Who gave the last block is asked first
 * for the next. A block is absent when every peer asked says so; peers that are gone or silent are a failure, and so is
 * having nobody to ask.
 *
 * @example
 * const sources = [bitswapSource({ bitswap, peers: [peer] }), gatewaySource(url, { fetch: globalThis.fetch })];
 * const store = createRemoteStore({ sources });
 */
export function bitswapSource({ bitswap, peers }: BitswapStoreNeeds): RemoteSource {
  let gaveLast: string | undefined;
  return {
    name: "bitswap",
    async fetch(cid, { signal }) {
      const there = typeof peers === "function" ? peers() : peers;
      const first = gaveLast !== undefined && there.includes(gaveLast) ? [gaveLast] : [];
      const session = bitswap.session([...first, ...there.filter((peer) => peer !== gaveLast)]);
      try {
        const block = await session.get(cid, { signal });
        gaveLast = session.peers[0];
        return block;
      } catch (error) {
        if (!(error instanceof NetworkError) || error.code !== "network/block-not-found") throw error;
        const { asked, refused } = error.facts as { asked: number; refused: number };
        if (asked > 0 && refused === asked) return undefined;
        throw error;
      }
    },
  };
}

/**
 * A store over bitswap, for reading: each block from the first of the peers that has it, checked against its CID.
 *
 * Bounds: those of a remote store; an attempt may take 30 seconds, as bitswap itself gives it.
 *
 * @throws {RemoteError} `remote/unavailable`
 * @throws {HostFault} `host/aborted`
 * @example
 * const bitswap = await startBitswap({ host });
 * const store = createBitswapStore({ bitswap, peers: () => bitswapPeersOf(host), local: memory });
 * await store.getBytes(cid);
 */
export function createBitswapStore(
  needs: BitswapStoreNeeds & Omit<RemoteNeeds, "fetch" | "sources">,
  limits: Partial<RemoteLimits> = {},
): RemoteStore {
  const { bitswap, peers, ...rest } = needs;
  return createRemoteStore({ ...rest, sources: [bitswapSource({ bitswap, peers })] }, { attemptMs: 30_000, ...limits });
}
