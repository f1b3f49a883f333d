import { networkVersion } from "@copse/types";
import type { NodeMetrics } from "../metrics.ts";
import { networkJson } from "../networks.ts";
import type { CopseNode } from "../node-types.ts";
import { errorFacts } from "../output.ts";
import type { StateSource } from "../sync/state-source.ts";
import { isExecuted, stateBase } from "./base.ts";
import { Execution, type ExecutionState } from "./execution.ts";
import { createExecutor } from "./executor.ts";
import { executedTable } from "./results.ts";

/** Blocks of state that the executing thread keeps in memory. Unit: bytes. */
const cacheBytes = 128 << 20;

/** Networks whose built-in actors are published under another name than their own. Local ones run those of mainnet. */
const actorsOfNetwork: Readonly<Record<string, string>> = {
  mainnet: "mainnet",
  calibnet: "calibrationnet",
  butterflynet: "butterflynet",
};

/** A node's execution, and what it tells of it. */
export interface NodeExecution {
  readonly execution: Execution;
  /** Whether the network's own genesis can be executed, so that all states may be computed here. */
  readonly isWhole: boolean;
  /** Takes note of a file's head, as the first thing after it was linked. */
  imported: ReturnType<typeof stateBase>["imported"];
  /** For the status. */
  status(): Record<string, unknown>;
  close(): Promise<void>;
}

/** What a node's execution is made of, beside the node. */
export interface ExecutionParts {
  readonly states: StateSource;
  /** Folder where prepared modules are kept, if anywhere. */
  readonly modules: string | undefined;
  readonly onTipset: (height: number) => void;
  /** Told once of each state that is another than before. */
  readonly onState: (state: ExecutionState) => void;
}

/** Wires execution into a node; `undefined` where it is off, or cannot be for want of messages. */
export function nodeExecution(node: CopseNode, parts: ExecutionParts): NodeExecution | undefined {
  const { network, options, repo, store, counts, metrics } = node;
  const { states, modules, onTipset, onState } = parts;
  if (options.execute === "off" || options.messages.kind === "none") return undefined;
  const executor = createExecutor({
    database: repo.databasePath,
    networkJson: networkJson(network),
    actors: options.actors,
    actorsNetwork: actorsOfNetwork[network.name] ?? "mainnet",
    modules,
    cacheBytes,
  });
  const done = { tipsets: 0, messages: 0, gas: 0n, ms: 0 };
  const base = stateBase({
    network,
    database: repo.database,
    reader: store.reader,
    states,
    hasAllMessages: options.messages.kind === "all" && options.to === 0,
    now: () => performance.now(),
  });
  const execution = new Execution({
    network,
    store,
    database: repo.database,
    executor,
    results: executedTable(repo.database),
    counts,
    base,
    now: () => performance.now(),
    onState,
    onExecuted({ height, executed, tookMs }) {
      done.tipsets++;
      done.messages += executed.messages;
      done.gas += executed.gasUsed;
      done.ms += tookMs;
      count(metrics, executed.gasUsed, tookMs);
      onTipset(height);
    },
  });
  return {
    execution,
    isWhole: isExecuted(networkVersion(network, 0)),
    imported: (key) => base.imported(key),
    status() {
      const { kind, ...more } = execution.state;
      const seconds = done.ms / 1000;
      return {
        mode: options.execute,
        state: kind,
        ...more,
        ...("error" in more ? { error: errorFacts(more.error) } : {}),
        // of this run of the node
        tipsets: done.tipsets,
        messages: done.messages,
        gas: done.gas,
        seconds: Math.round(seconds * 1000) / 1000,
        tipsetsPerSecond: rate(done.tipsets, seconds),
        gasPerSecond: Math.round(Number(done.gas) / Math.max(seconds, 1e-3)),
      };
    },
    close: () => executor.close(),
  };
}

function count({ execution }: NodeMetrics, gas: bigint, tookMs: number): void {
  execution.tipsets.inc();
  execution.gas.inc(Number(gas));
  execution.seconds.inc(tookMs / 1000);
}

function rate(count: number, seconds: number): number {
  return seconds === 0 ? 0 : Math.round((count / seconds) * 100) / 100;
}
