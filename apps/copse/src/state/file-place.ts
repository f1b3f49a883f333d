import { type CidBytes, runSync, type SyncBlockReader, toCid } from "@copse/ipld";
import { resolvePath } from "@copse/ipld/walk";
import { concatBytes, isCopseError } from "@copse/primitives";
import { type BlockHeader, decodeBlockHeader, TipsetKey } from "@copse/types";
import type { CommandContext } from "../commands/command.ts";
import { openSource } from "../commands/ipld-source.ts";
import { NodeError } from "../errors.ts";
import type { NamedTipset, StatePlace } from "./state-place.ts";
import type { TipsetName } from "./tipset-name.ts";

const nothing = { blocks: 0, bytes: 0, rounds: 0 };

/** Headers and state of a CAR file, as `--from` names it: its roots are the head. */
export async function openFilePlace(context: CommandContext, prefix: "f" | "t"): Promise<StatePlace> {
  const source = await openSource(context);
  const { store, name } = source;
  return {
    name,
    prefix,
    held: store,
    blocks: { getBytes: async (cid) => store.getSync(cid) },
    asksPeers: false,
    fetched: () => nothing,
    tipset: async (wanted) => findTipset(store, name, headOf(store, source.roots), wanted),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

/** The head of a snapshot: its roots, or what its metadata names (FRC-0108). */
function headOf(store: SyncBlockReader, roots: readonly CidBytes[]): TipsetKey {
  const [first] = roots;
  const block = first && store.getSync(first);
  const isMap = block !== undefined && (block[0] as number) >> 5 === 5;
  if (first === undefined || !isMap) return TipsetKey.fromBytes(concatBytes(...roots));
  const { value } = runSync(resolvePath(first, "HeadTipsetKey", { followLast: false }), store);
  return TipsetKey.decode(value);
}

/**
 * Finds a tipset by going down from the head.
 *
 * @throws {NodeError} `copse/not-found`, `copse/block-absent`
 */
export function findTipset(store: SyncBlockReader, file: string, head: TipsetKey, wanted: TipsetName): NamedTipset {
  const get = (cid: CidBytes): { bytes: Uint8Array; header: BlockHeader } => {
    const bytes = store.getSync(cid);
    if (bytes === undefined) throw new NodeError("copse/block-absent", { cid: toCid(cid).toString(), file });
    return { bytes, header: decodeHeader(bytes, cid) };
  };
  if (wanted.kind === "blocks") {
    const key = TipsetKey.fromCids(wanted.cids);
    const { bytes, header } = get(TipsetKey.cidBytes(key)[0] as CidBytes);
    return { key, height: header.height, header: bytes, anchor: "given" };
  }
  for (let key = head; key.length > 0; ) {
    const { bytes, header } = get(TipsetKey.cidBytes(key)[0] as CidBytes);
    if (wanted.kind === "head" || header.height <= wanted.height) {
      return { key, height: header.height, header: bytes, anchor: "file" };
    }
    key = TipsetKey.fromCids(header.parents);
  }
  throw new NodeError("copse/block-absent", { cid: "of a tipset", file });
}

/** @throws {NodeError} `copse/option-malformed` where the block is no header */
export function decodeHeader(bytes: Uint8Array, cid: CidBytes): BlockHeader {
  try {
    return decodeBlockHeader(bytes);
  } catch (error) {
    if (!isCopseError(error)) throw error;
    const facts = { option: "--tipset", value: toCid(cid).toString(), expected: "the CID of a block header" };
    throw new NodeError("copse/option-malformed", facts, { cause: error });
  }
}
