import { type AsyncBlockReader, type CidBytes, cidKey, isChainCid, links, toCid } from "@copse/ipld";
import { type AbortOptions, assertNotAborted } from "@copse/primitives";
import { NodeError } from "../errors.ts";

/** How much of a state is fetched at most. */
export interface StateLimits {
  readonly blocks: number;
  /** Unit: bytes. */
  readonly bytes: number;
}

/** A local network's genesis, many times over; that of mainnet today would not fit. */
export const genesisLimits: StateLimits = { blocks: 200_000, bytes: 512 << 20 };

/** Blocks asked for at once. */
const width = 32;
/** Codec of code: bytes without links. */
const raw = 0x55;

/** What fetching a state came to. */
export interface FetchedState {
  readonly blocks: number;
  readonly bytes: number;
  /** The first block that is nowhere to be had, as text; code of actors aside, which bundles may have. */
  readonly missing: string | undefined;
}

/**
 * Walks a state from its root, so that all of it is at hand afterwards: what is not in the store comes from peers, each
 * block checked against its CID and kept. Ends at the first block that is missing.
 *
 * @param source - looks at hand first, and keeps what it fetched
 * @throws {NodeError} `copse/state-too-large`
 * @throws {CborError} a block that is no DAG-CBOR
 * @throws {HostFault} `host/aborted`
 */
export async function fetchState(
  root: CidBytes,
  source: AsyncBlockReader,
  limits: StateLimits,
  { signal }: AbortOptions = {},
): Promise<FetchedState> {
  const seen = new Set([cidKey(root)]);
  const wanted = [Uint8Array.from(root)];
  let blocks = 0;
  let bytes = 0;
  let missing: string | undefined;
  const take = async (cid: CidBytes): Promise<void> => {
    assertNotAborted(signal);
    const block = await source.getBytes(cid, { signal });
    if (block === undefined) {
      if (cid[1] !== raw) missing ??= `${toCid(cid)}`;
      return;
    }
    blocks++;
    bytes += block.length;
    if (cid[1] === raw) return;
    for (const link of links(block, { form: "chain" })) {
      const key = cidKey(link);
      if (!isFollowed(link) || seen.has(key)) continue;
      seen.add(key);
      wanted.push(Uint8Array.from(link));
    }
  };
  while (wanted.length > 0 && missing === undefined) {
    await Promise.all(wanted.splice(-width).map(take)); // the newest first: as deep as the state, not as wide
    if (blocks > limits.blocks || bytes > limits.bytes || seen.size > limits.blocks) {
      throw new NodeError("copse/state-too-large", { root: `${toCid(root)}`, blocks, bytes, limits: { ...limits } });
    }
  }
  return { blocks, bytes, missing };
}

function isFollowed(cid: CidBytes): boolean {
  return isChainCid(cid) || (cid[0] === 1 && cid[1] === raw);
}
