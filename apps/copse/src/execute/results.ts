import type { Database, RowOp } from "@copse/blockstore";
import { CborReader, CborWriter } from "@copse/ipld";
import { type TipsetKey, TipsetKey as TipsetKeys } from "@copse/types";
import type { Executed } from "./executor-task.ts";

const table = "executed";

/** What executing tipsets gave, by their keys: of the canonical chain and of forks. */
export interface ExecutedTable {
  get(key: TipsetKey): Executed | undefined;
  /** The row of a result: it goes into the commit of its blocks, or into one after. */
  row(key: TipsetKey, executed: Executed): RowOp;
}

/**
 * The table in a database.
 *
 * Shape of a row: `[state root, receipts root, base fee, messages, gas used]`, under the digest of
 * the tipset's own CID. Cost: some 100 B a tipset.
 *
 * @example
 * executedTable(database).get(tipset.key)?.stateRoot
 */
export function executedTable(database: Pick<Database, "rows">): ExecutedTable {
  const rows = database.rows(table);
  return {
    get: (key) => {
      const row = rows.get(nameOf(key));
      return row && decodeRow(row);
    },
    row: (key, executed) => ({ table, key: nameOf(key), value: encodeRow(executed) }),
  };
}

function nameOf(key: TipsetKey): Uint8Array {
  return TipsetKeys.cid(key).bytes.slice(6);
}

function encodeRow({ stateRoot, receiptsRoot, nextBaseFee, messages, gasUsed }: Executed): Uint8Array {
  const writer = new CborWriter().array(5).link(stateRoot).link(receiptsRoot);
  return writer.text(`${nextBaseFee}`).uint(messages).uint(gasUsed).finish();
}

function decodeRow(row: Uint8Array): Executed {
  const reader = new CborReader(row);
  reader.array(5);
  const [stateRoot, receiptsRoot] = [reader.link().slice(), reader.link().slice()];
  const nextBaseFee = BigInt(reader.text());
  const [messages, gasUsed] = [reader.safeUint(), reader.uint()];
  reader.end();
  return { stateRoot, receiptsRoot, nextBaseFee, messages, gasUsed };
}
