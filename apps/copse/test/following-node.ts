import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HeadChange } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import { installFastest } from "@copse/crypto/fastest";
import { cidOf, toCid } from "@copse/ipld";
import { createGossip, type Gossip, type GossipVerdict } from "@copse/network";
import type { BlockMsg } from "@copse/types";
import pino from "pino";
import { type MintedChain, type MintedTipset, mintChain } from "../src/local/minted-chain.ts";
import { type ServeChain, type ServingNode, startServingNode } from "../src/local/serving-node.ts";
import { createMetrics } from "../src/metrics.ts";
import { createNode } from "../src/node.ts";
import type { CopseNode } from "../src/node-types.ts";
import { resolveOptions } from "../src/options.ts";
import { assemble } from "../src/sync/assemble.ts";
import { Follower } from "../src/sync/follow.ts";
import { syncContext } from "../src/sync-context.ts";

/** A node that follows the gossip of one peer, and all that it tells. */
export interface FollowingNode {
  readonly chain: MintedChain;
  /** The peer that holds all of the chain, and tells the head at `known`. */
  readonly peer: ServingNode;
  /** Gossip of that peer. */
  readonly publisher: Gossip;
  readonly node: CopseNode;
  readonly follower: Follower;
  /** Tipsets above those the node is synced to. */
  readonly ahead: readonly MintedTipset[];
  readonly verdicts: GossipVerdict[];
  readonly changes: HeadChange[];
  /** Log lines from warnings up. */
  readonly told: string[];
  /** Resolves when it holds. */
  until(what: string, holds: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** Starts a node on loopback, syncs it to an epoch of a minted chain, and has it follow. */
export async function startFollowingNode(
  seed: string,
  epochs: { readonly known: number; readonly ahead: number },
  serve?: ServeChain,
): Promise<FollowingNode> {
  await installFastest();
  const stop = new AbortController();
  const told: string[] = [];
  const log = pino({ level: "warn" }, { write: (line) => told.push(line) });
  const verdicts: GossipVerdict[] = [];
  const changes: HeadChange[] = [];
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    for (let i = 0; i < 600; i++) {
      if (holds()) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`waited in vain: ${what}; verdicts ${JSON.stringify(verdicts.slice(-5))}`);
  };

  const chain = await mintChain(createMint({ seed, miners: 3 }), epochs.known + epochs.ahead, () => {}, stop.signal);
  const { network } = chain.mint;
  const base = chain.tipsets.findLast(({ tipset }) => tipset.height <= epochs.known) as MintedTipset;
  const dir = mkdtempSync(join(tmpdir(), "copse-following-"));
  const peer = await startServingNode(chain, log, stop.signal, { tells: base.tipset, serve });
  const publisher = createGossip({
    host: peer.host,
    networkName: network.p2pName,
    messageRoot: () => new Uint8Array(38),
  });
  publisher.followBlocks();
  publisher.followMessages();
  const given = { network: "test", repo: join(dir, "node"), listen: ["/ip4/127.0.0.1/tcp/0"], peer: [peer.address] };
  const options = resolveOptions({ ...given, bootstrap: false, api: "off" }, {});
  const metrics = createMetrics({ process: false });
  const node = await createNode(network, options, { log, metrics, version: "0", onLiar: () => {} });
  await node.host.start();
  node.peers.start();
  const target = await node.peers.target(20_000, stop.signal);
  const context = syncContext(node, node.peers.pool, () => {});
  await assemble(target as NonNullable<typeof target>, context, stop.signal);
  const follower = new Follower(node, context, log, {
    onHead: (change) => changes.push(change),
    onVerdict: (verdict) => verdicts.push(verdict),
  });
  follower.start();
  const following = follower.run(stop.signal);
  following.catch(() => {});
  await until(
    "a mesh",
    () => publisher.subscribers("blocks").length > 0 && publisher.subscribers("messages").length > 0,
  );
  return {
    chain,
    peer,
    publisher,
    node,
    follower,
    ahead: chain.tipsets.filter(({ tipset }) => tipset.height > base.tipset.height),
    verdicts,
    changes,
    told,
    until,
    async close() {
      stop.abort(new Error("the tests are over"));
      await following.catch(() => {});
      follower.stop();
      publisher.stop();
      await node.close();
      await peer.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Block messages of a minted tipset, as gossip carries them. */
export function blockMessages({ tipset, blocks }: MintedTipset): BlockMsg[] {
  return tipset.blocks.map((header, i) => ({
    header,
    blsMessages: (blocks[i]?.messages.bls ?? []).map((bytes) => toCid(cidOf(bytes))),
    secpMessages: (blocks[i]?.messages.secp ?? []).map((bytes) => toCid(cidOf(bytes))),
  }));
}
