import type { ChainReader } from "@copse/chain";
import type { ChainSource } from "@copse/network";
import { isCopseError } from "@copse/primitives";

/** What the node serves over chain exchange: linked tipsets, and the messages of those whose messages are all held. */
export function servedChain(reader: ChainReader): ChainSource {
  return {
    tipset: (key) => reader.tipset(key),
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
