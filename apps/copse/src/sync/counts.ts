import type { Database, RowOp } from "@copse/blockstore";
import { utf8 } from "@copse/primitives";

/** What was checked, in all, since the repository was made. */
export interface Counts {
  /** Beacon entries whose signature was verified. */
  readonly beacons: number;
  /** MsgMeta roots rebuilt from messages. */
  readonly messageRoots: number;
  /** Messages held and checked. */
  readonly messages: number;
  /** BLS aggregates verified, over at least one message. */
  readonly blsAggregates: number;
  readonly secpSignatures: number;
  /** Senders written as IDs whose keys no state at hand tells: their signatures were not checked. */
  readonly unresolvedSenders: number;
  readonly delegatedSignatures: number;
  /** Headers whose ticket, election proof, win count and signature hold against state. */
  readonly leaders: number;
  /** Of these, those of which one of the states that the rules name was not to be had, and an older one stood in. */
  readonly leadersOnOlderState: number;
  /** Tipsets whose weight of their parents holds against the power in the very state the rules name. */
  readonly weights: number;
  /** Headers whose winning proof of spacetime was verified: none, unless the node is given a verifier. */
  readonly winningProofs: number;
  /** Blocks of state that peers gave for leader checks, where none was at hand. */
  readonly stateBlocksFetched: number;
  readonly stateBytesFetched: number;
  /** Tipsets whose state, receipts and base fee were computed, and are what their children name. */
  readonly executedTipsets: number;
  readonly executedMessages: number;
}

/** Nothing yet. */
export const noCounts: Counts = {
  beacons: 0,
  messageRoots: 0,
  messages: 0,
  blsAggregates: 0,
  secpSignatures: 0,
  unresolvedSenders: 0,
  delegatedSignatures: 0,
  leaders: 0,
  leadersOnOlderState: 0,
  weights: 0,
  winningProofs: 0,
  stateBlocksFetched: 0,
  stateBytesFetched: 0,
  executedTipsets: 0,
  executedMessages: 0,
};

const table = "copse";
const key: Uint8Array = utf8("counts");

/** The totals in a database. */
export interface CountsTable {
  /** The totals now. */
  read(): Counts;
  /** Adds to the totals; the rows go into the commit of what was counted. */
  rows(added: Partial<Counts>): RowOp[];
}

/**
 * The totals of a database. One table object a database: it adds to what it has handed out, committed or not.
 *
 * @example
 * await store.raise(checked, blocks, () => counts.rows({ messages: 12 }));
 */
export function countsTable(database: Pick<Database, "rows">): CountsTable {
  let totals = readCounts(database.rows(table).get(key));
  return {
    read: () => totals,
    rows(added) {
      const names = Object.keys(noCounts) as (keyof Counts)[];
      totals = Object.fromEntries(names.map((name) => [name, totals[name] + (added[name] ?? 0)])) as unknown as Counts;
      return [{ table, key, value: utf8(JSON.stringify(totals)) }];
    },
  };
}

function readCounts(row: Uint8Array | undefined): Counts {
  return row === undefined
    ? noCounts
    : { ...noCounts, ...(JSON.parse(new TextDecoder().decode(row)) as Partial<Counts>) };
}
