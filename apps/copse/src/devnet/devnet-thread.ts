import { parentPort, workerData } from "node:worker_threads";
import { installFastest } from "@copse/crypto/fastest";
import { fromCid } from "@copse/ipld";
import type { Tipset } from "@copse/types";
import { actorsOf } from "@copse/types/networks";
import { loadActors, openEngine } from "@copse/vm/node";
import { networkJson } from "../networks.ts";
import { LayeredStore } from "../vm/layered-store.ts";
import { partsOf } from "../vm/thread-error.ts";
import { createDevnet } from "./devnet-machine.ts";
import type { DevnetAnswer, DevnetBlock, DevnetTask } from "./devnet-task.ts";

/** The body of the thread that makes a local chain: it says every epoch, and hands everything over at the end. */
const port = parentPort;
if (port !== null) {
  const say = (answer: DevnetAnswer): void => port.postMessage(answer);
  await make(workerData as DevnetTask, say).catch((error: unknown) => say({ kind: "failed", error: partsOf(error) }));
}

async function make(task: DevnetTask, say: (answer: DevnetAnswer) => void): Promise<void> {
  const { networkVersion, epochs, seed, miners, actors, modules, actorsNetwork } = task;
  await installFastest();
  const bundle = await loadActors(actors, actorsOf(networkVersion), actorsNetwork);
  const store = new LayeredStore();
  const exitCodes: Record<string, number> = {};
  const mint = createDevnet({
    networkVersion,
    seed,
    bundle,
    engine: openEngine(modules),
    store,
    miners,
    onApplied: ({ from }, { receipt }) => {
      if (from[0] !== 0) exitCodes[receipt.exitCode] = (exitCodes[receipt.exitCode] ?? 0) + 1;
    },
  });
  const { genesis } = mint;
  const tipsets: (readonly DevnetBlock[])[] = [[{ bytes: genesis.bytes, messages: { bls: [], secp: [] } }]];
  const forks: (readonly DevnetBlock[])[] = [];
  let head: Tipset = genesis.tipset;
  for (const { height, tipset, blocks, fork } of mint.epochs()) {
    if (height > epochs) break;
    if (tipset !== undefined) {
      tipsets.push(blocks);
      head = tipset;
    }
    if (fork !== undefined) forks.push(fork.blocks);
    say({ kind: "epoch", height });
  }
  const state = store.written();
  const roots = head.cids.map(fromCid);
  const { network } = mint;
  const rules = networkJson(network);
  say({
    kind: "done",
    roots,
    genesis: fromCid(network.genesisCid),
    networkJson: rules,
    tipsets,
    forks,
    state,
    exitCodes,
  });
}
