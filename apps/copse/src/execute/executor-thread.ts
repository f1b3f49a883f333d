import { parentPort, workerData } from "node:worker_threads";
import { createBlockCache } from "@copse/blockstore/compose";
import { openLmdbDatabase } from "@copse/blockstore/lmdb";
import { ChainReader, readStoredMessages } from "@copse/chain";
import { nextBaseFee, storedView } from "@copse/chain/execute";
import type { BlockMessages } from "@copse/chain/validate";
import { installFastest } from "@copse/crypto/fastest";
import { blockMissing, cidKey, fromCid, type SyncBlockReader } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";
import { type Network, networkVersion, type Tipset, type TipsetKey } from "@copse/types";
import { actorsOf } from "@copse/types/networks";
import type { Engine } from "@copse/vm";
import type { ActorBundle } from "@copse/vm/bundles";
import { loadActors, openEngine } from "@copse/vm/node";
import { executeTipset } from "../devnet/chain-machine.ts";
import { parseNetwork } from "../networks.ts";
import { LayeredStore } from "../vm/layered-store.ts";
import { partsOf } from "../vm/thread-error.ts";
import type { Executed, ExecutorAnswer, ExecutorStart, ExecutorTask } from "./executor-task.ts";
import { packBlocks } from "./pack-blocks.ts";

/** The body of the thread that executes tipsets, one after another; it only reads the database. */
class ExecutorThread {
  readonly #network: Network;
  readonly #start: ExecutorStart;
  readonly #reader: ChainReader;
  readonly #blocks: SyncBlockReader;
  readonly #store: LayeredStore;
  readonly #engine: Engine;
  readonly #bundles = new Map<number, ActorBundle | Error>();
  readonly #signal: AbortSignal;

  constructor(start: ExecutorStart, database: Awaited<ReturnType<typeof openLmdbDatabase>>) {
    this.#start = start;
    this.#network = parseNetwork(start.networkJson);
    this.#reader = new ChainReader(database);
    this.#blocks = database.blocks;
    const cached = createBlockCache(database.blocks, { maxBytes: start.cacheBytes }).blocks;
    this.#store = new LayeredStore(cached, { getSync: (cid) => this.#code(cidKey(cid)) });
    this.#engine = openEngine(start.modules);
    const isStopped = (): boolean => Atomics.load(start.stop, 0) !== 0;
    // the machine only looks whether it is aborted; nothing can be told to a thread that computes
    this.#signal = Object.create(AbortSignal.prototype, {
      aborted: { get: isStopped },
      reason: { value: new Error("the node ends") },
    }) as AbortSignal;
  }

  async take(task: ExecutorTask): Promise<[ExecutorAnswer, ArrayBuffer[]] | undefined> {
    if (task.kind === "stored") this.#store.drop(task.id);
    if (task.kind !== "execute") return undefined;
    const { id, key } = task;
    try {
      this.#store.begin(id);
      const started = performance.now();
      const executed = await this.#execute(key as TipsetKey);
      const blocks = packBlocks(this.#store.written());
      return [{ id, executed, blocks, tookMs: performance.now() - started }, [blocks.buffer]];
    } catch (error) {
      this.#store.drop(id);
      return [{ id, error: partsOf(error) }, []];
    }
  }

  async #execute(key: TipsetKey): Promise<Executed> {
    const network = this.#network;
    const view = storedView(this.#reader, key);
    const { head } = view;
    const messages = head.blocks.map((_, i) => this.#messages(head, i));
    const fee = nextBaseFee(network, head, messages);
    const version = networkVersion(network, head.height);
    await this.#load(actorsOf(version));
    const [first] = head.blocks;
    if (first !== undefined && head.height === 0) {
      const [stateRoot, receiptsRoot] = [fromCid(first.parentStateRoot), fromCid(first.parentMessageReceipts)];
      return { stateRoot, receiptsRoot, nextBaseFee: fee, messages: 0, gasUsed: 0n };
    }
    try {
      const machine = { network, store: this.#store, engine: this.#engine, signal: this.#signal };
      const { stateRoot, receiptsRoot, receipts } = executeTipset(machine, view, messages);
      const gasUsed = receipts.reduce((sum, receipt) => sum + receipt.gasUsed, 0n);
      return { stateRoot, receiptsRoot, nextBaseFee: fee, messages: receipts.length, gasUsed };
    } catch (error) {
      const bundle = this.#bundles.get(actorsOf(version));
      throw bundle instanceof Error && isCopseError(error, "host/block-missing") ? bundle : error;
    }
  }

  #messages({ blocks }: Tipset, at: number): BlockMessages {
    const root = fromCid((blocks[at] as Tipset["blocks"][number]).messages);
    const stored = readStoredMessages(this.#blocks, root);
    if (stored === undefined) throw blockMissing(root);
    return { bls: stored.bls.map(({ bytes }) => bytes), secp: stored.secp.map(({ bytes }) => bytes) };
  }

  // Where there is none the state may bring the code itself: only a block that is missing then tells of it.
  async #load(version: number): Promise<void> {
    if (this.#bundles.has(version)) return;
    const { actors, actorsNetwork } = this.#start;
    const found = await loadActors(actors, version, actorsNetwork).catch((error: unknown) => {
      if (isCopseError(error, "vm/bundle-absent")) return error;
      throw error;
    });
    this.#bundles.set(version, found);
  }

  #code(key: string): Uint8Array | undefined {
    for (const bundle of this.#bundles.values()) {
      const block = bundle instanceof Error ? undefined : bundle.blocks.get(key);
      if (block !== undefined) return block;
    }
    return undefined;
  }
}

const port = parentPort;
if (port !== null) {
  const start = workerData as ExecutorStart;
  let turn: Promise<unknown> = Promise.resolve();
  const opened = (async () => {
    await installFastest();
    const database = await openLmdbDatabase(start.database, { readOnly: true });
    return { database, thread: new ExecutorThread(start, database) };
  })();
  opened.catch(() => {}); // told with the first task
  port.on("message", (task: ExecutorTask) => {
    turn = turn.then(async () => {
      try {
        const { database, thread } = await opened;
        if (task.kind === "end") {
          await database.close();
          port.close();
          return;
        }
        const answer = await thread.take(task);
        if (answer !== undefined) port.postMessage(...answer);
      } catch (error) {
        if (task.kind === "execute") port.postMessage({ id: task.id, error: partsOf(error) } satisfies ExecutorAnswer);
        else port.close();
      }
    });
  });
}
