import { type ExchangeClient, expandMessages, type RawTipset } from "@copse/network";
import type { ChainSourcePort, TipsetMessages } from "./sources.ts";

/**
 * A peer as a source of tipsets, over chain exchange.
 *
 * Answers are structurally sound; whether they are true is for the caller to check.
 *
 * @example
 * pool.add(peerSource(client, peer));
 */
export function peerSource(client: ExchangeClient, peer: string): ChainSourcePort {
  return {
    id: peer,
    async headers(head, count, { signal }) {
      const { tipsets } = await client.request(peer, { head, count }, { signal });
      return tipsets;
    },
    async messages(head, count, { signal }) {
      const { tipsets } = await client.request(peer, { head, count, headers: false, messages: true }, { signal });
      return tipsets.map(messagesOf);
    },
  };
}

function messagesOf({ messages }: RawTipset): TipsetMessages {
  return { blocks: messages === null ? [] : expandMessages(messages) };
}
