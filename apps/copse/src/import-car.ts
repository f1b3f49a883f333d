import type { BlockEntry, Database } from "@copse/blockstore";
import { openCarFile } from "@copse/car/node";
import { type AbortOptions, concatBytes } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { NodeError } from "./errors.ts";

/** What an import brought. */
export interface Imported {
  readonly file: string;
  readonly blocks: number;
  readonly bytes: number;
  /** The roots of the file, which name its head tipset. */
  readonly head: TipsetKey;
}

const batchBytes = 8 << 20;

/**
 * Takes every block of a CAR file into the store, each checked against its CID.
 *
 * @throws {CarError} the first block that does not match, by CID and offset; nothing after it is stored. A root that is
 * not among the blocks
 * @throws {NodeError} `copse/import-empty`
 */
export async function importCar(
  file: string,
  database: Database,
  onBatch: (blocks: number, bytes: number) => void,
  options: AbortOptions = {},
): Promise<Imported> {
  await using car = await openCarFile(file, options);
  const [first] = car.roots;
  if (first === undefined) throw new NodeError("copse/import-empty", { file });
  let blocks = 0;
  let bytes = 0;
  let batch: BlockEntry[] = [];
  let held = 0;
  const store = async (): Promise<void> => {
    await database.commit({ blocks: batch }, options);
    onBatch(blocks, bytes);
    batch = [];
    held = 0;
  };
  for await (const block of car.blocks) {
    // the reader may reuse its buffer once it is asked for the next block
    batch.push([block.cid.slice(), block.bytes.slice()]);
    blocks++;
    bytes += block.bytes.length;
    held += block.bytes.length;
    if (held >= batchBytes) await store();
  }
  await store();
  return { file, blocks, bytes, head: TipsetKey.fromBytes(concatBytes(...car.roots)) };
}
