import type { Database, RowOp } from "@copse/blockstore";
import type { ChainReader, LinkedTipset } from "@copse/chain";
import { type AsyncBlockReader, fromCid, runSync } from "@copse/ipld";
import { type AbortOptions, isCopseError, utf8 } from "@copse/primitives";
import { actorOfId, loadStateTree } from "@copse/state";
import { decodeBlockHeader, type Network, networkVersion, TipsetKey } from "@copse/types";
import { newestNetworkVersion, oldestNetworkVersion } from "@copse/vm";
import type { CID } from "multiformats/cid";
import { fetchState, genesisLimits } from "./fetch-state.ts";

/** Says where execution begins on a chain of which nothing is executed yet. */
export interface StateBase {
  /** The lowest tipset to execute, or why there is none yet. */
  find(options?: AbortOptions): Promise<{ readonly from: number } | { readonly reason: string }>;
  /** Whether execution may begin with this tipset: the state it stands on came with a file. */
  isAt(tipset: LinkedTipset): boolean;
  /** Takes note that a file brought the chain up to a tipset, and with it, perhaps, the state it stands on. */
  imported(key: TipsetKey): Promise<void>;
}

/** What finding it needs. */
export interface StateBaseNeeds {
  readonly network: Network;
  readonly database: Pick<Database, "rows" | "commit">;
  readonly reader: ChainReader;
  /** Blocks at hand, then those of peers, which are kept. */
  readonly states: AsyncBlockReader;
  /** Whether the messages of all tipsets are fetched: from genesis on none may be missing. */
  readonly hasAllMessages: boolean;
  /** Unit: ms, of any clock. */
  readonly now: () => number;
}

const table = "copse";
const genesisKey: Uint8Array = utf8("genesis-state");
const importKey: Uint8Array = utf8("imported-state");
/** Peers are asked again for a genesis state that they did not have, after so long. Unit: ms. */
const retryMs = 20_000;
/** Actors without which nothing is executed, beside those that every state has: reward and cron. */
const needed = [2, 3];

/** The base of a chain: its genesis state, where all of it can be had; else the state that an imported file brought. */
export function stateBase(needs: StateBaseNeeds): StateBase {
  const { network, database, reader, states, hasAllMessages, now } = needs;
  const rows = database.rows(table);
  const kept: AsyncBlockReader = {
    async getBytes(cid, options) {
      const bytes = await states.getBytes(cid, options);
      // some of it may be in memory alone: another thread reads the database
      if (bytes !== undefined && reader.getSync(cid) === undefined) await database.commit({ blocks: [[cid, bytes]] });
      return bytes;
    },
  };
  let asked = Number.NEGATIVE_INFINITY;
  let reason = "";

  const isSupported = (height: number): boolean => isExecuted(networkVersion(network, height));
  const importedAt = (): LinkedTipset | undefined => {
    const key = rows.get(importKey);
    return key === undefined ? undefined : reader.tipset(key as TipsetKey);
  };
  const isAt = ({ key }: LinkedTipset): boolean => {
    const base = importedAt();
    return base !== undefined && TipsetKey.equals(base.key, key);
  };
  const unsupported = (height: number): string =>
    `network version ${networkVersion(network, height)} is not executed: ${oldestNetworkVersion} to ${newestNetworkVersion} are`;

  const genesis = async (options: AbortOptions): Promise<{ from: number } | undefined> => {
    if (!hasAllMessages) {
      reason = "from genesis on, the messages of all tipsets are needed (--messages all)";
      return undefined;
    }
    if (rows.get(genesisKey) !== undefined) return { from: 0 };
    if (!isSupported(0)) {
      reason = unsupported(0);
      return undefined;
    }
    const header = reader.tipsetAt(0)?.headers[0];
    if (header === undefined) {
      reason = "genesis is not stored";
      return undefined;
    }
    if (now() - asked < retryMs) return undefined;
    const root = decodeBlockHeader(header).parentStateRoot;
    try {
      const { missing } = await fetchState(fromCid(root), kept, genesisLimits, options);
      if (missing !== undefined) reason = `block ${missing} of the genesis state is not at hand`;
      else reason = lacks(root) ?? "";
    } catch (error) {
      if (!isCopseError(error) || error.code === "host/aborted") throw error;
      reason = error.message;
    }
    asked = now();
    if (reason !== "") return undefined;
    await database.commit({ rows: [mark(genesisKey, Uint8Array.of(1))] });
    return { from: 0 };
  };

  const lacks = (root: CID): string | undefined => {
    const tree = runSync(loadStateTree(root), reader);
    const absent = needed.filter((id) => runSync(actorOfId(tree, id), reader) === undefined);
    return absent.length === 0 ? undefined : `the genesis state cannot be executed: it has no actor f0${absent[0]}`;
  };

  return {
    isAt,
    async find(options = {}) {
      const found = await genesis(options);
      if (found !== undefined) return found;
      const base = importedAt();
      if (base === undefined) return { reason };
      if (!reader.isCanonical(base.key))
        return { reason: `the chain has left tipset ${base.height}, whose state a file brought` };
      return isSupported(base.height) ? { from: base.height } : { reason: unsupported(base.height) };
    },
    async imported(key) {
      const header = reader.tipset(key)?.headers[0];
      if (header === undefined) return;
      const root = fromCid(decodeBlockHeader(header).parentStateRoot);
      if (reader.getSync(root) !== undefined) await database.commit({ rows: [mark(importKey, Uint8Array.from(key))] });
    },
  };
}

/** Whether the VM executes a network version. */
export function isExecuted(version: number): boolean {
  return version >= oldestNetworkVersion && version <= newestNetworkVersion;
}

function mark(key: Uint8Array, value: Uint8Array): RowOp {
  return { table, key, value };
}
