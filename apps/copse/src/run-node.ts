import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { isCopseError } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { modulesFolder } from "@copse/vm/node";
import pino, { type Logger } from "pino";
import { type Api, serveApi } from "./api.ts";
import type { Anchor } from "./assembled.ts";
import type { CommandContext } from "./commands/command.ts";
import { NodeError } from "./errors.ts";
import { assembleAndExecute } from "./execute/execute-all.ts";
import { type NodeExecution, nodeExecution } from "./execute/node-execution.ts";
import { followBoth, nodeFinality } from "./f3/node-finality.ts";
import { importCar } from "./import-car.ts";
import { createMetrics } from "./metrics.ts";
import { resolveNetwork } from "./networks.ts";
import { createNode } from "./node.ts";
import type { CopseNode } from "./node-types.ts";
import type { NodeOptions } from "./options.ts";
import { errorFacts } from "./output.ts";
import { createProgress, type Progress } from "./progress.ts";
import { reportAssembled } from "./report-assembled.ts";
import { nodeStatus } from "./status.ts";
import { assemble, isAbort, type SyncContext } from "./sync/assemble.ts";
import { Follower } from "./sync/follow.ts";
import { importSource } from "./sync/import-source.ts";
import { HeadJudge } from "./sync/leader-judge.ts";
import { SyncMonitor } from "./sync/monitor.ts";
import { OneRound, saysOfTarget } from "./sync/one-round.ts";
import { noRanking } from "./sync/ranking.ts";
import { SourcePool } from "./sync/sources.ts";
import { standBack } from "./sync/stand-back.ts";
import { StatePrefetch } from "./sync/state-prefetch.ts";
import type { Target } from "./sync/target.ts";
import { nodeStates, syncContext } from "./sync-context.ts";

/**
 * The life of a node: import, listen, find a target, assemble, report, follow; until it is done or told to stop.
 *
 * @returns the exit code
 */
export async function runNode(options: NodeOptions, context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const network = resolveNetwork(options.network);
  const log = createLog(options, context.terminal);
  const metrics = createMetrics({ process: true });
  const progress = createProgress(context.terminal);
  const node = await createNode(network, options, {
    log,
    metrics,
    version: context.version,
    onRefuted: (error, peers) => tellRefused({ ...errorFacts(error), peers }, context, log),
    onLiar: (peer, error) =>
      output.event(
        "liar",
        { peer, ...errorFacts(error) },
        `dropped peer ${peer}: ${String(errorFacts(error)["message"])}`,
      ),
  });
  let api: Api | undefined;
  let executed: NodeExecution | undefined;
  try {
    const monitor = new SyncMonitor(metrics, progress, log);
    executed = nodeExecution(node, {
      states: nodeStates(node),
      modules: modulesFolder(context.environment),
      onTipset: (height) =>
        monitor.step({ stage: "executed", height, tipsets: 1, target: node.store.head?.height ?? height }),
      onState(state) {
        const [top] = node.store.assurance.executed.slice(-1);
        if (state.kind === "idle" && top !== undefined) {
          const { executedTipsets, executedMessages } = node.counts.read();
          const facts = { ...top, executedTipsets, executedMessages };
          output.event("executed", facts, `executed from height ${top.from} to ${top.to}`);
        }
        if (state.kind === "waiting") log.info({ height: state.at, reason: state.reason }, "execution waits");
        if (state.kind !== "stopped") return;
        const facts: Record<string, unknown> = { height: state.at, ...errorFacts(state.error) };
        log.error(facts, "execution stopped");
        output.event("execution-stopped", facts, `execution stopped at ${state.at}: ${String(facts["message"])}`);
      },
    });
    if (options.import !== undefined) await runImport(options.import, node, monitor, progress, context, executed);
    if (options.once && options.import !== undefined && options.peer.length === 0 && !options.bootstrap) return 0;
    await node.host.start();
    const addresses = node.host.addresses();
    output.event(
      "listening",
      { peer: node.host.peer, addresses },
      addresses.map((address) => `listening on ${address}`).join("\n"),
    );
    if (options.api !== "off") {
      api = await serveApi(options.api, {
        status: () => nodeStatus(node, monitor, executed),
        metrics: metrics.registry,
      });
      node.repo.publishApi(api.url);
      log.info({ url: api.url }, "status and metrics");
    }
    node.peers.start();
    await runSync(node, monitor, progress, context, log, executed);
    return 0;
  } catch (error) {
    if (signal.aborted && (isAbort(error) || error === signal.reason)) return options.once ? 130 : 0;
    throw error;
  } finally {
    progress.stop();
    await api?.close();
    await executed?.close(); // it reads the database
    await node.close();
  }
}

/** Pause before a target is tried again that could not be assembled. */
const retryMs = 5000;

/** What says of a target that it leaves out what is final. */
const leavesFinal: ReadonlySet<string> = new Set(["copse/not-certified", "chain/behind-checkpoint"]);

/** Syncs from peers, then follows; one round with `--once`. */
async function runSync(
  node: CopseNode,
  monitor: SyncMonitor,
  progress: Progress,
  context: CommandContext,
  log: Logger,
  executed: NodeExecution | undefined,
): Promise<void> {
  const { signal } = context;
  const { options, peers } = node;
  const idleMs = Math.max(1, options.idleSeconds) * 1000; // to wait for nothing would be to spin
  const shared = syncContext(node, peers.pool, (step) => monitor.step(step), executed?.execution);
  const judge = new HeadJudge(shared);
  let follower: Follower | undefined;
  let reported: string | undefined;
  let chosen: Target | undefined;
  const once = new OneRound();
  const over = new AbortController();
  const tellFailed =
    (what: string) =>
    (error: unknown): void =>
      log.error(errorFacts(error), what);
  const prefetch = options.prefetch && !options.once ? prefetchStates(node, shared, log, over.signal) : undefined;
  const executing = options.once
    ? undefined
    : executed?.execution
        .run(
          (error) => {
            follower?.refuse(error);
            // who told the target told this too, unless it came later
            const isTargets = chosen !== undefined && error.facts.height <= chosen.height;
            if (isTargets)
              standBack(chosen as Target, error, node, log).catch(tellFailed("a target could not be left"));
            tellRefused(errorFacts(error), context, log);
          },
          AbortSignal.any([signal, over.signal]),
        )
        .catch(tellFailed("execution could not go on"));
  const final = nodeFinality(node, {
    context: shared,
    log,
    output: context.output,
    onHead: () => executed?.execution.nudge(),
  });
  try {
    await final?.begin(signal);
    for (;;) {
      // what F3 finalized needs no peer's word: it is assembled where none tells a head that holds it
      const target = (await peers.target(once.patience(idleMs), signal, judge)) ?? final?.target;
      once.assertNew(target);
      if (target === undefined) {
        const [lie] = peers.pool.dropped.values();
        const why = `${peers.told} of the peers told a head that others support within ${options.idleSeconds} s`;
        const failure = lie ?? peers.refutation ?? new NodeError("copse/no-peers", { tried: peers.count, why });
        if (options.once) throw failure;
        log.warn({ peers: peers.count, told: peers.told }, "no head to sync to yet");
        continue;
      }
      const { height, supporters, judged } = target;
      log.info({ height, supporters, judged }, "target chosen");
      monitor.target(target.height);
      chosen = target;
      try {
        const certify = async (): Promise<unknown> => await final?.update(signal);
        if (options.once) await assembleAndExecute(target, shared, executed, options, certify, signal);
        else {
          await assemble(target, shared, signal);
          await certify();
          executed?.execution.nudge();
        }
        progress.stop();
        const head = TipsetKey.key(node.store.head?.key ?? TipsetKey.empty);
        const onTarget = isHead(node, target.key);
        const kind = !onTarget ? "stored" : target.supporters.length > 0 ? "peers" : "f3";
        const ids = onTarget ? target.supporters : [];
        const anchor = { kind, ids, ...(kind === "peers" ? { judged: target.judged === true } : {}) } as const;
        const fresh = head !== reported;
        reported = head;
        if (fresh) await reportAssembled(node, anchor, context);
      } catch (error) {
        // where F3 says what the chain is, a head that leaves it out ends nothing
        const isForked = isCopseError(error) && leavesFinal.has(error.code);
        if (signal.aborted || (options.once && !isForked && !saysOfTarget(error))) throw error;
        log.error(errorFacts(error), "this target could not be assembled");
        await standBack(target, error, node, log);
        if (options.once && !isForked) once.failed(target, error, idleMs, peers.told);
        else if (!isForked) await wait(retryMs, undefined, { signal });
        continue;
      }
      if (options.once) return;
      follower ??= startFollowing(node, shared, log, context, { executed, prefetch });
      await followBoth(follower, final, shared, signal);
    }
  } finally {
    follower?.stop(); // its validators read the store, which closes next
    over.abort();
    await prefetch?.idle();
    await executed?.close();
    await executing;
  }
}

/** Whether a tipset is our head: else what speaks for the tipset does not speak for our head. */
function isHead({ store }: CopseNode, key: TipsetKey): boolean {
  return store.head !== undefined && TipsetKey.equals(store.head.key, key);
}

/** A block broke a rule, for good. */
function tellRefused(facts: Record<string, unknown>, { output }: CommandContext, log: Logger): void {
  log.warn(facts, "refused");
  output.event("refused", facts, `refused: ${String(facts["message"])}`);
}

function startFollowing(
  node: CopseNode,
  shared: SyncContext,
  log: Logger,
  context: CommandContext,
  {
    executed,
    prefetch,
  }: { readonly executed?: NodeExecution | undefined; readonly prefetch?: StatePrefetch | undefined },
): Follower {
  const { output } = context;
  const { store } = node;
  const ahead = (key: TipsetKey | undefined): void => {
    const tipset = key && store.reader.tipset(key);
    if (tipset !== undefined) prefetch?.head(tipset);
  };
  const follower = new Follower(node, shared, log, {
    onRefused: ({ code, message, facts }, peer) => tellRefused({ code, message, facts, peer }, context, log),
    onHead({ to, revert, apply }) {
      executed?.execution.nudge();
      ahead(to.key);
      node.metrics.heights.set({ what: "head" }, to.height);
      const facts = {
        height: to.height,
        cids: TipsetKey.cids(to.key).map(String),
        reverted: revert.length,
        applied: apply.length,
      };
      output.event(
        "head",
        facts,
        `head ${to.height}${revert.length > 0 ? ` (${revert.length} tipsets taken back)` : ""}`,
      );
    },
  });
  follower.start();
  ahead(store.head?.key);
  return follower;
}

/** State that the leader checks of the next tipset will read, fetched before it comes. */
function prefetchStates(
  { network, store }: CopseNode,
  { states }: SyncContext,
  log: Logger,
  signal: AbortSignal,
): StatePrefetch {
  return new StatePrefetch({
    network,
    reader: store.reader,
    source: states,
    signal,
    onFetched: (height, { blocks, bytes }) => log.debug({ height, blocks, bytes }, "state fetched ahead"),
    onFailure: (error) => log.debug({ reason: String(errorFacts(error)["message"]) }, "state was not fetched ahead"),
  });
}

async function runImport(
  file: string,
  node: CopseNode,
  monitor: SyncMonitor,
  progress: Progress,
  context: CommandContext,
  executed: NodeExecution | undefined,
): Promise<void> {
  const { signal, output } = context;
  const report = (blocks: number): void => progress.update("import", blocks, blocks);
  const imported = await importCar(file, node.repo.database, report, { signal });
  output.event(
    "imported",
    { file, blocks: imported.blocks, bytes: imported.bytes },
    `imported ${imported.blocks} blocks of ${file}`,
  );
  const pool = new SourcePool(noRanking);
  pool.add(importSource(file, node.repo.database.blocks));
  const own = { ...syncContext(node, pool, (step) => monitor.step(step)), patience: { hedgeMs: 60_000, idleMs: 1 } };
  const head = { key: imported.head };
  const note = async (): Promise<void> => await executed?.imported(imported.head);
  if (node.options.once) await assembleAndExecute(head, own, executed, node.options, note, signal);
  else {
    await assemble(head, own, signal);
    await note();
  }
  progress.stop();
  const anchor: Anchor = isHead(node, imported.head) ? { kind: "import", ids: [file] } : { kind: "stored", ids: [] };
  await reportAssembled(node, anchor, context);
}

/** Logs go to stderr as JSON lines; under a moving progress line they go to a file of the repository. */
function createLog(options: NodeOptions, terminal: boolean): Logger {
  const destination = terminal
    ? pino.destination({ dest: join(options.repo, "copse.log"), mkdir: true, sync: true })
    : pino.destination({ dest: 2, sync: true });
  const bigints = { level: options.logLevel, base: null, formatters: { log: (facts: object) => plain(facts) } };
  return pino(bigints, destination);
}

function plain(facts: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => {
      if (typeof value === "bigint") return [name, String(value)];
      if (isCopseError(value)) return [name, errorFacts(value)];
      return [name, value instanceof Error ? value.message : value];
    }),
  );
}
