import { type CidBytes, runSync } from "@copse/ipld";
import { toHex } from "@copse/primitives";
import { carBlocksOf, describeData, fvmVectors } from "@copse/testkit";
import { expect, it } from "vitest";
import { createHamt, diffHamt, type HamtOptions, loadHamt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";
import { blocksOfFile, examine, hamtsOf, rawCodec, type Tally } from "./real-hamts.ts";

const files = ["mainnet-genesis", "calibnet-genesis", "mainnet-export40", "mainnet-chain4"].map(
  (name) => `chain/${name}.car`,
);
const devnet = "chain/mainnet-carv2.car.zst";
const empty = (): Tally => ({ trees: 0, entries: 0, partial: 0, found: 0 });

function report(what: string, { trees, entries, partial, found }: Tally): void {
  const part = partial === 0 ? "" : `; ${found} entries found in ${partial} that are there in part`;
  console.info(`${what.padEnd(28)} ${trees} trees of ${entries} entries rebuilt${part}`);
}

describeData("every HAMT of the chain's files is rebuilt to its root", [...files, devnet], () => {
  it.each([
    [files[0], [10, 4677]],
    [files[1], [10, 4648]],
    [files[2], [10, 4677]],
    [files[3], [10, 4677]],
    [devnet, [1459, 7253]],
  ] as const)("%s", { timeout: 60_000 }, (file, expected) => {
    const blocks = blocksOfFile(file as string);
    const tally = empty();
    for (const one of hamtsOf(blocks))
      expect([toHex(one.root), examine(one, blocks, tally)?.version]).toEqual([toHex(one.root), one.version]);
    report(file as string, tally);
    expect(Object.values(tally)).toEqual([...expected, 0, 0]);
  });

  it.each([files[0], devnet])("%s: by single changes, too; diffs tell what changed", { timeout: 60_000 }, (file) => {
    const blocks = blocksOfFile(file as string);
    let changed = 0;
    for (const one of hamtsOf(blocks)) {
      const options = examine(one, blocks, empty()) as HamtOptions;
      changed += changeAndBack(one.root, options, blocks);
    }
    expect(changed).toBeGreaterThan(400);
  });
});

/** Takes a tenth of a tree's entries away and puts them back; how many. */
function changeAndBack(root: CidBytes, options: HamtOptions, blocks: ReturnType<typeof blocksOfFile>): number {
  const entries = [...runSync(loadHamt(root, rawCodec, options), blocks).entries(blocks)];
  const copy = createHamt(rawCodec, options);
  for (const [key, value] of entries.toReversed()) copy.setSync(key, value);
  const store = new MemoryStore();
  const full = copy.flush();
  store.put(full.blocks);
  expect(toHex(full.root)).toBe(toHex(root));
  const taken = entries.filter((_, i) => i % 10 === 3);
  for (const [key] of taken) expect(copy.deleteSync(key)).toBe(true);
  const less = copy.flush();
  store.put(less.blocks);
  const changes = [...diffHamt(root, less.root, rawCodec, options).changes(store)];
  expect(changes.map(({ kind, key }) => `${kind} ${toHex(key)}`).sort()).toEqual(
    taken.map(([key]) => `removed ${toHex(key)}`).sort(),
  );
  for (const [key, value] of taken) copy.setSync(key, value);
  // go-hamt-ipld 0.1 left buckets in the order of what had happened
  if (options.version !== 0) expect(toHex(copy.flush().root)).toBe(toHex(root));
  for (const [key] of entries) expect(copy.deleteSync(key)).toBe(true);
  expect(copy.isEmpty).toBe(true);
  return taken.length;
}

describeData("every HAMT of the message vectors", ["fvm-test-vectors"], () => {
  it.each([
    ["0001-shark-01", 17, [68, 4878, 447, 89908]],
    ["0002-hygge-01", 18, [30, 962, 374, 67388]],
  ] as const)("%s: is rebuilt, or what is there is found", { timeout: 120_000 }, (name, version, expected) => {
    const tally = empty();
    const seen = new Set<string>();
    for (const { car, networkVersion } of fvmVectors()) {
      if (networkVersion !== version) continue;
      const blocks = carBlocksOf(car);
      for (const one of hamtsOf(blocks)) {
        const id = toHex(one.root);
        if (seen.has(id)) continue;
        seen.add(id);
        expect([id, examine(one, blocks, tally)?.version]).toEqual([id, one.version]);
      }
    }
    report(name, tally);
    expect(Object.values(tally)).toEqual(expected);
  });
});
