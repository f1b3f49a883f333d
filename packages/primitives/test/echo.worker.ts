import { parentPort } from "node:worker_threads";

/** Says again what it is told, or dies as it is told. */
parentPort?.on("message", (task: { readonly exit?: number; readonly fail?: string }) => {
  if (task.exit !== undefined) process.exit(task.exit);
  if (task.fail !== undefined) throw new Error(task.fail);
  parentPort?.postMessage(task);
});
