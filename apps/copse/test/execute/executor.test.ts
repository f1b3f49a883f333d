import { EventEmitter } from "node:events";
import { cidKey, cidOf } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import { describe, expect, it } from "vitest";
import { createExecutor, type Executor, type ExecutorParts } from "../../src/execute/executor.ts";
import type { ExecutorTask } from "../../src/execute/executor-task.ts";

const [one, two, three] = [1, 2, 3].map((i) => cidOf(Uint8Array.of(i)) as TipsetKey) as [
  TipsetKey,
  TipsetKey,
  TipsetKey,
];
const start = {
  database: "",
  networkJson: "",
  actors: "",
  actorsNetwork: "",
  modules: undefined,
  cacheBytes: 0,
};

/** An executor over threads that die at a tipset so many times. Pauses end as soon as they begin, or when told to. */
function make(fatal: TipsetKey, deaths: number, waits = false) {
  const threads: Fake[] = [];
  const pauses: number[] = [];
  const held: (() => void)[] = [];
  let left = deaths;
  class Fake extends EventEmitter {
    readonly tasks: ExecutorTask[] = [];
    isDead = false;
    postMessage(task: ExecutorTask): void {
      this.tasks.push(task);
      queueMicrotask(() => this.#take(task));
    }
    #take(task: ExecutorTask): void {
      if (this.isDead) return;
      if (task.kind === "end") this.#exit();
      if (task.kind !== "execute") return;
      if (equalBytes(task.key, fatal) && left-- > 0) {
        this.emit("error", new Error("out of memory"));
        this.#exit();
        return;
      }
      const executed = { stateRoot: task.key, receiptsRoot: task.key, nextBaseFee: 1n, messages: 0, gasUsed: 0n };
      this.emit("message", { id: task.id, executed, blocks: new Uint8Array(0), tookMs: 1 });
    }
    #exit(): void {
      this.isDead = true;
      this.emit("exit", 1);
    }
    terminate(): Promise<number> {
      this.#exit();
      return Promise.resolve(1);
    }
    unref(): void {}
  }
  const parts: ExecutorParts = {
    begin() {
      const thread = new Fake();
      threads.push(thread);
      return thread as never;
    },
    after(ms, then) {
      pauses.push(ms);
      let isOff = false;
      const run = (): void => {
        if (!isOff) then();
      };
      if (waits) held.push(run);
      else queueMicrotask(run);
      return {
        callOff() {
          isOff = true;
        },
      };
    },
  };
  const executor: Executor = createExecutor(start, parts);
  const root = async (key: TipsetKey): Promise<string> => cidKey((await executor.execute(key)).executed.stateRoot);
  return { executor, threads, pauses, held, root };
}

describe("createExecutor", () => {
  it("goes on in another thread where one died, with all that was not answered", async () => {
    const { executor, threads, pauses, root } = make(two, 1);
    expect(await Promise.all([one, two, three].map(root))).toEqual([one, two, three].map((key) => cidKey(key)));
    expect(threads).toHaveLength(2);
    expect(pauses).toEqual([1000]);
    const [, second] = threads;
    expect(second?.tasks).toMatchObject([
      { kind: "execute", key: Uint8Array.from(two) },
      { kind: "execute", key: Uint8Array.from(three) },
    ]);
    await executor.close();
  });

  it("gives up a tipset at which three died, tells why, and executes the others", async () => {
    const { executor, threads, pauses, root } = make(two, 100);
    const failure = { code: "host/worker-failed", facts: { reason: expect.stringContaining("out of memory") } };
    const all = [root(one), expect(root(two)).rejects.toMatchObject(failure), root(three)];
    await Promise.all(all);
    expect(pauses).toEqual([1000, 2000, 4000]);
    expect(threads).toHaveLength(4);
    await expect(root(two)).rejects.toMatchObject({ code: "host/worker-failed" });
    expect(await root(one)).toBe(cidKey(one));
    expect(threads).toHaveLength(4);
    await executor.close();
  });

  it("forgets the deaths of a tipset that was executed at last", async () => {
    const { executor, root } = make(two, 2);
    expect(await root(two)).toBe(cidKey(two));
    expect(await root(two)).toBe(cidKey(two));
    await executor.close();
  });

  it("tells a thread nothing of blocks that another kept", async () => {
    const { executor, threads } = make(two, 1);
    const { stored } = await executor.execute(one);
    await executor.execute(two);
    stored();
    expect(threads.flatMap(({ tasks }) => tasks.map(({ kind }) => kind))).toEqual(["execute", "execute", "execute"]);
    await executor.close();
  });

  it("ends between two threads, and begins none any more", async () => {
    const { executor, threads, held } = make(two, 1, true);
    const waits = expect(executor.execute(two)).rejects.toMatchObject({ code: "host/aborted" });
    while (held.length === 0) await Promise.resolve();
    const later = expect(executor.execute(one)).rejects.toMatchObject({ code: "host/aborted" });
    await executor.close();
    await Promise.all([waits, later]);
    held[0]?.();
    expect(threads).toHaveLength(1);
    await expect(executor.execute(one)).rejects.toMatchObject({ code: "host/aborted" });
  });

  it("asks no other thread for what nobody waits for", async () => {
    const { executor, threads, held } = make(two, 1, true);
    const stop = new AbortController();
    const waits = expect(executor.execute(two, { signal: stop.signal })).rejects.toMatchObject({
      code: "host/aborted",
    });
    while (held.length === 0) await Promise.resolve();
    stop.abort();
    await waits;
    held[0]?.();
    expect(threads).toHaveLength(1);
    await executor.close();
  });
});
