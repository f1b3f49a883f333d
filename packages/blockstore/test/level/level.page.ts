import { describeAsyncDatabase, describeDatabase, type SuiteRunner } from "@copse/blockstore/compliance";
import { openLevelDatabase, openMirroredLevelDatabase } from "@copse/blockstore/level";
import { cidOf } from "@copse/ipld";

/** Runs in the page: the compliance suites over IndexedDB, then what is left after closing. */
export default async (): Promise<unknown> => {
  let count = 0;
  const tests: { readonly name: string; readonly body: () => Promise<void> }[] = [];
  const runner: SuiteRunner = {
    describe: (_, body) => body(),
    it: (name, body) => tests.push({ name, body }),
  };
  const close = (database: { close(): Promise<void> }): Promise<void> => database.close();
  describeAsyncDatabase("IndexedDB", { open: () => openLevelDatabase(`level-${count++}`), close }, runner);
  describeDatabase("mirrored", { open: () => openMirroredLevelDatabase(`mirror-${count++}`), close }, runner);
  const failed: string[] = [];
  for (const { name, body } of tests) await body().catch((error: unknown) => failed.push(`${name}: ${error}`));

  const bytes = Uint8Array.of(0x82, 1, 2);
  const rows = [{ table: "heads", key: Uint8Array.of(0, 1), value: bytes }];
  const first = await openLevelDatabase("kept");
  await first.commit({ blocks: [[cidOf(bytes), bytes]], rows });
  await first.close();
  const again = await openLevelDatabase("kept");
  const kept = [await again.blocks.getBytes(cidOf(bytes)), await again.rows("heads").read(Uint8Array.of(0, 1))];
  await again.close();
  const mirror = await openMirroredLevelDatabase("kept");
  kept.push(mirror.blocks.getSync(cidOf(bytes)), mirror.rows("heads").get(Uint8Array.of(0, 1)));
  await mirror.close();
  const sync = "getSync" in again.blocks;
  return { passed: tests.length - failed.length, failed, kept: kept.map((found) => found?.join(" ")), sync };
};
