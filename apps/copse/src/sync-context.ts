import type { CopseNode } from "./node-types.ts";
import type { SyncContext } from "./sync/assemble.ts";
import type { SourcePool } from "./sync/sources.ts";
import { type StateSource, stateSource } from "./sync/state-source.ts";

/** Blocks of state: a node's own, then those of its peers. */
export function nodeStates(node: CopseNode): StateSource {
  return stateSource({
    database: node.repo.database,
    reader: node.store.reader,
    bitswap: node.bitswap,
    onlyLie: () => node.peers.pool.onlyLie,
    // who has joined first is asked no sooner for it
    peers: () => shuffled(node.host.peers().map(({ peer }) => peer)),
    now: () => performance.now(),
  });
}

function shuffled(peers: readonly string[]): string[] {
  const left = [...peers];
  return peers.flatMap(() => left.splice(Math.floor(Math.random() * left.length), 1));
}

/** What assembling works with, from a node's parts and the sources it is to ask. */
export function syncContext(
  node: CopseNode,
  pool: SourcePool,
  onProgress: SyncContext["onProgress"],
  execution?: SyncContext["execution"],
): SyncContext {
  const { options } = node;
  return {
    network: node.network,
    store: node.store,
    counts: node.counts,
    rules: node.rules,
    pool,
    patience: { hedgeMs: 2000, idleMs: options.idleSeconds * 1000 },
    signatures: node.signatures,
    states: nodeStates(node),
    execution,
    certified: node.f3?.certified,
    to: options.to,
    messages: options.messages,
    parallelSpans: 4,
    onProgress,
  };
}
