// The thread behind `openThreadWrites`: takes jobs in their order, and answers them in that order.
import { workerData } from "node:worker_threads";
import { HostFault } from "@copse/primitives";
import { IndexReader } from "./index-reader.ts";
import { defaultTailBlocks } from "./index-writer.ts";
import { unpackChanges } from "./packed-changes.ts";
import { openTables } from "./tables.ts";
import type { WriterAnswer, WriterJob, WriterStart } from "./thread-writes.node.ts";
import { LocalWrites } from "./writes.ts";

const { path, options, port, answered } = workerData as WriterStart;

process.once("exit", () => {
  Atomics.store(answered, 1, 1);
  Atomics.notify(answered, 0);
});

function answer(message: WriterAnswer): void {
  port.postMessage(message);
  Atomics.add(answered, 0, 1);
  Atomics.notify(answered, 0);
}

function failed(error: unknown): WriterAnswer {
  if (error instanceof HostFault && error.code === "host/store-failed") return error.facts as WriterAnswer;
  return { operation: "write", reason: error instanceof Error ? error.message : String(error) };
}

try {
  const tables = await openTables(path, options);
  const writes = new LocalWrites(tables, new IndexReader(tables), options.tailBlocks ?? defaultTailBlocks);
  port.on("message", ({ changes }: WriterJob) => {
    const work =
      changes === undefined ? writes.close().then(() => tables.root.close()) : writes.apply(unpackChanges(changes));
    work
      .then(
        () => answer("done"),
        (error: unknown) => answer(failed(error)),
      )
      .finally(() => {
        if (changes === undefined) port.close();
      });
  });
  answer("done");
} catch (error) {
  answer(failed(error));
  port.close();
}
