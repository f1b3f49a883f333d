import { TipsetKey } from "@copse/types";
import { ecFinality } from "./ec-finality.ts";
import type { NodeExecution } from "./execute/node-execution.ts";
import { heightsOf } from "./levels.ts";
import type { CopseNode } from "./node-types.ts";
import type { SyncMonitor } from "./sync/monitor.ts";

/** What `copse node status` shows. */
export function nodeStatus(node: CopseNode, monitor: SyncMonitor, executed?: NodeExecution): Record<string, unknown> {
  const { store, host, network, peers } = node;
  const head = store.head;
  return {
    network: network.name,
    genesis: network.genesisCid.toString(),
    peer: host.peer,
    addresses: host.addresses(),
    head: head && { height: head.height, cids: TipsetKey.cids(head.key).map(String) },
    assembled: store.assembled,
    assurance: store.assurance,
    // heights that reached each level
    levels: Object.fromEntries(Object.entries(store.assurance).map(([level, ranges]) => [level, heightsOf(ranges)])),
    counts: node.counts.read(),
    execution: executed?.status() ?? { mode: "off" },
    checkpoint: store.checkpoint && {
      height: store.checkpoint.height,
      cids: TipsetKey.cids(store.checkpoint.key).map(String),
    },
    f3: node.f3?.client.status() ?? "off",
    finality: ecFinality(store),
    peers: host.peers().map(({ peer, agent, address }) => ({ peer, agent, address })),
    dropped: [...peers.pool.dropped].map(([peer, error]) => ({ peer, reason: String(error) })),
    sync: monitor.snapshot(),
  };
}
