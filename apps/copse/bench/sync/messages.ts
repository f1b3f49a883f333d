import { type ChildProcess, fork } from "node:child_process";

/** What a process of the bench is asked to do; one at a time. */
export type Order =
  | { readonly do: "mint"; readonly dir: string; readonly epochs: number; readonly blocks: number }
  | { readonly do: "serve"; readonly dir: string }
  | { readonly do: "cpu" }
  | {
      readonly do: "sync";
      readonly dir: string;
      readonly peers: readonly string[];
      readonly store: "lmdb" | "lmdb-thread" | "memory";
    }
  | { readonly do: "index" };

/** What a minted chain is like. */
export interface Minted {
  readonly epochs: number;
  readonly tipsets: number;
  readonly headers: number;
  readonly headerBytes: number;
  /** Key of its newest tipset, hex. */
  readonly head: string;
  readonly height: number;
}

/** How one sync went. CPU is of the whole process, threads and garbage collection with it; sizes in MiB. */
export interface Synced {
  readonly headers: number;
  /** Unit: seconds, as all times here. From the first request to the last commit. */
  readonly seconds: number;
  readonly cpu: number;
  /** Highest seen while linking: memory of the process that is no file's, the heap, and array buffers. */
  readonly peakAnonymous: number;
  readonly peakHeap: number;
  readonly peakBuffers: number;
  /** Highest resident size, pages of the database file that the system caches with it. */
  readonly peakResident: number;
  readonly longestTurn: number;
}

/** What follows linking: look-ups of every block by CID. */
export interface Indexed {
  readonly seconds: number;
  readonly cpu: number;
}

/** Another process of the bench. */
export interface Worker {
  ask<T>(order: Order): Promise<T>;
  stop(): Promise<void>;
}

/** Starts a file of this folder in a process of its own. */
export function startWorker(file: "mint.ts" | "peer.ts" | "lite.ts", flags: readonly string[] = []): Worker {
  const quiet = "--disable-warning=ExperimentalWarning";
  const child: ChildProcess = fork(new URL(file, import.meta.url), {
    execArgv: ["--conditions=@copse/source", quiet, "--expose-gc", ...flags],
  });
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  return {
    ask: (order) =>
      new Promise((resolve, reject) => {
        const onExit = (code: number | null): void => reject(new Error(`${file} ended with ${code}`));
        child.once("exit", onExit);
        child.once("message", (answer) => {
          child.off("exit", onExit);
          resolve(answer as never);
        });
        child.send(order);
      }),
    async stop() {
      if (child.connected) child.disconnect();
      await gone;
    },
  };
}

/** The other side: answers orders until the parent lets go. */
export function answerOrders(answer: (order: Order) => Promise<unknown>, close: () => unknown): void {
  process.on("message", (order: Order) => {
    answer(order).then(
      (result) => process.send?.(result),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  process.once("disconnect", async () => {
    await close();
    process.exit(0);
  });
}
