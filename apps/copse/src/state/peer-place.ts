import { linkRules, linkRun } from "@copse/chain";
import { type CidBytes, cidKey, FetchBudget } from "@copse/ipld";
import {
  type Bitswap,
  createExchangeClient,
  createHost,
  emptyChainSource,
  type Host,
  type PeerHead,
  serveExchange,
  serveHello,
  startBitswap,
} from "@copse/network";
import { createBitswapStore } from "@copse/network/bitswap-store";
import { type AbortOptions, isCopseError } from "@copse/primitives";
import { type Network, TipsetKey } from "@copse/types";
import { NodeError } from "../errors.ts";
import { decodeHeader } from "./file-place.ts";
import type { NamedTipset, StatePlace } from "./state-place.ts";
import type { TipsetName } from "./tipset-name.ts";

/** Tipsets below a peer's head that are asked for, at most, to find one by its height. */
const maxBelowHead = 2700;
/** Tipsets of one request. */
const window = 900;
/** How long peers may take to say hello. Unit: ms. */
const helloMs = 15_000;

/**
 * Headers and state that peers give: every block is checked against its CID, every header links to the one above it.
 * What the newest tipset is, is their word alone: to anchor it is for who reads the proof.
 *
 * @param peers multiaddrs, with peer ids
 * @param below a place to look into first
 * @throws {NodeError} `copse/no-peers`
 */
export async function openPeerPlace(
  network: Network,
  peers: readonly string[],
  below: StatePlace | undefined,
  { signal }: AbortOptions,
): Promise<StatePlace> {
  const host = await createHost({
    networkName: network.p2pName,
    userAgent: "copse",
    kad: false,
    privateNetwork: true,
  });
  const heads = new Map<string, PeerHead>();
  const news = new EventTarget();
  const stops: (() => Promise<unknown>)[] = [() => host.stop()];
  const close = async (): Promise<void> => {
    for (const stop of stops.splice(0).reverse()) await stop();
    await below?.[Symbol.asyncDispose]();
  };
  try {
    const exchange = await serveExchange({ host, source: emptyChainSource });
    stops.push(() => exchange.stop());
    const hello = await serveHello({
      host,
      genesis: network.genesisCid.bytes,
      head: () => ({ head: TipsetKey.fromCids([network.genesisCid]), height: 0, weight: 0n }),
      onHead(head) {
        heads.set(head.peer, head);
        news.dispatchEvent(new Event("head"));
      },
    });
    stops.push(() => hello.stop());
    const bitswap = await startBitswap({ host });
    stops.push(() => bitswap.stop());
    await host.start();
    const connected = await dialAll(host, peers, { signal });
    const reading = blocksOf(bitswap, connected, below);
    const head = async (): Promise<PeerHead> => await heaviest(heads, connected.length, news, signal);
    return {
      name: peers.join(", "),
      prefix: network.addressPrefix,
      ...reading,
      asksPeers: true,
      tipset: async (wanted) => await find(wanted, { network, host, head, reading, below, signal }),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function dialAll(host: Host, addresses: readonly string[], { signal }: AbortOptions): Promise<string[]> {
  const dialled = await Promise.allSettled(addresses.map((address) => host.dial(address, { signal })));
  const peers = dialled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  if (peers.length > 0) return peers;
  const [failure] = dialled.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
  const why = failure instanceof Error ? failure.message : String(failure);
  throw new NodeError("copse/no-peers", { tried: addresses.length, why }, { cause: failure });
}

type Reading = Pick<StatePlace, "blocks" | "held" | "fetched">;

/** Blocks below, then of peers; what came is kept for as long as the command runs. */
function blocksOf(bitswap: Bitswap, peers: readonly string[], below: StatePlace | undefined): Reading {
  const remote = createBitswapStore({ bitswap, peers });
  const memory = new Map<string, Uint8Array>();
  const budget = new FetchBudget();
  const held = { getSync: (cid: CidBytes) => memory.get(cidKey(cid)) ?? below?.held.getSync(cid) };
  return {
    held,
    fetched: () => budget.spent,
    blocks: {
      async getBytes(cid, options) {
        const known = held.getSync(cid);
        if (known !== undefined) return known;
        const block = await remote.getBytes(cid, options);
        if (block === undefined) return undefined;
        budget.ask(1);
        budget.take(block.length);
        memory.set(cidKey(cid), block);
        return block;
      },
    },
  };
}

/** The heaviest head that any of the peers told, once all have told one, or time is up. */
async function heaviest(
  heads: ReadonlyMap<string, PeerHead>,
  peers: number,
  news: EventTarget,
  signal: AbortSignal | undefined,
): Promise<PeerHead> {
  const until = AbortSignal.any([AbortSignal.timeout(helloMs), ...(signal === undefined ? [] : [signal])]);
  while (heads.size < peers && !until.aborted) {
    await new Promise<void>((resolve) => {
      news.addEventListener("head", () => resolve(), { once: true, signal: until });
      until.addEventListener("abort", () => resolve(), { once: true });
    });
  }
  signal?.throwIfAborted();
  const [best] = [...heads.values()].sort((a, b) => (a.weight < b.weight ? 1 : -1));
  if (best === undefined) throw new NodeError("copse/no-peers", { tried: peers, why: "none told its head" });
  return best;
}

interface Finding {
  readonly network: Network;
  readonly host: Host;
  readonly head: () => Promise<PeerHead>;
  readonly reading: Reading;
  readonly below: StatePlace | undefined;
  readonly signal: AbortSignal | undefined;
}

async function find(wanted: TipsetName, finding: Finding): Promise<NamedTipset> {
  const { below, reading, signal } = finding;
  if (wanted.kind === "blocks") {
    const key = TipsetKey.fromCids(wanted.cids);
    const first = TipsetKey.cidBytes(key)[0] as CidBytes;
    const header = await reading.blocks.getBytes(first, { signal });
    if (header === undefined)
      throw new NodeError("copse/absent", { what: `block ${wanted.cids[0]} that a peer gives` });
    return { key, height: decodeHeader(header, first).height, header, anchor: "given" };
  }
  if (below !== undefined) {
    try {
      return await below.tipset(wanted);
    } catch (error) {
      if (!isCopseError(error, "copse/not-found")) throw error;
    }
  }
  return await findBelowHead(wanted, finding);
}

/** Walks down from the head that peers tell, by chain exchange: each tipset is the parent of the one before. */
async function findBelowHead(
  wanted: Exclude<TipsetName, { kind: "blocks" }>,
  { network, host, head, signal }: Finding,
): Promise<NamedTipset> {
  const told = await head();
  const height = wanted.kind === "head" ? told.height : wanted.height;
  const client = createExchangeClient({ host });
  const rules = linkRules(network);
  let target: Parameters<typeof linkRun>[0] = { key: told.head };
  for (let asked = 0; asked < maxBelowHead; asked += window) {
    const count = Math.min(window, Math.max(1, told.height - asked - height + 1));
    const { tipsets } = await client.request(told.peer, { head: target.key, count }, { signal });
    const { linked, next, fault, reachedGenesis } = linkRun(target, tipsets, rules);
    const found = linked.find((tipset) => tipset.height <= height);
    const [header] = found?.headers ?? [];
    if (found !== undefined && header !== undefined) {
      return { key: found.key, height: found.height, header, anchor: "peer" };
    }
    if (fault !== undefined)
      throw new NodeError("copse/chain-broken", { tipset: TipsetKey.format(next.key), why: fault.code });
    if (reachedGenesis || linked.length === 0) break;
    target = next;
  }
  const what = `tipset at height ${height} within ${maxBelowHead} below the head at ${told.height} that ${told.peer} told`;
  throw new NodeError("copse/absent", { what });
}
