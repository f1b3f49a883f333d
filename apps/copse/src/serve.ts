import { type ChainReader, parentsKey, skimHeader } from "@copse/chain";
import { readCid } from "@copse/ipld";
import type { ChainSource, SourceTipset } from "@copse/network";
import { equalBytes, isCopseError } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";

/** What the node serves over chain exchange: linked tipsets, and the messages of those whose messages are all held. */
export function servedChain(reader: ChainReader): ChainSource {
  return {
    tipset: (key) => reader.tipset(key) ?? partOfTipset(reader, key),
    messages(header) {
      try {
        return reader.messages(header);
      } catch (error) {
        if (isCopseError(error)) return undefined; // not a header, or messages that are none: nothing to give
        throw error;
      }
    },
  };
}

/**
 * Some blocks of a tipset, under a key that names just them: what a peer asks for that heard one block by gossip.
 *
 * @see lotus chain/store/store.go LoadTipSet, which takes any blocks that agree
 */
function partOfTipset(reader: ChainReader, key: TipsetKey): SourceTipset | undefined {
  const headers: Uint8Array[] = [];
  let parents: TipsetKey | undefined;
  let height = -1;
  for (let at = 0; at < key.length; ) {
    const { end } = readCid(key, at);
    const header = reader.headerBytes(key.slice(at, end));
    if (header === undefined) return undefined;
    const skim = skimHeader(header);
    const own = parentsKey(skim);
    if (parents !== undefined && !(equalBytes(parents, own) && skim.height === height)) return undefined;
    parents = own;
    height = skim.height;
    headers.push(header);
    at = end;
  }
  return parents && { headers, parents, height };
}
